"""Settings of the backups; `.env.example` explains them to operators."""

from datetime import timedelta

from celery.schedules import crontab

from config.env import env, home

# Folders and buckets, each a URL; every run goes to all of them.
BACKUP_DESTINATIONS = env.str("BACKUP_DESTINATIONS", "").split() or [(home() / "backups").as_uri()]
# Who we are at buckets whose URL does not say so; boto3 by itself finds no NAME_FILE. Where nothing
# is set it looks further: for a profile, for the role of the machine.
BACKUP_S3_ACCESS_KEY = env.str("AWS_ACCESS_KEY_ID", "") or None
BACKUP_S3_SECRET_KEY = env.str("AWS_SECRET_ACCESS_KEY", "") or None
BACKUP_S3_SESSION_TOKEN = env.str("AWS_SESSION_TOKEN", "") or None
BACKUP_S3_REGION = env.str("AWS_S3_REGION_NAME", "") or None
# Who can read them (age1…), and who may have signed those that are believed in.
BACKUP_RECIPIENTS = env.str("BACKUP_RECIPIENTS", "").split()
BACKUP_SIGNING_KEY = env.str("BACKUP_SIGNING_KEY", "", multiline=True)
BACKUP_TRUSTED_SIGNERS = env.str("BACKUP_TRUSTED_SIGNERS", "").split()
# Only where drills are done: an age identity, which can read what the others write.
BACKUP_DRILL_IDENTITY = env.str("BACKUP_DRILL_IDENTITY", "", multiline=True)

# Every night, in TIME_ZONE.
BACKUP_SCHEDULE = crontab.from_string(env.str("BACKUP_SCHEDULE", "0 2 * * *"))
BACKUP_DRILL_SCHEDULE = crontab.from_string(env.str("BACKUP_DRILL_SCHEDULE", "0 4 * * *"))
# Which runs are kept, and how long media that no run names any more.
BACKUP_KEEP_DAILY = env.int("BACKUP_KEEP_DAILY", 7)
BACKUP_KEEP_WEEKLY = env.int("BACKUP_KEEP_WEEKLY", 4)
BACKUP_KEEP_MONTHLY = env.int("BACKUP_KEEP_MONTHLY", 12)
BACKUP_MEDIA_GRACE_DAYS = env.int("BACKUP_MEDIA_GRACE_DAYS", 7)
# The newest one that was seen to restore may be so old; a little more than a night.
BACKUP_MAX_AGE = timedelta(hours=env.int("BACKUP_MAX_AGE_HOURS", 26))
# Who hears of failures; the superusers where nobody is named.
BACKUP_MAIL_TO = env.list("BACKUP_MAIL_TO", default=[])

BACKUP_SECONDS = env.int("BACKUP_SECONDS", 6 * 3600)
BACKUP_TASK_ANNOTATIONS = {
    f"backups.tasks.{name}": {"soft_time_limit": BACKUP_SECONDS, "time_limit": BACKUP_SECONDS + 60}
    for name in ("make_backup", "verify_run", "prune_old", "drill_run", "drill_newest")
}
BACKUP_TASK_ROUTES = {
    "backups.tasks.make_backup": {"queue": "backup"},
    "backups.tasks.start_nightly": {"queue": "backup"},
    "backups.tasks.prune_old": {"queue": "backup"},
    "backups.tasks.verify_run": {"queue": "backup"},
    "backups.tasks.drill_run": {"queue": "drill"},
    "backups.tasks.drill_newest": {"queue": "drill"},
}
BACKUP_BEAT_SCHEDULE = {
    "start-nightly-backup": {
        "task": "backups.tasks.start_nightly",
        "schedule": BACKUP_SCHEDULE,
        "options": {"expires": 20 * 3600},  # seconds: not two nights at once after a stop of days
    },
    "drill-newest-backup": {
        "task": "backups.tasks.drill_newest",
        "schedule": BACKUP_DRILL_SCHEDULE,
        "options": {"expires": 20 * 3600},  # there may be no worker for it
    },
}
