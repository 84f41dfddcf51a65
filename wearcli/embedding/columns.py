"""Whether the columns of an embeddings table have the types of the contract, however they are encoded."""

from collections.abc import Callable, Sequence

import pyarrow as pa


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        is_it(kind)
        for is_it in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    )


def _is_number(kind: pa.DataType) -> bool:
    return any(is_it(kind) for is_it in (pa.types.is_floating, pa.types.is_integer, pa.types.is_null))


def _is_vector(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind)) and bool(pa.types.is_floating(kind.value_type))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_null(kind))


_KINDS: dict[str, tuple[Callable[[pa.DataType], bool], tuple[str, ...]]] = {
    "text": (_is_text, ("recording", "participant", "placement")),
    "numbers": (_is_number, ("onset", "duration", "wear", "clipped", "missing", "movement_g", "quality")),
    "FixedSizeList<float32>": (_is_vector, ("embedding", "features")),
    "times": (_is_time, ("start",)),
}


def schema_problem(schema: pa.Schema, feature_names: Sequence[str]) -> str | None:
    """Return in words what of a table's columns cannot be; None where they can be read.

    Args:
        schema: The columns. One that is missing is no problem here: what needs it says so.
        feature_names: The names of the hand-made features; empty where they are not known.
    """
    names = [name for _, columns in _KINDS.values() for name in columns]
    if twice := [name for name in names if schema.names.count(name) > 1]:
        return f"two columns {twice[0]}"
    for title, (fits, columns) in _KINDS.items():
        for name in columns:
            if name in schema.names and not fits(schema.field(name).type):
                return f"{name} is {schema.field(name).type}, not {title}"
    if feature_names and "features" in schema.names:
        size = schema.field("features").type.list_size
        if size not in (0, len(feature_names)):
            return f"{len(feature_names)} names for {size} features"
    return None
