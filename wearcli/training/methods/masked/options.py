"""The options of masked reconstruction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wearcli.options import option
from wearcli.training.methods.method import Method


@dataclass(frozen=True)
class MaskedOptions:
    """The options of masked reconstruction."""

    mask_share: float = field(
        default=0.5, metadata=option("Share of a window that is hidden, 0 to 1.", above=0, below=1)
    )
    mask_seconds: float = field(
        default=0.2,
        metadata=option(
            "Length of a hidden patch, seconds; the encoder transformer has patches of its own length.",
            above=0,
        ),
    )


def _encoder_patches(options: Mapping[str, Any]) -> dict[str, Any]:
    if options.get("encoder") != "transformer":
        return {}
    from wearcli.encoders.transformer import PATCH_S

    return {"mask_seconds": PATCH_S}


MASKED = Method(
    name="masked",
    title="reconstruction of hidden patches",
    options=MaskedOptions,
    learner="wearcli.training.methods.masked.learner:MaskedLearner",
    depending=_encoder_patches,
)
