"""Working in the back office as a person would: looking at pages, choosing rows and actions."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts import invitations
from accounts.models import Invitation, Organization, Role
from tests.accounts.factories import UserFactory

AtDesk = Callable[[Role], Client]


def page_of(client: Client, url: str) -> str:
    return client.get(url, follow=True).content.decode()


def act(client: Client, url: str, action: str, *rows: Any) -> str:
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(url, form, follow=True).content.decode()


def change_url(row: Any) -> str:
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


def invitation_to(studio: Organization, email: str, role: Role = Role.EDITOR) -> Invitation:
    actor = UserFactory.create(is_superuser=True)
    return invitations.invite(studio, email=email, role=role, actor=actor)
