"""`wearcli probe`."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from wearcli.cli.console import (
    Bootstrap,
    DryRun,
    Epoch,
    Folds,
    Json,
    KeepNonwear,
    Kind,
    Labels,
    MinQuality,
    Overwrite,
    Seed,
    Target,
    Task,
)


def probe(
    embeddings: Annotated[
        Path, typer.Argument(help="Embeddings table, or - for an Arrow stream on stdin.")
    ] = Path("embeddings.parquet"),
    task: Task = None,
    labels: Labels = None,
    target: Target = None,
    kind: Kind = None,
    positive: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Tell this class from all the others as one.")
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            metavar="window|participant",
            help="participant: the mean of all windows of a participant is one sample.",
        ),
    ] = "window",
    min_segments: Annotated[
        int, typer.Option(help="With --level participant, leave out those with fewer windows.")
    ] = 1,
    epoch: Epoch = None,
    probe: Annotated[str, typer.Option(metavar="linear|mlp|both", help="The probes to fit.")] = "both",
    folds: Folds = 5,
    bootstrap: Bootstrap = 2000,
    keep_nonwear: KeepNonwear = False,
    min_quality: MinQuality = 0.5,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Probe folder. Default: probes/TASK.")
    ] = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Score what embeddings tell about a task, on people that the probe has not seen."""
    from wearcli.cli.console import named_task, print_json, progress, say, stderr
    from wearcli.cli.scores import print_scores
    from wearcli.probing.probe import probe as run

    with progress("fits") as display:
        bar = display.add_task("reading", total=None)

        def step(name: str, done: int, total: int) -> None:
            display.update(bar, description=f"probe {name}", completed=done, total=total)

        result = run(
            embeddings,
            task=named_task(task),
            labels=labels,
            target=target,
            kind=cast(Any, kind),
            positive=positive,
            level=cast(Any, level),
            min_segments=min_segments,
            epoch=epoch,
            probe=cast(Any, probe),
            folds=folds,
            bootstrap=bootstrap,
            seed=seed,
            keep_nonwear=keep_nonwear,
            min_quality=min_quality,
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
