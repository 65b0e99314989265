"""What tests do in the back office."""

from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from arcontent.models import ARContent

LIST, ADD = (f"admin:arcontent_arcontent_{name}" for name in ("changelist", "add"))


def change_url(content: ARContent) -> str:
    return reverse("admin:arcontent_arcontent_change", args=[content.pk])


def upload(
    desk: Client, image: bytes, video: bytes, title: str = "Harbour", **more: str
) -> "object":
    form = {
        "title": title,
        **more,
        "image": SimpleUploadedFile("a.png", image),
        "video": SimpleUploadedFile("a.mp4", video),
    }
    return desk.post(reverse(ADD), form, follow=True)


def permit(user: User, *names: str) -> User:
    user.is_staff = True
    user.save()
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return user
