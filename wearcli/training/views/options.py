"""The options of random views of acceleration."""

from dataclasses import dataclass, field

from wearcli.modality import MODALITIES
from wearcli.options import option


def _seen_as_motion(modality: str) -> bool:
    return MODALITIES[modality].views == "motion"


@dataclass(frozen=True)
class ViewOptions:
    """How far a view of a window differs from the window; 0 turns each change off."""

    max_degrees: float = field(
        default=25.0,
        metadata=option(
            "Greatest random rotation of a view, degrees; 180 allows any.",
            minimum=0,
            modalities=_seen_as_motion,
        ),
    )
    noise: float = field(
        default=0.05,
        metadata=option(
            "Greatest standard deviation of a view's noise, g.", minimum=0, modalities=_seen_as_motion
        ),
    )
    scale: float = field(
        default=0.1,
        metadata=option(
            "Standard deviation of the factor that a view is multiplied by.",
            minimum=0,
            modalities=_seen_as_motion,
        ),
    )
    warp: float = field(
        default=0.15,
        metadata=option(
            "Standard deviation of the logarithm of the speed of a view's time.",
            minimum=0,
            modalities=_seen_as_motion,
        ),
    )
    poor: float = field(
        default=0.0,
        metadata=option(
            "Probability of each fault of a poorer sensor: lower rate, smaller range, coarser steps.",
            minimum=0,
            maximum=1,
            modalities=_seen_as_motion,
        ),
    )
