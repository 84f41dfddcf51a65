"""Tables for people: as wide as they are, or a few lines a row where the terminal is too narrow."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table


def make_table(columns: list[str], first: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """Return a table without rows.

    Args:
        columns: Titles of the columns.
        first: Title of a column of names before them.
        right: Titles of the columns that are set to the right.
    """
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    for name in [*([] if first is None else [first]), *columns]:
        table.add_column(name, no_wrap=True, justify="right" if name in right else "left")
    return table


def print_table(table: Table, console: Console) -> None:
    """Print a table: in columns where there is room, else a few lines a row.

    Args:
        table: Its cells are str or Text; an empty first cell stands for the one above it.
        console: Where to.
    """
    with console.capture() as capture:
        if table_width(table, console) <= console.width:
            console.print(table)
        else:
            for line in _lines(table, console.width):
                console.print(line, markup=False, soft_wrap=True)
    # Rich pads cells, the last one too: no blanks at the ends of lines.
    console.file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def table_width(table: Table, console: Console) -> int:
    """Return the width of a table whose cells are not folded."""
    return console.measure(table, options=console.options.update_width(10_000)).maximum


def _lines(table: Table, width: int) -> Iterator[str]:
    """The rows as lines: pairs of title and cell, as many on a line as it holds."""
    columns = ([" ".join(str(cell).split()) for cell in (c.header, *c.cells)] for c in table.columns)
    titles, *rows = zip(*columns, strict=True)
    first = ""
    for row in rows:
        first = row[0] or first
        line = f"{titles[0]} {first}:".lstrip()
        pairs = [f"{title} {cell}".strip() for title, cell in zip(titles[1:], row[1:], strict=True) if cell]
        for number, pair in enumerate(pairs):
            end = ";" if number + 1 < len(pairs) else ""
            if cell_len(line) + 1 + cell_len(pair + end) > width:
                yield line
                line = " "
            line += f" {pair}{end}"
        yield line
