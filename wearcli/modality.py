"""The signals that wearcli knows: one record each, in `MODALITIES`.

Whatever depends on the kind of signal is asked of its record. To add a signal, add its record here, its name
to `Modality`, and the hand-made features that the record names.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from wearcli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    Computation: TypeAlias = Callable[[np.ndarray, float], np.ndarray]
    QualityRule: TypeAlias = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]

Modality = Literal["acc", "gyro", "ppg", "ecg"]

# A window of PPG or ECG below it is left out of training and probes where nobody says otherwise. Of 10 s of
# hand-held ECG (CinC 2017) 72 % of the noisy lie below and 4 % of the others; a heart rate from a minute of
# PPG (stress_predict) is off by 15 bpm below and by 1 above.
MIN_QUALITY = 0.5

# The sets of hand-made features that a person can choose from.
FeatureSet = Literal["motion", "heart"]
FEATURE_SETS: tuple[FeatureSet, ...] = get_args(FeatureSet)

# How the channels show in the names of columns: by an axis, a colour, a lead, or by the signal's word alone.
ChannelNames = Literal["axes", "lights", "leads", "plain"]


class HandMade(NamedTuple):
    """A set of hand-made features.

    Attributes:
        names: Names of the features, in their order.
        compute: Maps windows (n, samples, channels) and their rate in Hz to features (n, names) float32.
    """

    names: tuple[str, ...]
    compute: "Computation"


class Unit(NamedTuple):
    """A unit that files are written in.

    Attributes:
        factor: What a value is multiplied by to be in the unit of the recording.
        spellings: The unit as people write it, in lower case without spaces, brackets, `*`, `^`, `_`, `-`.
    """

    factor: float
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class ModalityRecord:
    """All that depends on the kind of signal.

    Attributes:
        name: The name on the command line and in files.
        title: The name for people.
        unit: The unit of a recording after reading; "raw" is the unit of the file.
        rate_hz: Rate of the grid that windows are cut from, Hz.
        window_s: Length of a window, s.
        rates_hz: Least and greatest rate that a device may have, Hz. They tell the unit of elapsed time, so
            they lie less than a factor of 1000 apart.
        channel_names: How the channels show in the names of columns.
        words: Words in the name of a column that mean this signal.
        near_words: Words that do not mean this signal alone, but keep another one from taking the column.
        file_words: Words in the name of a file that mean this signal.
        feature_sets: Hand-made features by the name of their set, imported when asked for; the first set is
            the default.
        views: Name of the random views that training learns from.
        encoder: Encoder of a run that names none; None leaves it to the training method.
        units: Units that a file may be in, by name; empty where values are taken as they are.
        unit_rule: How the values tell their unit, where the file does not.
        largest: Greatest value that a sensor of this kind measures, in `unit`.
        int16_step: Size of a step of windows stored as int16, in `unit`; None stores float32 only.
        quality: The function that judges windows, imported when asked for; None where there is none.
        wear: Whether stillness tells that nobody wears the sensor.
        clipping: Whether samples at the range of the sensor are counted.
        movement: Whether windows have an amount of movement, in g.
        unnamed: Whether columns that no word names (x, y, z, or no names at all) may be this signal.
    """

    name: str
    title: str
    unit: str
    rate_hz: float
    window_s: float
    rates_hz: tuple[float, float]
    channel_names: ChannelNames
    words: frozenset[str]
    file_words: tuple[str, ...]
    feature_sets: Mapping[str, Callable[[], HandMade]]
    views: str
    encoder: str | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)
    near_words: frozenset[str] = frozenset()
    unit_rule: Literal["gravity", "speed"] | None = None
    largest: float = math.inf
    int16_step: float | None = None
    quality: "Callable[[], QualityRule] | None" = None
    wear: bool = False
    clipping: bool = False
    movement: bool = False
    unnamed: bool = True

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels; empty where a recording may have any number of them."""
        return ("x", "y", "z") if self.channel_names == "axes" else ()

    @property
    def gravity(self) -> bool:
        """Whether the sensor measures gravity at rest."""
        return self.unit_rule == "gravity"

    @property
    def usable_windows(self) -> str:
        """What windows that may be learned from are called, in messages."""
        return "worn windows" if self.wear else "windows of enough quality" if self.quality else "windows"

    def window_channels(self, channels: tuple[str, ...]) -> tuple[str, ...]:
        """The names of channels in a window store: by number where every device has names of its own."""
        return self.channels or tuple(f"{self.name}{number + 1}" for number in range(len(channels)))


