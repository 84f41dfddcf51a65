"""Rows of an embeddings table regrouped, so that no table holds rows of two recordings."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from wearcli.errors import InputError


def recording_name(table: pa.Table) -> str | None:
    """Return the recording of a table of `by_recording`; None where its rows name none."""
    names: list[str] = table["recording"].drop_null().slice(0, 1).to_pylist()
    return names[0] if names else None


def by_recording(batches: Iterator[pa.RecordBatch], name: str, at_most: int | None) -> Iterator[pa.Table]:
    """Return tables with rows of one recording, in onset order.

    Where a recording is cut does not depend on how the rows came, so neither do results of the parts.

    Args:
        batches: The rows.
        name: The table's name in errors.
        at_most: Rows of a table, counted from the recording's first row; None: all rows of a recording.

    Raises:
        InputError: The rows of a recording do not stand together, or are not in the order of their onset.
    """
    seen: set[str | None] = set()
    held: list[pa.Table] = []
    count, current, last = 0, None, -float("inf")

    def ready(whole: bool) -> Iterator[pa.Table]:
        nonlocal held, count
        if not count:
            return
        table = pa.concat_tables(held)
        size = at_most or count
        used = count if whole else count // size * size
        for first in range(0, used, size):
            yield table.slice(first, min(size, used - first)).combine_chunks()
        held, count = ([table.slice(used)] if used < count else []), count - used

    for batch in batches:
        table = pa.Table.from_batches([batch])
        for recording, part in _runs(table):
            if recording != current:
                yield from ready(whole=True)
                if recording in seen:
                    raise InputError(
                        f"{name}: the rows of recording '{recording}' do not stand together: "
                        "sort the table by recording and onset"
                    )
                seen.add(recording)
                current, last = recording, -float("inf")
            onset = part["onset"].drop_null().to_numpy()
            if len(onset) and (onset[0] < last or (onset[1:] < onset[:-1]).any()):
                raise InputError(
                    f"{name}: the rows of recording '{recording}' are not in the order of their onset: "
                    "sort the table by recording and onset"
                )
            last = onset[-1] if len(onset) else last
            held.append(part)
            count += part.num_rows
            if at_most is not None and count >= at_most:
                yield from ready(whole=False)
    yield from ready(whole=True)


def _runs(table: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """Pieces of a table, one a recording; a row without a recording belongs to the rows before it."""
    names = pc.fill_null_backward(pc.fill_null_forward(table["recording"].combine_chunks()))
    ends = pc.run_end_encode(names.cast(pa.string()))
    first = 0
    for recording, end in zip(ends.values.to_pylist(), ends.run_ends.to_pylist(), strict=True):
        yield recording, table.slice(first, end - first)
        first = end
