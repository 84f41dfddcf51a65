"""What the options of a run default to, by method, preset and signal, and which of them a method uses."""

from typing import Any

from wearcli.encoders.transformer import PATCH_S
from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, Modality

LEARNS_FROM_LABELS = ("supervised", "multitask")
# What a method trains best with here, where it is not the default of `Settings`.
DEFAULTS: dict[str, dict[str, Any]] = {
    "simclr": {},
    "relcon": {"batch": 168, "between": 20, "reuse": 8, "distance_loss": "log", "distance_lr": 3e-3},
    "masked": {},
    "supervised": {},
    "multitask": {"encoder": "streams"},
    "participant": {"temperature": 0.04, "batch": 256},
    # A pulse moves a sensor by some mg: noise and warped time as for activities would drown it.
    "distill": {
        "encoder": "ballistic",
        "temperature": 0.04,
        "max_movement": 0.03,
        # A study of both signals is small, and soon known by heart.
        "validate_every": 50,
        "patience": 10,
        "lr": 3e-3,
        "noise": 0.0005,
        "warp": 0.05,
    },
}
# Xu et al., ICLR 2025, arXiv 2411.18822, section 4 and the authors' code: 64 anchors, each with 20 windows
# of the same hour of its person and the 63 other anchors.
PRESETS: dict[str, dict[str, Any]] = {
    "relcon": {
        "encoder": "relcon",
        "rate": 100.0,
        "window": 2.56,
        "epochs": 100.0,
        "batch": 64,
        "anchors_per_person": 1,
        "max_degrees": 0.0,
        "noise": 0.0,
        "scale": 0.0,
        "warp": 0.0,
        "lr": 1e-6,
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup": 0,
        "clip_norm": 0.0,
        "patience": 0,
        "distance_epochs": 10.0,
    },
    # Abbaspourazad et al., ICLR 2024, arXiv 2312.05409, section 4. Segments of 60 s of PPG and 30 s of ECG.
    "participant": {
        "encoder": "efficientnet",
        "temperature": 0.04,
        "batch": 256,
        "lr": 1e-3,
        "weight_decay": 1e-5,
        "schedule": "step",
        "warmup": 0,
        "clip_norm": 0.0,
        "patience": 0,
    },
}
PAPER_WINDOW_S: dict[Modality, float] = {"ppg": 60.0, "ecg": 30.0}


OF_PARTICIPANT = ("positives", "koleo", "momentum")
OF_DISTILL = (
    *("teacher", "train_teacher", "clock_offset", "max_movement", "near_seconds", "negatives", "augment"),
)
# Settings that only some methods have a use for.
_OF_METHODS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("relcon",): (
        *("within", "between", "within_seconds", "anchors_per_person", "reuse", "stage", "distance"),
        *("distance_steps", "distance_epochs", "distance_batch", "distance_lr", "distance_loss"),
    ),
    ("masked",): ("mask_share", "mask_seconds"),
    ("multitask",): ("contrast", "whiten"),
    LEARNS_FROM_LABELS: ("target", "labels"),
    ("participant",): OF_PARTICIPANT,
    ("simclr", "multitask"): ("positive_seconds",),
    ("simclr", "multitask", "relcon", "participant", "distill"): ("temperature",),
    ("distill",): OF_DISTILL,
}
OF_ACCELERATION = ("max_degrees", "noise", "scale", "warp", "poor", "unit")


def without_use(method: str, modality: str) -> set[str]:
    """The settings that play no part in a run of this method on this signal."""
    names = {name for methods, own in _OF_METHODS.items() if method not in methods for name in own}
    signal = MODALITIES[modality]
    if signal.views != "motion":
        names |= {*OF_ACCELERATION}
    if signal.channels:
        names |= {"channels"}
    # Of distill it is the teacher's windows that must be good.
    if not signal.quality and method != "distill":
        names |= {"min_quality"}
    return names


def with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    """Options that are not None, over the defaults of their method and preset.

    Raises UsageError for an unknown method or preset.
    """
    given = {key: value for key, value in options.items() if value is not None}
    method, preset = given.get("method", "simclr"), given.get("preset", "default")
    if method not in DEFAULTS:
        raise UsageError(f"no method '{method}': --method takes {', '.join(DEFAULTS)}")
    if preset not in ("default", "paper"):
        raise UsageError(f"no preset '{preset}': --preset takes default or paper")
    modality = given.get("modality", "acc")
    if preset == "default":
        usual = DEFAULTS[method]
        if MODALITIES[modality].views != "motion":
            # What is of acceleration alone has no place in a run of another signal.
            usual = {
                key: value for key, value in usual.items() if key not in (*OF_ACCELERATION, "max_movement")
            }
        if encoder := MODALITIES[modality].encoder:
            usual = usual | {"encoder": encoder}
        if method == "masked" and given.get("encoder") == "transformer":
            usual = {**usual, "mask_seconds": PATCH_S}
        return usual | given
    if method not in PRESETS:
        raise UsageError(f"--preset paper: there is none of {method}, only of {', '.join(PRESETS)}")
    chosen = PRESETS[method] | given
    if method == "participant" and modality in PAPER_WINDOW_S:
        chosen.setdefault("window", PAPER_WINDOW_S[modality])
    # A length that was asked for is in place of the paper's, not beside it.
    if given.keys() & {"steps", "minutes"} and "epochs" not in given:
        chosen.pop("epochs", None)
    if "distance_steps" in given and "distance_epochs" not in given:
        chosen.pop("distance_epochs", None)
    return chosen