def _motion() -> HandMade:
    from wearcli.signals.features import motion

    return HandMade(motion.FEATURE_NAMES, motion.features)


def _motion_and_heart() -> HandMade:
    import numpy as np

    from wearcli.signals.features import motion
    from wearcli.signals.features.heart_in_motion import BALLISTIC_NAMES, ballistic_features

    def compute(values: "np.ndarray", rate_hz: float) -> "np.ndarray":
        parts = motion.features(values, rate_hz), ballistic_features(values, rate_hz)
        return np.concatenate(parts, axis=1)

    return HandMade((*motion.FEATURE_NAMES, *BALLISTIC_NAMES), compute)


def _rotation() -> HandMade:
    from wearcli.signals.features import rotation

    return HandMade(rotation.FEATURE_NAMES, rotation.features)


def _pulse(kind: Literal["ppg", "ecg"]) -> HandMade:
    from wearcli.signals.features import pulse

    return HandMade(
        pulse.feature_names(kind), lambda values, rate_hz: pulse.pulse_features(values, rate_hz, kind)
    )


def _pulse_quality(kind: Literal["ppg", "ecg"]) -> "QualityRule":
    from wearcli.signals.pulse_quality import pulse_quality

    return lambda values, rate_hz: pulse_quality(values, rate_hz, kind)


_RECORDS = (
    ModalityRecord(
        name="acc",
        title="acceleration",
        unit="g",
        rate_hz=50.0,
        window_s=5.0,
        rates_hz=(2.0, 800.0),
        channel_names="axes",
        words=frozenset(
            (
                "acc",
                "accel",
                "accelerometer",
                "acceleration",
                "accelerations",
                "accelero",
                "a",
                "accelerometry",
            )
        ),
        file_words=("acc", "accel", "accelerometer"),
        feature_sets={"motion": _motion, "heart": _motion_and_heart},
        views="motion",
        units={
            "g": Unit(1.0, ("g", "gs", "gravity", "standardgravity", "grav")),
            "mg": Unit(1e-3, ("mg", "millig", "milligs", "milligravity")),
            "m/s2": Unit(
                1 / 9.80665,
                ("m/s2", "ms2", "m/s/s", "mps2", "m/sec2", "meter/second2", "meterspersecondsquared"),
            ),
        },
        unit_rule="gravity",
        largest=200.0,
        int16_step=1 / 2048,  # 0.5 mg, up to 16 g; finer than the sensors' own steps
        wear=True,
        clipping=True,
        movement=True,
    ),
    ModalityRecord(
        name="gyro",
        title="rotation",
        unit="deg/s",
        rate_hz=50.0,
        window_s=5.0,
        rates_hz=(2.0, 800.0),
        channel_names="axes",
        words=frozenset(
            ("gyr", "gyro", "gyros", "gyroscope", "gyroscopes", "g", "w", "omega", "angular")
            + ("rotationrate", "rotationrates", "angularvelocity", "angularrate")
        ),
        near_words=frozenset(("rotation", "rot", "vel", "velocity")),
        file_words=("gyr", "gyro", "gyroscope"),
        feature_sets={"rotation": _rotation},
        views="rotation",
        encoder="fast",
        units={
            "deg/s": Unit(
                1.0,
                ("deg/s", "degs", "deg/sec", "degsec", "dps", "°/s", "°s", "°/sec", "degree/s", "degrees/s")
                + ("degree/second", "degrees/second", "degreespersecond", "degpersec"),
            ),
            "rad/s": Unit(
                180 / math.pi,
                ("rad/s", "rads", "rad/sec", "radsec", "radian/s", "radians/s")
                + ("radian/second", "radians/second", "radianspersecond", "radpersec"),
            ),
        },
        unit_rule="speed",
        largest=20_000.0,
        int16_step=1 / 16,  # deg/s, up to 2048: the step of sensors that measure up to 2000
        unnamed=False,
    ),
    # PPG and ECG shorter than the 60 and 30 s of Abbaspourazad et al. (ICLR 2024): hand-held recordings are
    # often shorter than that, and two segments of one person are what their method needs.
    ModalityRecord(
        name="ppg",
        title="PPG",
        unit="raw",
        rate_hz=64.0,
        window_s=30.0,
        rates_hz=(4.0, 3000.0),
        channel_names="lights",
        words=frozenset(
            ("ppg", "bvp", "pleth", "plethysmogram", "plethysmograph")
            + ("photoplethysmogram", "photoplethysmograph", "photoplethysmography")
        ),
        file_words=("ppg", "bvp"),
        feature_sets={"pulse": lambda: _pulse("ppg")},
        views="ppg",
        encoder="pulse",
        quality=lambda: _pulse_quality("ppg"),
    ),
    ModalityRecord(
        name="ecg",
        title="ECG",
        unit="raw",
        rate_hz=128.0,
        window_s=10.0,
        rates_hz=(4.0, 3000.0),
        channel_names="leads",
        words=frozenset(("ecg", "ekg", "electrocardiogram")),
        file_words=("ecg", "ekg"),
        feature_sets={"pulse": lambda: _pulse("ecg")},
        views="ecg",
        encoder="pulse",
        quality=lambda: _pulse_quality("ecg"),
    ),
)
MODALITIES: dict[str, ModalityRecord] = {record.name: record for record in _RECORDS}


