"""Who closed an account is remembered; of those closed before, as far as the audit log knows it."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Cast

ADMINISTRATOR = 3


def read_the_log(apps: Any, schema_editor: Any) -> None:
    """What an administrator has closed stays so until one of them opens it."""
    user, entry = apps.get_model("accounts", "User"), apps.get_model("accounts", "AuditEntry")
    closings = entry.objects.filter(
        action="user.deactivated", object_type="accounts.User", object_id=OuterRef("key")
    )
    closed = user.objects.filter(is_active=False).annotate(
        key=Cast("pk", models.CharField()),
        last_closed_by=Subquery(closings.order_by("-at").values("actor")[:1]),
    )
    administrators = user.objects.filter(is_superuser=True).values("pk")
    theirs = closed.filter(last_closed_by__in=administrators).values_list("pk", flat=True)
    user.objects.filter(pk__in=list(theirs)).update(closed_by=ADMINISTRATOR)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_social_codes")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="closed_by",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(read_the_log, migrations.RunPython.noop),
    ]
