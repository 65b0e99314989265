"""Findings of migration_rules that are let through, each with the reason why that is safe.

A new entry needs a reason of its own: what runs meanwhile, how large the table is.
"""

NOBODY_RAN_IT = "older than 2.0.0, the first version rolled out: no code and no rows were there"

ALLOWED: dict[tuple[str, str], str] = {
    ("accounts.0003_audit_is_append_only", "RunSQL"): (
        "makes a function and a trigger on a table that only grows; " + NOBODY_RAN_IT
    ),
    ("accounts.0006_user_closed_by", "data with schema"): NOBODY_RAN_IT,
    ("accounts.0007_names_and_addresses_once", "AddConstraint user_email_once"): NOBODY_RAN_IT,
    ("accounts.0007_names_and_addresses_once", "AddConstraint user_username_once"): NOBODY_RAN_IT,
    ("accounts.0007_names_and_addresses_once", "data with schema"): (
        "reads only, to refuse with names where a constraint would refuse without; " + NOBODY_RAN_IT
    ),
    ("arcontent.0003_how_the_video_is_shown", "AddConstraint arcontent_video_fit_known"): (
        NOBODY_RAN_IT
    ),
    ("arcontent.0003_how_the_video_is_shown", "AddConstraint arcontent_when_lost_known"): (
        NOBODY_RAN_IT
    ),
    ("backups.0003_a_run_for_each_due_moment", "index backuprun.due_at"): NOBODY_RAN_IT,
    ("markers.0002_batches_presets_options", "AddIndex marker_result_by_picture"): NOBODY_RAN_IT,
    ("markers.0002_batches_presets_options", "NOT NULL marker.options"): NOBODY_RAN_IT,
    ("markers.0002_batches_presets_options", "index marker.batch"): NOBODY_RAN_IT,
    ("markers.0003_results_and_look_alikes", "AddIndex marker_not_compared"): NOBODY_RAN_IT,
}
