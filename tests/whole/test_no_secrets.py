"""No file that is kept in the repository holds a secret of anybody."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each of them as its maker writes it.
SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40,}"),
    "an age identity": re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "a webhook of Slack": re.compile(r"hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"),
    "a key of Google": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b|\bGOCSPX-[0-9A-Za-z_-]{28}\b"),
    "a token with a signature": re.compile(
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"
    ),
    "an address of Sentry": re.compile(r"https://[0-9a-f]{32}@\w+\.ingest\.(?:\w+\.)?sentry\.io"),
    "a password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|rediss?|smtp\+\w+|amqps?)://[^\s:/@'\"{}$<]*:([^\s/@'\"{}$<>]{16,})@"
    ),
}
SAMPLES = {
    "a private key": "-----BEGIN EC PRIVATE KEY-----\n" + "MHcCAQEE" * 6,
    "an age identity": "AGE-SECRET-KEY-1" + "Q" * 58,
    "a key of AWS": "AKIA" + "Z7" * 8,
    "a token of GitHub": "ghp_" + "a1" * 18,
    "a token of Slack": "xoxb-" + "12345678-" * 3,
    "a webhook of Slack": "hooks.slack.com/services/" + "/".join(["T" + "0" * 8, "B" + "0" * 8])
    + "/" + "x" * 24,
    "a key of Google": "AIza" + "b" * 35,
    "a token with a signature": ".".join(["eyJ" + "h" * 20, "eyJ" + "i" * 20, "s" * 43]),
    "an address of Sentry": "https://" + "0" * 32 + "@o1.ingest.sentry.io/1",
    "a password in an address": "postgresql://ar:" + "7hQ2" * 5 + "@db/ar",
}  # fmt: skip
KEYS = {".pem", ".key", ".p12", ".pfx", ".jks", ".kdbx", ".age"}  # what is made to hold secrets
MADE_FOR = re.compile(
    r"(?:^|/)(?:\.env|\.env\.(?!example$).*|\.netrc|\.pypirc|id_(?:rsa|ed25519))$"
)


def kept_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
    ).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_a_secret() -> None:
    found = []
    for name in kept_files():
        text = (ROOT / name).read_bytes().decode("utf-8", errors="ignore")
        found += [
            f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {kind}"
            for kind, pattern in SECRETS.items()
            for hit in pattern.finditer(text)
        ]

    assert not found


def test_no_file_is_one_that_is_made_to_hold_secrets() -> None:
    assert [n for n in kept_files() if Path(n).suffix in KEYS or MADE_FOR.search(n)] == []


@pytest.mark.parametrize("kind", SECRETS)
def test_each_pattern_finds_what_it_is_for(kind: str) -> None:
    assert SECRETS[kind].search(f"text before {SAMPLES[kind]}\n")


@pytest.mark.parametrize("name", [".env", "docker/.env.production", "home/id_rsa"])
def test_files_made_for_secrets_are_known_by_their_names(name: str) -> None:
    assert MADE_FOR.search(name)
