"""The training methods by name."""

from wearcli.errors import UsageError
from wearcli.training.methods.distill.options import DISTILL
from wearcli.training.methods.masked.options import MASKED
from wearcli.training.methods.method import Method
from wearcli.training.methods.multitask.options import MULTITASK
from wearcli.training.methods.participant.options import PARTICIPANT
from wearcli.training.methods.relcon.options import RELCON
from wearcli.training.methods.simclr.options import SIMCLR
from wearcli.training.methods.supervised.options import SUPERVISED

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        SIMCLR,
        RELCON,
        MASKED,
        SUPERVISED,
        MULTITASK,
        PARTICIPANT,
        DISTILL,
    )
}


def method_named(name: str) -> Method:
    """The method of this name; UsageError where there is none."""
    if name not in METHODS:
        raise UsageError(f"no method '{name}': --method takes {', '.join(METHODS)}")
    return METHODS[name]
