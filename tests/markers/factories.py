"""Markers for tests, in each state."""

import hashlib

import factory
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from factory.django import DjangoModelFactory

from markers.models import TARGET_FILES, LookAlike, Marker, MarkerPreset
from tests.accounts.factories import OrganizationFactory
from tests.pictures import encode_png, poster


class MarkerFactory(DjangoModelFactory[Marker]):
    class Meta:
        model = Marker
        skip_postgeneration_save = True

    class Params:
        ready = factory.Trait(
            status=Marker.Status.READY,
            target="markers/targets/00/ready.mind",
            preview="markers/previews/00/ready.jpg",
            compiler_version="test",
            quality_score=80,
        )
        failed = factory.Trait(
            status=Marker.Status.FAILED,
            failure_code="too_few_features",
            failure_hint="Take another.",
        )

    organization = factory.SubFactory(OrganizationFactory)
    picture = "markers/pictures/00/picture.png"
    sha256 = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    width_px, height_px = 480, 360

    @classmethod
    def on_disk(cls, png: bytes | None = None, **fields: object) -> Marker:
        """Make a marker whose picture is really there."""
        marker = cls.create(**fields)
        if png is None:
            png = encode_png(poster(seed=7, width_px=480, height_px=360))
        marker.picture = default_storage.save(f"markers/pictures/{marker.pk}.png", ContentFile(png))
        marker.save()
        return marker

    @classmethod
    def with_files(cls, *extensions: str, **fields: object) -> Marker:
        """Make a ready marker whose files of these extensions are really there.

        Each holds its extension and the marker's id; the `.mind` file is a list of one target.
        """
        marker = cls.create(ready=True, **fields)
        for extension in extensions:
            start = b"\x82\xa1v\x02\xa8dataList\x91" if extension == "mind" else b""
            content = start + f"{extension} {marker.pk}".encode()
            key = default_storage.save(f"markers/{marker.pk}.{extension}", ContentFile(content))
            setattr(marker, TARGET_FILES[extension], key)
            marker.file_bytes[extension] = len(content)
        marker.save()
        return marker


class LookAlikeFactory(DjangoModelFactory[LookAlike]):
    class Meta:
        model = LookAlike

    marker = factory.SubFactory(MarkerFactory, ready=True)
    other = factory.SubFactory(MarkerFactory, ready=True)
    likeness = 0.5


class MarkerPresetFactory(DjangoModelFactory[MarkerPreset]):
    class Meta:
        model = MarkerPreset

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Preset {n}")
    options = factory.LazyFunction(dict)
