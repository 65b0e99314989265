"""AR content for tests, in each state."""

import factory
from factory.django import DjangoModelFactory

from arcontent.models import ARContent, Captions, Video
from tests.markers.factories import MarkerFactory


class ARContentFactory(DjangoModelFactory[ARContent]):
    class Meta:
        model = ARContent

    marker = factory.SubFactory(MarkerFactory, organization=factory.SelfAttribute("..organization"))
    organization = factory.SubFactory("tests.accounts.factories.OrganizationFactory")
    title = factory.Sequence(lambda n: f"Harbour at night {n}")


class VideoFactory(DjangoModelFactory[Video]):
    class Meta:
        model = Video

    class Params:
        ready = factory.Trait(
            status=Video.Status.READY,
            rendition="arcontent/videos/00/ready.mp4",
            poster="arcontent/posters/00/ready.jpg",
            width_px=320,
            height_px=240,
            duration_s=1.0,
        )
        failed = factory.Trait(
            status=Video.Status.FAILED, failure_code="video_unreadable", failure_hint="Export it."
        )

    content = factory.SubFactory(ARContentFactory)
    original = "arcontent/originals/00/original.upload"
    sha256 = "0" * 64
    size_bytes = 1000


class CaptionsFactory(DjangoModelFactory[Captions]):
    class Meta:
        model = Captions

    video = factory.SubFactory(VideoFactory, ready=True)
    language = factory.Iterator(["en", "ru", "pt-BR"])
    webvtt = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nListen.\n"
    cue_count = 1
    ends_s = 1.0


def ready_content(**fields: object) -> ARContent:
    """Make a content that a viewer can show."""
    content = ARContentFactory.create(marker__ready=True, **fields)
    VideoFactory.create(content=content, ready=True)
    return content