def signal_in_name(file_name: str) -> str | None:
    """Return the signal that the name of a file tells (`p01.acc.csv`, `Gyroscope.csv`), None where none."""
    words = set(re.split(r"[._-]", file_name.lower()))
    names = [record.name for record in MODALITIES.values() if not words.isdisjoint(record.file_words)]
    return names[0] if len(names) == 1 else None


def check_modality(name: str) -> None:
    """Raise UsageError for a signal that wearcli does not know."""
    if name not in MODALITIES:
        raise UsageError(f"no modality '{name}': --modality takes {', '.join(MODALITIES)}")


def check_feature_set(modality: str, kind: str | None) -> None:
    """Raise UsageError for a set of features that the signal does not have, or has no choice of."""
    sets = MODALITIES[modality].feature_sets
    if kind is not None and len(sets) < 2:
        others = [record.title for record in MODALITIES.values() if len(record.feature_sets) > 1]
        raise UsageError(f"--features is a choice of {' or '.join(others)}: leave it out for {modality}")
    if kind is not None and kind not in sets:
        raise UsageError(f"no features '{kind}': --features takes {' or '.join(sets)}")


def _hand_made(modality: str, kind: str | None) -> HandMade:
    check_feature_set(modality, kind)
    sets = MODALITIES[modality].feature_sets
    return sets[kind or next(iter(sets))]()


def feature_names(modality: str, kind: FeatureSet | None = None) -> tuple[str, ...]:
    """Names of the hand-made features of a signal, in the order of `features`."""
    return _hand_made(modality, kind).names


def feature_set(count: int) -> FeatureSet | None:
    """The set that has `count` features, among those that a person can choose; None where none has."""
    return next(
        (
            kind
            for record in MODALITIES.values()
            for kind in FEATURE_SETS
            if kind in record.feature_sets and len(record.feature_sets[kind]().names) == count
        ),
        None,
    )


def features(
    values: "np.ndarray", rate_hz: float, modality: str, kind: FeatureSet | None = None
) -> "np.ndarray":
    """Hand-made features of windows.

    Args:
        values: Windows (n, samples, channels) in the signal's unit.
        rate_hz: Rate of the windows, Hz.
        modality: The signal.
        kind: Set of features; None takes the first set of the signal.

    Returns:
        Features (n, names) float32, always finite.

    Raises:
        UsageError: The windows are too short, or the signal does not have such a set.
    """
    return _hand_made(modality, kind).compute(values, rate_hz)
