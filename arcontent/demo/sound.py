"""The film's sound: a soft chord, the sea, a bell buoy; its end meets its beginning."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100
_CHORD_HZ = (73.42, 110.0, 146.83, 174.61, 261.63, 329.63)  # D minor with seventh and ninth
_BELL_HZ = ((587.33, 1.0), (1177.0, 0.5), (1611.0, 0.32), (2374.0, 0.18))
_BELL_RINGS = (
    (0.21, 0.8, -0.4),
    (0.30, 0.5, -0.4),
    (0.70, 0.65, 0.5),
)  # when, how loud, which side

Sound = NDArray[np.int16]  # (N, 2): samples, left and right


def make_sound(*, seconds: float, seed: int) -> Sound:
    """Make ``seconds`` of sound that can be repeated without a seam."""
    rng = np.random.default_rng(seed)
    phase = np.arange(round(seconds * RATE_HZ)) / (seconds * RATE_HZ)  # of the loop
    sound = _chord(phase, rng, seconds=seconds) * 0.5 + _sea(phase, rng) * 0.32
    for when, loudness, side in _BELL_RINGS:
        sound += _bell(phase, when=when, seconds=seconds)[:, None] * loudness * 0.2 * _panned(side)
    return np.asarray(_normalised(sound) * 0.5 * 32767, dtype=np.int16)


def _chord(
    phase: NDArray[np.float64], rng: np.random.Generator, *, seconds: float
) -> NDArray[np.float64]:
    """Slowly breathing sines; every one makes whole turns in a loop."""
    sound = np.zeros((len(phase), 2))
    for number, pitch_hz in enumerate(_CHORD_HZ):
        turns = round(pitch_hz * seconds)
        breath = 0.6 + 0.4 * np.sin(2 * np.pi * ((1 + number % 3) * phase + rng.random()))
        tone = np.zeros_like(phase)
        for partial, loudness in ((1, 1.0), (2, 0.28), (3, 0.1)):
            for detune in (0, 1):  # a turn more in the loop: it beats once and is back
                tone += loudness * np.sin(
                    2 * np.pi * ((turns * partial + detune) * phase + rng.random())
                )
        sound += (tone * breath / (1 + 0.35 * number))[:, None] * _panned(rng.uniform(-0.6, 0.6))
    return _normalised(sound)


def _sea(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of a fixed spectrum, which closes by itself, swelling with the waves."""
    count = len(phase)
    pitch_hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    loudness = 1 / (1 + (pitch_hz / 420) ** 2) * (pitch_hz > 60)
    sides = []
    for lag in (0.0, 0.12):
        spectrum = loudness * np.exp(2j * np.pi * rng.random(len(pitch_hz)))
        swell = 0.35 + 0.65 * (0.5 + 0.5 * np.sin(2 * np.pi * (2 * phase + lag))) ** 2
        sides.append(np.fft.irfft(spectrum, n=count) * swell)
    return _normalised(np.stack(sides, axis=1))


def _bell(phase: NDArray[np.float64], *, when: float, seconds: float) -> NDArray[np.float64]:
    """One stroke; what rings beyond the end is heard at the beginning."""
    since_s = ((phase - when) % 1.0) * seconds
    strike = np.minimum(1.0, since_s / 0.006)
    fade_out = np.clip((seconds - since_s) / 0.5, 0.0, 1.0)
    ringing = sum(
        loudness
        * np.exp(-since_s * (0.9 + pitch_hz / 1200))
        * np.sin(2 * np.pi * pitch_hz * since_s)
        for pitch_hz, loudness in _BELL_HZ
    )
    return np.asarray(ringing * strike * fade_out)


def _normalised(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale so that the loudest sample is 1."""
    return np.asarray(sound / np.abs(sound).max(), dtype=np.float64)


def _panned(side: float) -> NDArray[np.float64]:
    """Loudness left and right; ``side`` from -1, left, to 1, right."""
    angle = (side + 1) * np.pi / 4
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float64)
