"""`wearcli probe`."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from wearcli.cli.console import DryRun, Json, Overwrite, Seed


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
    probe: Annotated[str, typer.Option(metavar="linear|mlp|both", help="The probes to fit.")] = "both",
    folds: Annotated[int, typer.Option(help="Folds by participant, at most one a participant.")] = 5,
    bootstrap: Annotated[int, typer.Option(help="Draws of participants for the intervals.")] = 2000,
    keep_nonwear: Annotated[
        bool,
        typer.Option(
            "--keep-nonwear", help="Use windows worn for less than half too; else they are left out."
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Probe folder. Default: probes/TASK.")
    ] = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Score what embeddings tell about a task, on people that the probe has not seen."""
    from wearcli.cli.console import print_json, progress, say, stderr
    from wearcli.cli.scores import print_scores
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
            probe=cast(Any, probe),
            folds=folds,
            bootstrap=bootstrap,
            seed=seed,
            keep_nonwear=keep_nonwear,
            output=output,
            overwrite=overwrite,
            dry_run=dry_run,
            step=step,
        )
    for warning in result.warnings:
        say(f"warning: {warning}")
    print_scores(result, stderr())
    if json:
        print_json(result.to_json())
