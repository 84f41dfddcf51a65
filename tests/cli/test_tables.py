"""Printed tables: each cell is there at any width, no line is wider, and none ends in a blank."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wearcli.cli.tables import make_table, print_table

TITLES = ["probe", "macro-F1", "balanced accuracy", "kappa"]
ROWS = [
    ("stride_time_s", "linear", ".851 [.785, .909]", ".853 [.793, .909]", ".827"),
    ("", "[mlp]", ".814 [.746, .874]", ".813 [.751, .873]", "-"),
    ("Größe 身長", "linear", ".076 [.049, .083]", ".133 [.127, .140]", "-.012"),
]


def table() -> Table:
    made = make_table(TITLES, first="target")
    for target, probe, *scores in ROWS:
        made.add_row(Text(target), Text(probe), *(Text(score.replace(" [", "\n[")) for score in scores))
    return made


def printed(made: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(made, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [200, 80, 60, 40])
def test_all_cells_are_printed_and_no_line_is_wider(width: int) -> None:
    text = printed(table(), width)
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    for cell in [*TITLES, *(cell for row in ROWS for cell in row)]:
        for word in cell.split():
            assert word in text
    assert "…" not in text


def test_a_table_that_fits_has_a_line_of_titles_and_columns() -> None:
    lines = printed(table(), 80).splitlines()
    assert lines[0].split() == ["target", "probe", "macro-F1", "balanced", "accuracy", "kappa"]
    assert lines[2].split() == ["stride_time_s", "linear", ".851", ".853", ".827"]


def test_where_there_is_no_room_a_row_is_a_few_lines_with_its_own_titles() -> None:
    assert printed(table(), 40).splitlines() == [
        "target stride_time_s: probe linear;",
        "  macro-F1 .851 [.785, .909];",
        "  balanced accuracy .853 [.793, .909];",
        "  kappa .827",
        "target stride_time_s: probe [mlp];",
        "  macro-F1 .814 [.746, .874];",
        "  balanced accuracy .813 [.751, .873];",
        "  kappa -",
        "target Größe 身長: probe linear;",
        "  macro-F1 .076 [.049, .083];",
        "  balanced accuracy .133 [.127, .140];",
        "  kappa -.012",
    ]


def test_a_quiet_console_prints_nothing() -> None:
    console = Console(file=io.StringIO(), quiet=True)
    print_table(table(), console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""
