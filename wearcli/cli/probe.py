"""`wearcli probe`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from wearcli.cli.console import DryRun, Json, Overwrite, Seed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from wearcli.probing.probe import ProbeResult

_COLUMNS = {
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "auroc": "AUROC",
    "r": "r",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "icc": "ICC(2,1)",
    "limits": "bias, limits",
}
_WIDE = 100  # columns of a terminal that hold every score of the task gait


def probe(
    embeddings: Annotated[
        Path, typer.Argument(help="Embeddings table, or - for an Arrow stream on stdin.")
    ] = Path("embeddings.parquet"),
    task: Annotated[
        str | None,
        typer.Option(
            help="activity (classes of labels.csv), gait (metrics of gait.csv), or a name of yours."
        ),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Table of labels. Default: found beside the recordings.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Column to predict; may be given again. Default: by the task.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="classification|regression", help="Default: numbers are a regression, else classes."
        ),
    ] = None,
    epoch: Annotated[
        float | None,
        typer.Option(help="Cut label intervals into epochs of so many seconds, their windows pooled."),
    ] = None,
    which: Annotated[
        str, typer.Option("--probe", metavar="linear|mlp|both", help="The probes to fit.")
    ] = "both",
    folds: Annotated[int, typer.Option(help="Folds by participant, at most one a participant.")] = 5,
    bootstrap: Annotated[int, typer.Option(help="Draws of participants for the intervals.")] = 2000,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Probe folder. Default: probes/TASK.")
    ] = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Score what embeddings tell about a task, on people that the probe has not seen."""
    from wearcli.cli.console import print_json, progress, say, stderr
    from wearcli.errors import UsageError
    from wearcli.probing.probe import probe as run

    if task is None:
        raise UsageError(
            "no task named: --task activity or gait, or a name of yours with --labels and --target"
        )
    if kind not in (None, "classification", "regression"):
        raise UsageError(f"unknown kind '{kind}': --kind classification or regression")
    with progress("fits") as display:
        bar = display.add_task("reading", total=None)

        def step(name: str, done: int, total: int) -> None:
            display.update(bar, description=f"probe {name}", completed=done, total=total)

        result = run(
            embeddings,
            task=task,
            labels=labels,
            target=target,
            kind=cast(Any, kind),
            epoch=epoch,
            probe=cast(Any, which),
            folds=folds,
            bootstrap=bootstrap,
            seed=seed,
            output=output,
            overwrite=overwrite,
            dry_run=dry_run,
            step=step,
        )
    for warning in result.warnings:
        say(f"warning: {warning}")
    _print(result, stderr())
    if as_json:
        print_json(result.to_json())


def _print(result: "ProbeResult", console: "Console") -> None:
    what = f"{result.n_samples} epochs of " if result.n_samples != result.n_windows else ""
    kind = f"{result.kind} of {len(result.classes)} classes" if result.classes else result.kind
    console.print(
        f"{result.task}: {kind}, {what}{result.n_windows} windows, {result.n_participants} participants, "
        f"{result.folds} folds by participant",
        soft_wrap=True,
    )
    for reason, count in result.dropped.items():
        console.print(f"  left out: {count} {reason}", style="dim", soft_wrap=True)
    if not result.scores:
        console.print("dry run: nothing was fitted or written")
        return
    if result.classes:
        console.print(_table(result, "", True), _difference(result, ""), sep="\n")
    for target in result.targets if not result.classes else ():
        prefix = f"{target}." if f"{target}.r" in result.scores["mean"] else ""
        console.print(f"\n{target}", style="bold", markup=False)
        console.print(_table(result, prefix, console.width >= _WIDE), _difference(result, prefix), sep="\n")
    console.print(
        "Score over all held-out predictions \\[95 % interval, bootstrap over participants].\n"
        "features: the linear probe on hand-made features."
        + ("" if result.classes else " An r below 0 is that of a probe that has learnt nothing."),
        style="dim",
        soft_wrap=True,
    )
    console.print(f"Written to {result.output}: probe.json, weights.npz, predictions.parquet", soft_wrap=True)


def _table(result: "ProbeResult", prefix: str, wide: bool) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    trivial = result.scores["majority" if result.classes else "mean"]
    columns = [name for name in _COLUMNS if prefix + name in trivial]
    if f"{prefix}bias" in trivial:
        columns.append("limits")
        if not wide:
            columns.remove("rmse")
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("probe", no_wrap=True)
    for name in columns:
        table.add_column(_COLUMNS[name], no_wrap=True)
    for probe_name, scores in result.scores.items():
        cells = [
            _limits(scores, prefix) if name == "limits" else _cell(scores[prefix + name]) for name in columns
        ]
        table.add_row(probe_name, *("\n".join(cell) for cell in cells))
    return table


def _difference(result: "ProbeResult", prefix: str) -> str:
    """What the embedding adds to the hand-made features, by the first probe and its leading metric."""
    for probe_name, differences in result.differences.items():
        name = "macro_f1" if result.classes else "r"
        value, interval = _cell(differences[prefix + name])
        return f"{probe_name} less features: {_COLUMNS[name]} {value} {interval}"
    return ""


def _cell(score: dict[str, Any]) -> tuple[str, str]:
    if score["mean"] is None:
        return "-", ""
    interval = (
        "" if score["low"] is None else f"[dim]\\[{_short(score['low'])}, {_short(score['high'])}][/dim]"
    )
    return _short(score["mean"]), interval


def _limits(scores: dict[str, dict[str, Any]], prefix: str) -> tuple[str, str]:
    bias, low, high = (scores[prefix + name]["mean"] for name in ("bias", "loa_low", "loa_high"))
    if bias is None:
        return "-", ""
    return _short(bias), f"[dim]{_short(low)} to {_short(high)}[/dim]" if low is not None else ""


def _short(value: float) -> str:
    """Three digits and no leading zero: .746, -.031, 12.3, 108."""
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    if abs(value) >= 9.995:
        return f"{value:.1f}"
    if abs(value) >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3f}".replace("0.", ".", 1)
