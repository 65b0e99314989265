"""Backups in the back office: how they are said to stand, what may be asked for, and by whom."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, Role, User
from backups.destinations import urls
from backups.models import BackupRun
from tests.accounts.factories import MembershipFactory
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db
LIST = reverse("admin:backups_backuprun_changelist")
DIGEST = "0f" * 32


@pytest.fixture
def desk(client: Client, superuser: User, settings: Settings) -> Client:
    settings.BACKUP_RECIPIENTS = ["age1someone"]
    client.force_login(superuser)
    return client


def a_run(*, hours: float = 5, **columns: object) -> BackupRun:
    """A good run that was finished so many hours ago."""
    then = timezone.now() - timedelta(hours=hours)
    whole = {
        "status": JobStatus.READY,
        "name": f"{then:%Y%m%dT%H%M%SZ}-1a2b3c4d",
        "started_at": then - timedelta(minutes=4),
        "finished_at": then,
        "database_bytes": 3_000_000,
        "media_bytes": 5_000_000,
        "destinations": [{"name": place.name, "failure": ""} for place in urls.configured()],
    }
    return BackupRun.objects.create(**(whole | columns))


def url_of(run: BackupRun, what: str = "backuprun_change") -> str:
    return reverse(f"admin:backups_{what}", args=[run.pk])


def page(desk: Client, url: str, language: str = "en") -> str:
    return desk.get(url, headers={"accept-language": language}).content.decode()


@pytest.mark.parametrize(
    ("language", "title"), [("en", "asked for "), ("ru", "от ")], ids=["en", "ru"]
)
def test_before_it_has_a_name_its_page_is_titled_with_when_it_was_asked_for(
    desk: Client, language: str, title: str
) -> None:
    run = BackupRun.objects.create()

    shown = page(desk, url_of(run), language)

    assert title in shown.partition("<title>")[2].partition("</title>")[0]
    assert str(run.pk) not in shown.partition("<title>")[2].partition("</title>")[0]


def test_the_list_says_how_old_the_last_good_one_is(desk: Client) -> None:
    a_run(hours=5, restore_tested_at=timezone.now() - timedelta(hours=3))

    shown = page(desk, LIST)

    assert "5\N{NO-BREAK SPACE}hours ago" in shown
    assert "3\N{NO-BREAK SPACE}hours ago" in shown
    assert shown.count("in time") == 2
    assert "backup-wrong" not in shown


def test_an_old_one_is_said_to_be_too_old(desk: Client) -> None:
    a_run(hours=30)

    shown = page(desk, LIST)

    assert "too old" in shown
    assert "The last good backup is too old." in shown
    assert "No fresh backup was ever seen to restore." in shown


def test_states_are_words_not_colours_alone(desk: Client) -> None:
    a_run(hours=1, restore_tested_at=timezone.now(), verified_at=timezone.now())
    a_run(
        hours=2, verify_failure="s3://b: x is missing.", verified_at=timezone.now(),
        destinations=[{"name": "a", "failure": ""}, {"name": "b", "failure": "It is down."}],
        failure_code="destination_left_out",
    )  # fmt: skip
    BackupRun.objects.create(status=JobStatus.FAILED, failure_code="took_too_long")

    shown = page(desk, LIST)

    for word in (
        ">good<",
        ">whole<",
        ">restores<",
        ">not whole<",
        ">1 of 2<",
        ">failed<",
        ">doubtful<",
    ):
        assert word in shown


def test_a_trial_that_was_killed_does_not_go_on_for_ever(desk: Client) -> None:
    run = a_run(tested_since=timezone.now() - timedelta(hours=1))
    assert ">being tried<" in page(desk, LIST)

    BackupRun.objects.filter(pk=run.pk).update(tested_since=timezone.now() - timedelta(days=2))
    assert ">being tried<" not in page(desk, LIST)


def test_one_that_does_not_restore_says_why_in_the_reader_s_words(desk: Client) -> None:
    told = "restored_incomplete: Tables differ from the manifest: accounts_user: 2 for 3."
    run = a_run(restore_tested_at=timezone.now(), restore_failure=told)

    assert "What came back is not what was backed up." in page(desk, url_of(run))
    russian = page(desk, url_of(run), "ru")
    assert "Восстановилось не то, что было скопировано." in russian
    assert "accounts_user: 2 for 3." in russian
    assert "не пройдена" in page(desk, LIST, "ru")


def test_one_backup_lists_its_files_with_hashes_and_no_json(desk: Client) -> None:
    part = {
        "name": "database", "path": "runs/x/database.dump.zst.age", "size": 1000, "sha256": DIGEST,
        "plain_size": 900, "plain_sha256": DIGEST[::-1],
    }  # fmt: skip
    run = a_run(
        parts=[part],
        destinations=[{"name": "s3://b", "failure": "The <bucket> is gone."}],
        encrypted_for=["age1someone"],
    )

    shown = page(desk, url_of(run))

    for text in (DIGEST, DIGEST[::-1], "database.dump.zst.age", "age1someone", "left out"):
        assert text in shown
    assert "The &lt;bucket&gt; is gone." in shown
    assert "plain_sha256" not in shown
    assert "{&#x27;" not in shown


def test_a_backup_is_asked_for_with_a_button(desk: Client, superuser: User) -> None:
    shown = page(desk, LIST)
    assert f'action="{reverse("admin:backups_now")}"' in shown

    desk.post(reverse("admin:backups_now"))

    row = BackupRun.objects.get()
    assert (row.kind, row.status) == ("manual", JobStatus.PENDING)
    assert AuditEntry.objects.get(object_id=str(row.pk)).actor == superuser


def test_asking_twice_is_refused_in_words(desk: Client) -> None:
    desk.post(reverse("admin:backups_now"))
    answer = desk.post(reverse("admin:backups_now"), follow=True)

    assert BackupRun.objects.count() == 1
    assert "A backup is waiting or being made already." in answer.content.decode()


@pytest.mark.parametrize("what", ["verify", "drill"])
def test_a_look_at_one_is_asked_for_on_its_page(desk: Client, what: str) -> None:
    run = a_run()
    target = url_of(run, what)
    assert f'action="{target}"' in page(desk, url_of(run))

    desk.post(target)

    assert AuditEntry.objects.get(object_id=str(run.pk)).details["what"] == f"asked to {what}"


def test_of_chosen_ones_those_that_are_there_are_asked_for(desk: Client) -> None:
    good, failed = a_run(), BackupRun.objects.create(status=JobStatus.FAILED)

    answer = desk.post(
        LIST, {"action": "drill", "_selected_action": [good.pk, failed.pk]}, follow=True
    )

    assert AuditEntry.objects.get().object_id == str(good.pk)
    assert "There is no such backup" in answer.content.decode()


@pytest.mark.parametrize("what", ["now", "verify", "drill"])
def test_a_link_that_is_followed_asks_for_nothing(desk: Client, what: str) -> None:
    run = a_run()
    desk.get(reverse("admin:backups_now") if what == "now" else url_of(run, what))

    assert not AuditEntry.objects.exists()
    assert BackupRun.objects.get() == run


def test_a_form_of_another_site_asks_for_nothing(superuser: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(superuser)

    assert strict.post(reverse("admin:backups_now")).status_code == 403
    assert not BackupRun.objects.exists()


def test_nothing_can_be_changed_or_deleted(desk: Client) -> None:
    run = a_run()

    shown = page(desk, url_of(run))

    assert 'name="_save"' not in shown
    assert desk.post(url_of(run, "backuprun_delete"), {"post": "yes"}).status_code == 403
    assert desk.get(reverse("admin:backups_backuprun_add")).status_code == 403


def test_other_staff_see_nothing_of_it(client: Client) -> None:
    owner = MembershipFactory.create(role=Role.OWNER, user__is_staff=True).user
    client.force_login(owner)
    run = a_run()

    assert "backups/backuprun" not in client.get(reverse("admin:index")).content.decode()
    assert client.get(LIST).status_code == 403
    assert client.get(url_of(run)).status_code == 403
    client.post(reverse("admin:backups_now"))
    client.post(url_of(run, "drill"))
    assert not AuditEntry.objects.exists()
    assert BackupRun.objects.get() == run
