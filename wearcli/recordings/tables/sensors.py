"""Words of a sensor of motion: whether gravity is in its values, and which sensors are no signal of ours."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from wearcli.modality import MODALITIES

Words = tuple[str, ...]

# Acceleration with gravity in it, without it, and gravity alone.
WITH_GRAVITY = frozenset(("total", "gforce"))
WITHOUT_GRAVITY = frozenset(("linear", "lin", "user", "body", "free", "nogravity", "nograv"))
GRAVITY = frozenset(("gravity", "grav"))
UNCALIBRATED = frozenset(("uncalibrated", "uncal", "raw"))
# Sensors and quantities that no record has.
OTHER_SENSORS = GRAVITY | {
    *("mag", "magn", "magnet", "magnetometer", "magnetic", "magneticfield", "m"),
    *("quat", "quaternion", "q", "euler", "orientation", "attitude", "rotationvector"),
    *("pos", "position", "angle", "jerk", "temp", "vector", "bias", "offset"),
}
# Of these a file name tells the sensor; the shorter and the more common words it may have for other reasons.
_IN_FILE_NAMES = GRAVITY | {
    *("mag", "magnetometer", "magneticfield", "quaternion", "orientation", "attitude", "rotationvector"),
}

_WITH, _WITHOUT = {"with", "including", "incl", "plus"}, {"without", "excluding", "excl", "no", "minus", "wo"}
_ACCELERATION = MODALITIES["acc"].words - {"a"}
_MOTION = frozenset().union(*(record.words for record in MODALITIES.values() if record.channels))
_WORDS = frozenset().union(*(record.words for record in MODALITIES.values())) | WITH_GRAVITY | OTHER_SENSORS
# A sensor between what it is without or with and its axis, all in one word: accx, gyroz, linaccx, gravityx.
_LONG = sorted((_MOTION - {"a", "g", "w"}) | GRAVITY | {"mag", "magnetometer", "magneticfield"})
_GLUED = re.compile(
    f"(?:({'|'.join(sorted(WITHOUT_GRAVITY | {'total'}))})({'|'.join(sorted(_ACCELERATION))})"
    f"|({'|'.join([*_LONG, 'a', 'g', 'w', 'm'])}))([xyz])?"
)
_AFFIXES = re.compile("(watch)?(.*?)(uncalibrated)?")
_G_FORCE = re.compile(r"gf(?:orce)?[ _.]?([xyz])", re.IGNORECASE)


def split_words(name: str) -> Words:
    """Return the words of a name in lower case: at camel case and signs, compounds of sensors as one word.

    "without gravity" is the word linear, and "including gravity" the word total.
    """
    if force := _G_FORCE.fullmatch(name.strip()):
        return ("gforce", force[1].lower())  # gFx
    words: list[str] = []
    for word in re.split(r"[^0-9A-Za-zµμ]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)):
        words += _unglued(word.lower())
    return _with_compounds(words)


def _unglued(word: str) -> list[str]:
    """A word in lower case as the words that it is made of."""
    device, middle, after = _AFFIXES.fullmatch(word).groups("")  # type: ignore[union-attr]
    glued = _GLUED.fullmatch(middle)
    if middle not in _WORDS and glued is None:
        return [word] if word else []
    # A word that is a sensor as it stands is no sensor and axis.
    parts = [middle] if glued is None or middle in _WORDS else glued.groups()
    return [part for part in (device, *parts, after) if part]


def file_words(file_name: str) -> Words:
    """Return the words of a file's name that tell the sensor in it: `P01_LinearAcceleration.csv`."""
    name = PurePath(file_name).name
    words = split_words(re.sub(r"(\.[A-Za-z0-9]{1,7})(\.gz)?$", "", name, flags=re.IGNORECASE))
    acceleration = MODALITIES["acc"].words
    sensors = _IN_FILE_NAMES.union(UNCALIBRATED - {"raw"}, *(r.file_words for r in MODALITIES.values()))
    if words == ("linear",) or not acceleration.isdisjoint(words):
        sensors |= {"acceleration", "linear", "lin"} | WITH_GRAVITY
    # A user or a body may be anything, but for a user acceleration.
    return tuple(
        word
        for word, following in zip(words, (*words[1:], "")[: len(words)], strict=True)
        if word in sensors or (word in WITHOUT_GRAVITY and following in acceleration)
    )


def says_gravity_part(text: str) -> bool:
    """Return whether a text in brackets is no unit but says whether gravity is in it: "without g"."""
    return not (_WITH | _WITHOUT).isdisjoint(text.lower().split())


def says_sensor(words: Sequence[str]) -> bool:
    """Return whether some word is of a sensor."""
    return not (_WORDS | WITHOUT_GRAVITY).isdisjoint(words)


def _with_compounds(words: list[str]) -> Words:
    """Two words in a row as one where they are one of a sensor: rotation rate; with or without gravity."""
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if before and before + word in _WORDS:
            joined[-1] += word
        elif before in _WITH | _WITHOUT and word in GRAVITY | {"g"}:
            joined[-1] = "total" if before in _WITH else "linear"
        else:
            joined.append(word)
    return tuple(joined)
