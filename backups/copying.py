"""The media of a run: each is encrypted once and sent to whoever lacks it.

Several go at a time, since what takes time is waiting, or hashing, which two cores do at once. What
needs memory on its way, a large one on its way to a bucket, goes alone. The index is written in
order and only of what really lies there.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from backups import media
from backups.destinations import DestinationFailed
from backups.destinations.base import is_path
from backups.encryption import encrypt
from backups.manifest import MediaEntry, media_path
from backups.media import Medium, MediumDamaged
from backups.places import Place, Places
from backups.streams import SourceMeter, Tee
from vertexar.errors import DomainError

logger = logging.getLogger(__name__)

SMALL_BYTES: Final = 2 << 20  # of memory, for all destinations together
THREADS: Final = 4
AHEAD: Final = 16  # media that are in work or wait for their turn in the index
UNREADABLE_MAX: Final = 20  # then it is the store that fails, and not some media

Entries = list[tuple[Place, MediaEntry, bool]]


class MediaStoreFailed(DomainError):
    """The media can't be read, or are all gone at once."""

    code = "media_store_failed"


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of one medium.

    Attributes:
        entries: the places where it lies now, and whether it was sent there just now.
        dropped: destinations that failed meanwhile, by name.
        is_gone: it was listed and is not there any more.
        is_unread: the store failed to give it.
        trouble: why it was not copied, or "".
    """

    medium: Medium
    entries: Entries
    dropped: dict[str, DestinationFailed] = field(default_factory=dict)
    is_gone: bool = False
    is_unread: bool = False
    trouble: str = ""


def copy_media(
    places: Places, recipients: Sequence[Any], *, on_progress: Callable[[int, int], object]
) -> dict[str, str]:
    """Copy what the destinations lack and write their indexes.

    Args:
        places: those of the run.
        recipients: whom to encrypt for.
        on_progress: told bytes of media that are dealt with, and bytes of all.

    Returns:
        Why media that are there were not copied, by key: they are damaged. Where a destination has
        a good copy from before, that one stays in its index.

    Raises:
        DestinationFailed: none is left.
        MediaStoreFailed: the media can't be listed, or many of them not be read.
    """
    found = _listed(places)
    total, done = sum(medium.size for medium in found), 0
    troubles: dict[str, str] = {}
    unread = 0
    with _threads() as threads:
        for copied in _in_order(threads, places, recipients, found):
            places.drop_all(copied.dropped)
            places.add(copied.entries)
            _note(copied, places, troubles)
            unread += copied.is_unread
            if unread > UNREADABLE_MAX:
                raise MediaStoreFailed(
                    _("%(count)s media can't be read, the last of them %(key)s: %(why)s")
                    % {"count": unread, "key": copied.medium.key, "why": copied.trouble}
                )
            done += copied.medium.size
            on_progress(done, total)
    places.flush()
    return troubles


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="backup-media")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def _listed(places: Places) -> list[Medium]:
    try:
        found = list(media.walk())
    except OSError as error:
        raise MediaStoreFailed(_("The media can't be listed: %(why)s") % {"why": error}) from error
    if not found and any(place.known for place in places.alive):
        raise MediaStoreFailed(
            _("There is not a single medium, and the last backup has some."),
            code="media_store_empty",
            hint=_("Is the media folder there, and the right one? Look at MEDIA_ROOT."),
        )
    return found


def _in_order(
    threads: ThreadPoolExecutor,
    places: Places,
    recipients: Sequence[Any],
    found: Sequence[Medium],
) -> Iterator[Copied]:
    """Copy media, several at once; give them back in the order they came in."""
    waiting: deque[Future[Copied] | Copied] = deque()
    for medium in found:
        if not is_path(medium.key):
            waiting.append(_nameless(medium))
            continue
        lacking = [place for place in places.alive if medium.key not in place.known]
        if not lacking:
            waiting.append(_known(medium, places))
        elif _held_bytes(medium, lacking) <= SMALL_BYTES:
            waiting.append(threads.submit(_copy, medium, places, lacking, recipients))
        else:
            while waiting:
                yield _done(waiting.popleft())
            yield _copy(medium, places, lacking, recipients)
        while waiting and (len(waiting) > AHEAD or isinstance(waiting[0], Copied)):
            yield _done(waiting.popleft())
    while waiting:
        yield _done(waiting.popleft())


def _held_bytes(medium: Medium, lacking: Sequence[Place]) -> int:
    """How much memory it takes to send a medium to those that lack it."""
    return sum(min(medium.size, place.destination.held_bytes) for place in lacking)


def _done(copied: Future[Copied] | Copied) -> Copied:
    return copied if isinstance(copied, Copied) else copied.result()


def _known(medium: Medium, places: Places) -> Copied:
    """A medium that lies wherever it should. What a name stands for never changes."""
    entries: Entries = [
        (place, place.known[medium.key], False)
        for place in places.alive
        if medium.key in place.known
    ]
    trouble = ""
    if any(entry.size != medium.size for _place, entry, _is_new in entries):
        trouble = _("it has %(size)s bytes and had others when it was copied") % {
            "size": medium.size
        }
    return Copied(medium, entries, trouble=trouble)


def _nameless(medium: Medium) -> Copied:
    """A file that no index could name; it is told of in a form that can be written anywhere."""
    shown = Medium(ascii(medium.key)[1:-1], medium.size)
    return Copied(shown, [], trouble=_("nothing can be stored under such a name"))


def _copy(
    medium: Medium, places: Places, lacking: Sequence[Place], recipients: Sequence[Any]
) -> Copied:
    """Send a medium to those that lack it; what is damaged or gone is sent to nobody."""
    copied = _known(medium, places)
    wanting = {place.destination.name: place for place in lacking if not place.failure}
    try:
        with media.open_medium(medium.key) as file:
            plain = SourceMeter(file)
            tee = Tee.to([place.destination for place in wanting.values()], media_path(medium.key))
            try:
                encrypt(plain, tee, recipients)
                media.check(medium.key, plain.sha256)
                tee.commit()
            except BaseException as error:
                tee.abort()
                if isinstance(error, DestinationFailed):
                    return Copied(medium, copied.entries, dropped=tee.failures)
                raise
    except FileNotFoundError:
        return Copied(medium, copied.entries, is_gone=True)
    except DestinationFailed as failure:  # it could not be begun at any
        return Copied(medium, copied.entries, dropped=dict.fromkeys(wanting, failure))
    except MediumDamaged as error:
        return Copied(medium, copied.entries, trouble=error.message)
    except OSError as error:
        return Copied(medium, copied.entries, is_unread=True, trouble=str(error))
    entry = MediaEntry(
        key=medium.key,
        size=plain.size,
        sha256=plain.sha256,
        path=media_path(medium.key),
        stored_size=tee.size,
        stored_sha256=tee.sha256,
    )
    sent: Entries = [(wanting[name], entry, True) for name in tee.uploads]
    return Copied(medium, [*copied.entries, *sent], tee.failures, trouble=copied.trouble)


def _note(copied: Copied, places: Places, troubles: dict[str, str]) -> None:
    key = copied.medium.key
    if copied.is_gone:
        logger.info("%s vanished while media were copied", key)
    if copied.trouble:
        logger.error("%s was not copied: %s", key, copied.trouble)
        troubles[key] = copied.trouble
    there = [place for place, _entry, _is_new in copied.entries]
    for place in places.alive:
        if place not in there:
            place.gone.append(key)
