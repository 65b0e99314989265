"""The `.mind` file, version 2: a target to bytes, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from markers.compiler import msgpack
from markers.compiler.clusters import Cluster
from markers.compiler.freak import DESCRIPTOR_BYTES
from markers.compiler.target import FeatureSet, Keyframe, Target, TrackingImage

FORMAT_VERSION: Final = 2
WORDS: Final = DESCRIPTOR_BYTES // 4


class MalformedTarget(ValueError):
    """Bytes that are not a `.mind` file of version 2."""


def encode_mind(targets: Sequence[Target]) -> bytes:
    """Write targets to one `.mind` file; the same targets give the same bytes."""
    return msgpack.pack_map(
        [
            ("v", msgpack.pack_int(FORMAT_VERSION)),
            ("dataList", msgpack.pack_array([_pack_target(target) for target in targets])),
        ]
    )


def parse_mind(data: bytes) -> tuple[Target, ...]:
    """Read the targets of a `.mind` file, written by us or by another compiler.

    Raises:
        MalformedTarget: not MessagePack, not version 2, or members missing or of another kind.
    """
    try:
        message = msgpack.unpack(data)
    except msgpack.MalformedMessage as error:
        raise MalformedTarget(str(error)) from error
    if not isinstance(message, dict) or message.get("v") != FORMAT_VERSION:
        raise MalformedTarget("not a map of version 2")
    try:
        return tuple(_read_target(member) for member in message["dataList"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MalformedTarget(f"{type(error).__name__}: {error}") from error


def _pack_target(target: Target) -> bytes:
    size = [
        ("width", msgpack.pack_int(target.width_px)),
        ("height", msgpack.pack_int(target.height_px)),
    ]
    return msgpack.pack_map(
        [
            ("targetImage", msgpack.pack_map(size)),
            ("trackingData", msgpack.pack_array([_pack_tracking(t) for t in target.tracking])),
            ("matchingData", msgpack.pack_array([_pack_keyframe(k) for k in target.keyframes])),
        ]
    )


def _pack_tracking(image: TrackingImage) -> bytes:
    height_px, width_px = image.pixels.shape
    points = [
        msgpack.pack_map([("x", msgpack.pack_int(x)), ("y", msgpack.pack_int(y))])
        for x, y in image.points_px.tolist()
    ]
    return msgpack.pack_map(
        [
            ("data", msgpack.pack_bin(image.pixels.tobytes())),
            ("scale", msgpack.pack_float64(image.scale)),
            ("width", msgpack.pack_int(width_px)),
            ("height", msgpack.pack_int(height_px)),
            ("points", msgpack.pack_array(points)),
        ]
    )


def _pack_keyframe(keyframe: Keyframe) -> bytes:
    return msgpack.pack_map(
        [
            ("maximaPoints", _pack_points(keyframe.maxima, is_maximum=True)),
            ("minimaPoints", _pack_points(keyframe.minima, is_maximum=False)),
            ("maximaPointsCluster", _pack_root(keyframe.maxima.root)),
            ("minimaPointsCluster", _pack_root(keyframe.minima.root)),
            ("width", msgpack.pack_int(keyframe.width_px)),
            ("height", msgpack.pack_int(keyframe.height_px)),
            ("scale", msgpack.pack_float64(keyframe.scale)),
        ]
    )


def _pack_points(features: FeatureSet, *, is_maximum: bool) -> bytes:
    """Write points as records of equal length, all at once.

    Every number has a fixed width (coordinates float32, words uint32), unlike in the rest of the
    file: thousands of points times 27 numbers are slow to write one by one.
    """
    count = len(features)
    words = np.empty((count, WORDS), np.dtype([("kind", "u1"), ("word", ">u4")]))
    words["kind"] = 0xCE
    words["word"] = np.ascontiguousarray(features.descriptors).view(">u4")
    head = b"\x86" + msgpack.pack_str("maxima") + msgpack.pack_bool(is_maximum)
    records = msgpack.record_bytes(
        [
            (head + msgpack.pack_str("x") + b"\xca", features.points_px[:, 0].astype(">f4")),
            (msgpack.pack_str("y") + b"\xca", features.points_px[:, 1].astype(">f4")),
            (msgpack.pack_str("scale"), features.sizes.astype("u1")),
            (msgpack.pack_str("angle") + b"\xca", features.angles_rad.astype(">f4")),
            (msgpack.pack_str("descriptors") + msgpack.pack_array_start(WORDS), words),
        ]
    )
    return msgpack.pack_array_start(count) + records


def _pack_root(root: Cluster) -> bytes:
    return msgpack.pack_map([("rootNode", _pack_cluster(root))])


def _pack_cluster(cluster: Cluster) -> bytes:
    centre = msgpack.NIL if cluster.centre is None else msgpack.pack_int(cluster.centre)
    members = [("centerPointIndex", centre), ("leaf", msgpack.pack_bool(not cluster.children))]
    if cluster.children:
        below = msgpack.pack_array([_pack_cluster(child) for child in cluster.children])
        return msgpack.pack_map([*members, ("children", below)])
    rows = msgpack.pack_array([msgpack.pack_int(row) for row in cluster.rows])
    return msgpack.pack_map([*members, ("pointIndexes", rows)])


def _read_target(member: Mapping[str, Any]) -> Target:
    return Target(
        width_px=int(member["targetImage"]["width"]),
        height_px=int(member["targetImage"]["height"]),
        tracking=tuple(_read_tracking(image) for image in member["trackingData"]),
        keyframes=tuple(_read_keyframe(keyframe) for keyframe in member["matchingData"]),
    )


def _read_tracking(member: Mapping[str, Any]) -> TrackingImage:
    pixels = np.frombuffer(member["data"], np.uint8)
    points = [(point["x"], point["y"]) for point in member["points"]]
    return TrackingImage(
        scale=float(member["scale"]),
        pixels=pixels.reshape(int(member["height"]), int(member["width"])),
        points_px=np.array(points, np.int32).reshape(-1, 2),
    )


def _read_keyframe(member: Mapping[str, Any]) -> Keyframe:
    return Keyframe(
        scale=float(member["scale"]),
        width_px=int(member["width"]),
        height_px=int(member["height"]),
        maxima=_read_points(member["maximaPoints"], member["maximaPointsCluster"]["rootNode"]),
        minima=_read_points(member["minimaPoints"], member["minimaPointsCluster"]["rootNode"]),
    )


def _read_points(members: Sequence[Mapping[str, Any]], root: Mapping[str, Any]) -> FeatureSet:
    words = np.array([point["descriptors"] for point in members], np.uint32).reshape(-1, WORDS)
    return FeatureSet(
        points_px=np.array([(p["x"], p["y"]) for p in members], np.float32).reshape(-1, 2),
        sizes=np.array([p["scale"] for p in members], np.int32),
        angles_rad=np.array([p["angle"] for p in members], np.float32),
        descriptors=words.astype(">u4").view(np.uint8),
        root=_read_cluster(root),
    )


def _read_cluster(member: Mapping[str, Any]) -> Cluster:
    centre = member["centerPointIndex"]
    is_leaf = bool(member["leaf"])
    return Cluster(
        centre=None if centre is None else int(centre),
        rows=tuple(int(row) for row in member["pointIndexes"]) if is_leaf else (),
        children=() if is_leaf else tuple(_read_cluster(child) for child in member["children"]),
    )
