"""Whether embeddings are what a probe was fitted on: the same model, rate, window and numbers a window."""

import math

import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError, UsageError
from wearcli.labels.windows import COLUMNS
from wearcli.models.folder import Model
from wearcli.probing.kinds import input_column
from wearcli.probing.saved import SavedProbe

_UNITS = {"rate_hz": "Hz", "window_s": "s"}


def check_model(saved: SavedProbe, model: Model) -> None:
    """Check that the probe was fitted on embeddings of this model.

    Raises:
        UsageError: It was fitted on those of another model.
    """
    _same_model(saved, model.name, model.config.sha256, f"model {model.name}")


def check_table(saved: SavedProbe, probe: str, schema: pa.Schema, metadata: TableMetadata, name: str) -> None:
    """Check that a probe can be applied to a table.

    Args:
        saved: The probe folder as loaded.
        probe: Which of its probes.
        schema: The table's columns.
        metadata: The table's document.
        name: The table's name in errors.

    Raises:
        UsageError: The table has another model, rate or window, or lacks the vectors that the probe takes.
        InputError: The table is no embeddings table.
    """
    if missing := [column for column in COLUMNS if column not in schema.names]:
        raise InputError(
            f"{name}: not an embeddings table: no column {', '.join(missing)}: make one with 'wearcli embed'"
        )
    for column in ("embedding", "features"):
        if not pa.types.is_fixed_size_list(schema.field(column).type):
            raise InputError(
                f"{name}: not an embeddings table: {column} is {schema.field(column).type}, not "
                "FixedSizeList<float32>: make one with 'wearcli embed'"
            )
    _same_model(saved, str(metadata.model.name), metadata.model.sha256, name)
    for key, unit in _UNITS.items():
        ours, theirs = getattr(saved.document.signal, key), getattr(metadata, key)
        if ours is not None and (theirs is None or not math.isclose(ours, theirs, rel_tol=1e-6)):
            what = key.split("_")[0]
            raise UsageError(
                f"{name}: its {what} is {_quantity(theirs, unit)}, the probe's {_quantity(ours, unit)}: "
                f"embed with the probe's {what}, or fit a probe on these embeddings"
            )
    column = input_column(probe)
    width, wanted = schema.field(column).type.list_size, saved.inputs(probe)
    if column == "features" and not width:
        raise UsageError(f"{name}: it has no hand-made features: name another probe with --use")
    if width != wanted:
        raise UsageError(
            f"{name}: {width} numbers {'of features' if column == 'features' else 'an embedding'}, the probe "
            f"takes {wanted}: embed the recordings again, or fit a probe on these embeddings"
        )


def _same_model(saved: SavedProbe, name: str, sha256: str | None, source: str) -> None:
    fitted = saved.result.model
    if sha256 != fitted.get("sha256"):
        raise UsageError(
            f"{source}: embeddings of {name} ({_short(sha256)}), the probe was fitted on those of "
            f"{fitted.get('name')} ({_short(fitted.get('sha256'))}): use that model, or fit another probe"
        )


def _short(sha256: str | None) -> str:
    return f"sha256 {sha256[:8]}" if sha256 else "no sha256"


def _quantity(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{value:g} {unit}"
