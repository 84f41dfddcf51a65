"""What stands below a probe's table of scores: left-out groups, learning curve, calibration, error bands."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wearcli.cli.score_text import TITLES, interval_text, mean_text, number_text, short
from wearcli.cli.tables import make_table, print_table

if TYPE_CHECKING:
    from wearcli.probing.result import ProbeResult

_GROUP_METRICS = ("macro_f1", "balanced_accuracy", "auroc", "mae", "r")


def print_details(result: "ProbeResult", prefixes: Mapping[str, str], console: Console) -> None:
    """Each of the four where the result has it. prefixes: of each target its metrics' (`print_scores`)."""
    if result.groups is not None:
        print_table(_groups_table(result, prefixes), console)
    if result.learning_curve:
        print_table(_curve_table(result, prefixes), console)
    for line in [*_calibration(result), *_bands(result)]:
        console.print(line, soft_wrap=True, markup=False)


def _leading(result: "ProbeResult") -> str:
    return "macro_f1" if result.classes else "mae"


def _groups_table(result: "ProbeResult", prefixes: Mapping[str, str]) -> Table:
    """One row a left-out group, target and probe; a group's people and samples stand with its first."""
    assert result.groups is not None
    names = [name for name in _GROUP_METRICS if name in TITLES and _has(result, prefixes, name)]
    several = ["target"] if len(prefixes) > 1 else []
    columns = ["people", "samples", *several, "probe", *(TITLES[name] for name in names)]
    table = make_table(columns, first=str(result.groups["by"]))
    for group, scores in result.groups["scores"].items():
        texts: list[Text | str] = [
            Text(group),
            *(str(result.groups[what][group]) for what in ("participants", "samples")),
        ]
        for target, prefix in prefixes.items():
            for probe in [probe for probe in scores if probe not in ("majority", "mean")]:
                cells = [_cell(scores[probe].get(prefix + name)) for name in names]
                table.add_row(*texts, *([target] if several else []), probe, *cells)
                texts = [Text(""), "", ""]
    return table


def _has(result: "ProbeResult", prefixes: Mapping[str, str], name: str) -> bool:
    return any(prefix + name in scores for scores in result.scores.values() for prefix in prefixes.values())


def _curve_table(result: "ProbeResult", prefixes: Mapping[str, str]) -> Table:
    """One row a share of the labels and target, the leading score of each probe that has a curve."""
    probes = list(result.learning_curve[0]["scores"])
    columns = ["samples", *(f"{TITLES[_leading(result)]} {probe}" for probe in probes), "difference"]
    table = make_table([*(["target"] if len(prefixes) > 1 else []), *columns], first="labels")
    for point in result.learning_curve:
        for target, prefix in prefixes.items():
            cells = [_cell(point["scores"][probe].get(prefix + _leading(result))) for probe in probes]
            cells.append(_cell(point["less_features"].get(prefix + _leading(result))))
            named = [target] if len(prefixes) > 1 else []
            table.add_row(f"{point['share']:g} %", *named, f"{point['samples']:.0f}", *cells)
    return table


def _cell(score: Mapping[str, Any] | None) -> Text:
    if score is None:
        return Text("-")
    return Text.assemble(mean_text(score), (f" {interval_text(score)}", "dim"))


def _calibration(result: "ProbeResult") -> Iterator[str]:
    texts = [
        f"{probe} {number_text(about['ece'])} (Brier {number_text(about['brier'])})"
        for probe, about in result.calibration.items()
    ]
    if texts:
        yield "expected calibration error: " + ", ".join(texts)


def _bands(result: "ProbeResult") -> Iterator[str]:
    for probe, bands in list(result.intervals.items())[:1]:
        texts = [
            f"{target} +-{short(width)}"
            + ("" if band["coverage"] is None else f" (held {100 * band['coverage']:.0f} %)")
            for target, band in bands.items()
            if (width := band["half_width"]) is not None
        ]
        if texts:
            yield f"95 % band of a new person's sample, {probe}: " + ", ".join(texts)
