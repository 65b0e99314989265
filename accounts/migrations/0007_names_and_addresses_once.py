"""Names and addresses of users differ by more than capitals."""

from typing import Any

from django.core.management.base import CommandError
from django.db import migrations, models
from django.db.models.functions import Lower


def refuse_duplicates(apps: Any, schema_editor: Any) -> None:
    """Change nothing while two users share a name or an address: which one is right, people know.

    Raises:
        CommandError: it names them.
    """
    users = apps.get_model("accounts", "User").objects.all()
    lines = []
    for field in ("username", "email"):
        groups = users.values(folded=Lower(field)).annotate(total=models.Count("pk"))
        for folded in groups.filter(total__gt=1).order_by("folded").values_list("folded", flat=True):
            same = users.annotate(folded=Lower(field)).filter(folded=folded).order_by("username")
            names = ", ".join(f"{user.username} <{user.email}>" for user in same)
            lines.append(f"- {field} {folded}: {names}")
    if lines:
        raise CommandError(
            "Some users differ by nothing but capitals. Give all but one of each another name or "
            "address, in the back office of the version before, then migrate again:\n"
            + "\n".join(lines)
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_user_closed_by")]

    operations = [
        migrations.AlterModelManagers(name="user", managers=[]),
        migrations.RunPython(refuse_duplicates, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("username"),
                name="user_username_once",
                violation_error_message="This user name is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message="Another account has this address.",
            ),
        ),
    ]
