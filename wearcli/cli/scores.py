"""The scores of a probe as people read them, in as many columns as the terminal has."""

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wearcli.cli.score_details import print_details
from wearcli.cli.score_text import TITLES, interval_text, mean_text, short
from wearcli.cli.tables import make_table, print_table
from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.probing.result import ProbeResult

# What a table of several targets has in any case, and what it gets while there is room: a column, or the
# interval of one.
_ALWAYS = ("r", "mae", "r2", "icc", "limits")
_WITH_ROOM = ("[r]", "rmse", "[icc]", "[mae]", "bias", "[r2]", "[rmse]")


def print_scores(result: "ProbeResult", console: Console) -> None:
    """What was probed, what was left out, the tables of scores, and where they are written."""
    pooled = "means" if result.level == "participant" else "epochs"
    what = f"{result.n_samples} {pooled} of " if result.n_samples != result.n_windows else ""
    kind = f"{result.kind} of {len(result.classes)} classes" if result.classes else result.kind
    console.print(
        f"{result.task}: {kind}, {what}{counted(result.n_windows, 'window')}, "
        f"{counted(result.n_participants, 'participant')}, {_held_out(result)}",
        soft_wrap=True,
        markup=False,
    )
    if result.label_tables:
        console.print(f"  labels: {_some(result.label_tables)}", style="dim", soft_wrap=True, markup=False)
    for reason, count in result.dropped.items():
        console.print(f"  left out: {count} {reason}", style="dim", soft_wrap=True)
    if not result.scores:
        console.print("dry run: nothing was fitted or written")
        return
    prefixes = {target: f"{target}." for target in result.targets}
    if f"{result.targets[0]}.r" in result.scores["mean" if not result.classes else "majority"]:
        print_table(_targets_table(result, prefixes, console.width), console)
        _print_differences(result, prefixes, console)
    else:
        print_table(_one_table(result), console)
        prefixes = {result.targets[0]: ""}
        _print_differences(result, {"": ""}, console)
    print_details(result, prefixes, console)
    notes = "Score over all held-out predictions [95 % interval, bootstrap over participants]."
    notes += "\nfeatures: the linear probe on hand-made features."
    if result.positive is not None:
        notes += (
            f"\nAUROC: of '{result.positive}'; pAUROC 10 %: to a false positive rate of 10 %, standardised."
        )
    if not result.classes:
        notes += " An r below 0 is that of a probe that has learnt nothing."
    if f"{result.targets[0]}.icc" in result.scores["mean" if not result.classes else "majority"]:
        notes += "\nICC: ICC(2,1); limits: of agreement, bias -+ 1.96 deviations. All intervals: probe.json."
    console.print(notes, style="dim", soft_wrap=True, markup=False)
    console.print(
        f"Written to {result.output}: probe.json, weights.npz, predictions.parquet",
        soft_wrap=True,
        markup=False,
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _held_out(result: "ProbeResult") -> str:
    if result.tested:
        return f"tested on {', '.join(result.tested)} alone"
    if result.groups is not None:
        return f"each {result.groups['by']} left out with its people"
    return f"{result.folds} folds by participant"


def _one_table(result: "ProbeResult") -> Table:
    """One row a probe, each score over its interval."""
    names = [name for name in TITLES if name in next(iter(result.scores.values()))]
    table = make_table(["probe", *(TITLES[name] for name in names)])
    for probe, scores in result.scores.items():
        cells = [
            Text.assemble(mean_text(scores[name]), (f"\n{interval_text(scores[name])}", "dim"))
            for name in names
        ]
        table.add_row(probe, *cells)
    return table


def _targets_table(result: "ProbeResult", prefixes: dict[str, str], width: int) -> Table:
    """One row a target and probe, with what `_WITH_ROOM` adds in `width` columns."""
    rows = [
        (target, probe, {name.removeprefix(prefix): score for name, score in scores.items()})
        for target, prefix in prefixes.items()
        for probe, scores in result.scores.items()
    ]
    there = {*rows[0][2], *(["limits"] if "bias" in rows[0][2] else [])}
    shown = {name for name in _ALWAYS if name in there}
    space = max(cell_len(target) for target, _, _ in rows) + max(cell_len(probe) for _, probe, _ in rows)
    for extra in (extra for extra in _WITH_ROOM if extra.strip("[]") in there):
        wider = shown | {extra}
        columns = [_column(rows, name, wider) for name in TITLES if name in wider]
        needed = sum(max(map(cell_len, (a + b for a, b in column))) for column in columns)
        if needed + space + len(columns) + 1 > width:
            break
        shown = wider
    names = [name for name in TITLES if name in shown]
    table = make_table(["probe", *(TITLES[name] for name in names)], first="target")
    columns = [_column(rows, name, shown)[1:] for name in names]
    for number, (target, probe, _) in enumerate(rows):
        first = number == 0 or rows[number - 1][0] != target
        last = number + 1 == len(rows) or rows[number + 1][0] != target
        cells = [
            Text.assemble(plain, (rest, "dim")) for plain, rest in (column[number] for column in columns)
        ]
        table.add_row(Text(target if first else ""), probe, *cells, end_section=last)
    return table


def _column(rows: list[tuple[str, str, dict[str, Any]]], name: str, shown: set[str]) -> list[tuple[str, str]]:
    """The title and the cells of a score, each as the value and what stands after it."""
    cells = [(TITLES[name], "")]
    for _, _, scores in rows:
        if name == "limits":
            low, high = scores["loa_low"]["mean"], scores["loa_high"]["mean"]
            cells.append(("-" if low is None else f"{short(low)} to {short(high)}", ""))
        else:
            interval = interval_text(scores[name]) if f"[{name}]" in shown else ""
            cells.append((mean_text(scores[name]), f" {interval}" if interval else ""))
    return cells


def _print_differences(result: "ProbeResult", prefixes: dict[str, str], console: Console) -> None:
    """What the embedding adds to the hand-made features, by the first probe and its leading metric."""
    if not result.differences:
        return
    probe, differences = next(iter(result.differences.items()))
    name = "macro_f1" if result.classes else "r"
    texts = []
    for target, prefix in prefixes.items():
        difference = differences[prefix + name]
        texts.append(f"{target} {mean_text(difference)} {interval_text(difference)}".strip())
    console.print(
        f"{TITLES[name]} of {probe} less that of features: {', '.join(texts)}", soft_wrap=True, markup=False
    )
