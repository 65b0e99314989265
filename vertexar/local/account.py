"""Whom a server runs as: PostgreSQL refuses to be root, so root lends it a powerless account."""

import ctypes
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vertexar.local.failures import CannotRun

NAME = "vertexar-postgres"
FALLBACK_NAME = "nobody"

# linux/prctl.h and linux/capability.h
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 4
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETPCAP = 8

LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Account:
    """A user to become.

    Attributes:
        through: the capability it keeps to pass folders that are closed to it, None for none.
    """

    uid: int
    gid: int
    through: int | None = None

    def become(self) -> None:
        """Turn this process, which is root, into that user. Called between fork and exec.

        Raises:
            OSError: the kernel refuses.
        """
        if self.through is not None:  # or setuid() drops it, and access() goes without it
            _checked(LIBC.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if self.through is not None:
            _keep_only(self.through)


def account_for(data: Path, *needed: Path) -> Account | None:
    """Choose the account that a server on ``data`` runs as; None when we may run it ourselves.

    Root would have to open its own folder to the whole machine if the project lies in it. Instead,
    the account keeps one right of root's: to pass closed folders, and where it is to be had
    (containers often withhold it) only that of reading.

    Args:
        data: the server's folder. Once it is there, its owner is who the server runs as.
        needed: what else the account must be able to reach.

    Raises:
        CannotRun: we are root, and no account will do.
    """
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if data.exists() else 0
    entry = pwd.getpwuid(owner) if owner else _lent_account()
    closed = [path for path in (data, *needed) if not _is_open(path)]
    if not closed:
        return Account(entry.pw_uid, entry.pw_gid)
    if (capability := _way_through()) is None:
        raise CannotRun(
            f"PostgreSQL refuses to run as root, and the user {entry.pw_name} can't get to "
            f"{closed[0]}: run this as another user, or from a folder that all may pass."
        )
    return Account(entry.pw_uid, entry.pw_gid, capability)


def _lent_account() -> pwd.struct_passwd:
    for name in (NAME, FALLBACK_NAME):
        if name == NAME and not _has_user(name) and shutil.which("useradd"):
            no_login = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
            subprocess.run(["useradd", *no_login, name], capture_output=True, check=False)
        if _has_user(name):
            return pwd.getpwnam(name)
    raise CannotRun(
        f"PostgreSQL refuses to run as root and there is no user {NAME}: create it, or run this as "
        "another user."
    )


def _has_user(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _is_open(path: Path) -> bool:
    """Whether everybody may pass all the folders above a path."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _way_through() -> int | None:
    if sys.platform != "linux":
        return None
    status = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = int(status.partition("CapBnd:")[2].split()[0], 16)
    if bounding >> CAP_SETPCAP & 1:
        for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
            if bounding >> capability & 1:
                return capability
    return None


def _keep_only(capability: int) -> None:
    """Make one capability outlive exec, and drop all others."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable
    _checked(LIBC.capset(header, sets))
    _checked(LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
