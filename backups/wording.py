"""What runs know as codes, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from backups.standing import Complaint

FAILURES = {
    "backup_failed": _("It broke off."),
    "backup_lock_lost": _("The connection to the database was lost on the way."),
    "backup_running": _("Another backup, a restore or a clean-up was running."),
    "backups_not_configured": _("Nobody is named who could read it."),
    "bad_backup_destination": _("A destination can't be understood."),
    "bad_backup_key": _("A key can't be understood."),
    "backups_lost": _("Backups are missing that nobody here has removed."),
    "code_too_old": _("It was made by a newer version."),
    "damaged": _("A file was changed after it was written."),
    "destination_damaged": _("A destination did not keep what was written."),
    "destination_emptied": _("A destination that had backups has none."),
    "destination_failed": _("No destination took it."),
    "destination_left_out": _("A destination was left out; it is whole at the others."),
    "destination_of_another": _("Somebody else’s backups lie at the destination."),
    "disk_full": _("There was no room on the database server to restore it."),
    "drilled_elsewhere": _("It was tried out on another machine and does not restore."),
    "manifest_forged": _("The signature is wrong."),
    "media_damaged": _("Some media are damaged in their store and were not copied."),
    "media_fewer": _("There are far fewer media than the day before."),
    "media_for_earlier_keys": _("Media sent before open with earlier keys alone."),
    "media_store_empty": _("All media are missing from their store."),
    "media_store_failed": _("The store of the media could not be read."),
    "missing": _("A file is missing."),
    "no_such_backup": _("No destination has it."),
    "out_of_memory": _("It took more memory than it may have."),
    "part_damaged": _("A file is missing or was changed."),
    "pg_dump_failed": _("The database could not be read to its end."),
    "pg_program_failed": _("A program of PostgreSQL is missing, too old, or failed."),
    "pg_restore_failed": _("The dump could not be read back."),
    "restored_incomplete": _("What came back is not what was backed up."),
    "server_too_old": _("The database server is older than the one it is of."),
    "signer_unknown": _("It is signed by somebody who is not trusted here."),
    "target_unusable": _("There was no database to restore it into."),
    "too_many_attempts": _("It broke off several times."),
    "took_too_long": _("It took too long."),
    "wrong_identity": _("It is encrypted for somebody else."),
}
COMPLAINTS = {
    Complaint.NOT_CONFIGURED: _("Backups are not set up: nobody is named who could read them."),
    Complaint.NONE_GOOD: _("There is no good backup."),
    Complaint.GOOD_TOO_OLD: _("The last good backup is too old."),
    Complaint.DESTINATION_TOO_OLD: _("A destination has no fresh backup."),
    Complaint.DOES_NOT_RESTORE: _("The backup that was last tried out does not restore."),
    Complaint.NONE_TESTED: _("No fresh backup was ever seen to restore."),
    Complaint.TESTED_TOO_OLD: _("It is too long since a backup was seen to restore."),
}


def failure_said(code: str) -> str:
    """Say what went wrong; a code that we don't know stands for itself."""
    return str(FAILURES.get(code, code))
