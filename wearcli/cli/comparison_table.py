"""A comparison as people read it: one row a model, one table a target."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wearcli.cli.score_text import TITLES, interval_text, mean_text
from wearcli.cli.tables import make_table, print_table, table_width
from wearcli.comparison.multiple import LEVEL
from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.comparison.result import Comparison

LESS_FIRST = "less first"
Column = tuple[str, Mapping[str, Mapping[str, Any]]]  # the title, and of each row {mean, low, high}


def print_comparison(result: "Comparison", console: Console) -> None:
    """What was compared on what, the tables, how to read them, and where all of it is written."""

    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, soft_wrap=True, markup=False)

    if not result.scores:
        for name, about in result.models.items():
            line(
                f"{name}: windows of {about['window_s']:g} s at {about['rate_hz']:g} Hz, "
                f"{counted(about['recordings_to_embed'], 'recording')} to embed"
            )
        line("dry run: nothing was embedded, fitted or written")
        return
    kind = f"{result.kind} of {len(result.classes)} classes" if result.classes else result.kind
    samples = "epochs" if result.epoch is not None else "windows" if result.classes else "intervals"
    people = counted(result.n_participants, "participant")
    line(
        f"{result.task}: {kind}, {result.n_samples} {samples}, {people}, "
        f"{result.folds} folds by participant, {result.probe} probe"
    )
    if result.left_out:
        few = ", ".join(f"{name} has {about['samples']}" for name, about in result.models.items())
        more = "" if result.epoch is None else ": a shorter --stride puts windows into more of them"
        line(f"  left out: {result.left_out} {samples} that not every model has ({few}){more}", "dim")
    tables = [_table(result, target, console) for target in result.targets]
    for number, table in enumerate(tables):
        if number:
            line("")
        print_table(table, console)
    line("Score over all held-out predictions [95 % interval, bootstrap over participants].", "dim")
    own = len({about["features"] for about in result.models.values()}) > 1
    line(
        "less features: paired difference to the linear probe on hand-made features"
        + (" of the model's own windows." if own else "."),
        "dim",
    )
    if any(column.header == LESS_FIRST for table in tables for column in table.columns):
        line(f"less first: paired difference to {result.first}.", "dim")
    if "untrained" in result.models:
        line("untrained: an encoder of random weights.", "dim")
    if len(result.models) > 1:
        line(
            f"*: p < {LEVEL:g}, corrected for how many models are compared (Holm); intervals are not.",
            "dim",
        )
    line(f"Written to {result.output}: comparison.json")


def _table(result: "Comparison", target: str, console: Console) -> Table:
    """Of one target. Where there is no room, intervals stand below; then `less first` is left out."""
    metrics = ["macro_f1"] if result.classes else ["r", "mae"]
    prefix = f"{target}." if f"{target}.{metrics[0]}" in result.scores[result.first] else ""
    for below, with_first in ((False, True), (True, True), (True, False)):
        columns: list[Column] = []
        for metric in metrics:
            columns.append((TITLES[metric], _metric_scores(result.scores, prefix + metric)))
            columns.append(("less features", _metric_scores(result.less_features, prefix + metric)))
            if with_first and result.less_first:
                columns.append((LESS_FIRST, _metric_scores(result.less_first, prefix + metric)))
        names = [title for title, cells in columns if cells]
        table = make_table(names, first="model" if result.classes else target)
        for name in result.scores:
            table.add_row(Text(name), *(_cell(cells.get(name), below) for _, cells in columns if cells))
        if table_width(table, console) <= console.width:
            break
    return table


def _metric_scores(scores: Mapping[str, Mapping[str, Any]], metric: str) -> dict[str, Any]:
    return {name: metrics[metric] for name, metrics in scores.items()}


def _cell(score: Mapping[str, Any] | None, below: bool) -> Text:
    if score is None:
        return Text("")
    interval = interval_text(score)
    p = score.get("p_holm")
    star = "*" if p is not None and p < LEVEL else ""
    return Text.assemble(mean_text(score), ("\n" if below else " ") * bool(interval), (interval, "dim"), star)
