"""The registry of probe kinds: each is one module of this package, and one name in `PROBES`.

A module of the name of its kind has a `KIND` (`kind.ProbeKind`). It is imported when it is used, so that the
names are at hand without the libraries that fit.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from wearcli.errors import UsageError

if TYPE_CHECKING:
    from wearcli.probing.kinds.kind import ProbeKind

FEATURES = "features"  # the linear probe on hand-made features, which stands beside every other
# All names that a probe can have. Its place is the number of its random stream: append, never insert.
PROBES = ("linear", "mlp", FEATURES, "lda", "knn")
KINDS = tuple(name for name in PROBES if name != FEATURES)
BOTH = "both"  # on the command line: these two
_BOTH = ("linear", "mlp")


def load_kind(probe: str) -> "ProbeKind":
    """The kind of the probe of this name; KeyError where there is none."""
    if probe not in PROBES:
        raise KeyError(probe)
    name = "linear" if probe == FEATURES else probe
    kind: ProbeKind = import_module(f"{__name__}.{name}").KIND
    return kind


def input_column(probe: str) -> str:
    """The column of the embeddings table that a probe takes."""
    return "features" if probe == FEATURES else "embedding"


def parse_kinds(given: str | Iterable[str]) -> list[str]:
    """The kinds of `--probe`: names, several separated by commas or in several texts, `both` for two.

    Raises:
        UsageError: There is no such kind, or none is given.
    """
    texts = [given] if isinstance(given, str) else list(given)
    words = [word.strip() for text in texts for word in text.split(",")]
    names = [name for word in words for name in (_BOTH if word == BOTH else (word,))]
    if unknown := [name for name in names if name not in KINDS]:
        raise UsageError(f"unknown probe '{unknown[0]}': --probe {', '.join(KINDS)} or {BOTH}")
    if not names:
        raise UsageError(f"no probe named: --probe {', '.join(KINDS)} or {BOTH}")
    return list(dict.fromkeys(names))


def check_kinds(kinds: Iterable[str], task_kind: str, name: str) -> None:
    """Check that every kind can be fitted on a task.

    Args:
        kinds: Names of probe kinds.
        task_kind: classification or regression.
        name: The table of labels, for the message.

    Raises:
        UsageError: A kind tells classes apart, and the task has numbers.
    """
    for kind in kinds:
        if task_kind == "regression" and not load_kind(kind).regression:
            able = [other for other in KINDS if load_kind(other).regression]
            raise UsageError(
                f"--probe {kind} tells classes apart, and {name} has numbers: use --probe {' or '.join(able)}"
            )
