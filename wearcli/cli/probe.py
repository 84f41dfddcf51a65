"""`wearcli probe`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from wearcli.cli.completion import probe_kinds
from wearcli.cli.options import (
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
    Positive,
    Seed,
    Target,
    Task,
)
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.probing.defaults import BOOTSTRAP, EMBEDDINGS, FOLDS, MIN_SEGMENTS, PROBES, SEED
from wearcli.probing.kinds import BOTH, KINDS

if TYPE_CHECKING:
    from wearcli.probing.result import ProbeResult


def probe(
    embeddings: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Embeddings table, or - for an Arrow stream on stdin; several tables are sets, each with "
            "labels of its own. Default: embeddings.parquet"
        ),
    ] = None,
    task: Task = None,
    labels: Labels = None,
    target: Target = None,
    kind: Kind = None,
    positive: Positive = None,
    label_map: Annotated[
        Path | None,
        typer.Option(
            help="CSV of label,class (and set): what labels are called in common; others are left out."
        ),
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option(
            metavar="placement|set|participant|COLUMN",
            help="Hold out each placement, set (table), participant, or value of a column of "
            "participants.csv such as site, with its people.",
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            help="Score on this outside set alone: an embeddings table, or a folder of recordings, which the "
            "same model embeds. May be given again."
        ),
    ] = None,
    label_share: Annotated[
        str | None,
        typer.Option(help="Learning curve over shares of the labels in %, such as 100,30,10,3,1."),
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
    ] = MIN_SEGMENTS,
    epoch: Epoch = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join((*KINDS, BOTH)),
            help="Kind of probe; several with commas, or the option again. lda tells classes apart only. "
            "Default: both (linear and mlp).",
            autocompletion=probe_kinds,
        ),
    ] = None,
    folds: Folds = FOLDS,
    bootstrap: Bootstrap = BOOTSTRAP,
    keep_nonwear: KeepNonwear = False,
    min_quality: MinQuality = MIN_QUALITY,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Probe folder. Default: probes/TASK.")
    ] = None,
    overwrite: Overwrite = False,
    seed: Seed = SEED,
    json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Score what embeddings tell about a task, on people that the probe has not seen."""
    from wearcli.cli.arguments import task_name
    from wearcli.existence import check_tables

    tables, name = embeddings or EMBEDDINGS, task_name(task)
    check_tables([tables] if isinstance(tables, str) else tables)

    from wearcli.cli.console import progress
    from wearcli.probing.learning_curve import parse_shares
    from wearcli.probing.probe import probe as run

    with progress("fits") as display:
        bar = display.add_task("reading", total=None)

        def step(name: str, done: int, total: int) -> None:
            display.update(bar, description=f"probe {name}", completed=done, total=total)

        result = run(
            tables,
            task=name,
            labels=labels,
            target=target,
            kind=cast(Any, kind),
            positive=positive,
            label_map=label_map,
            leave_out=leave_out,
            test=test or [],
            label_share=[] if label_share is None else parse_shares(label_share),
            level=cast(Any, level),
            min_segments=min_segments,
            epoch=epoch,
            probe=probe or PROBES,
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
    _show(result, json)


def _show(result: "ProbeResult", json: bool) -> None:
    """Print what was chosen, warnings, scores and the document."""
    from wearcli.cli.console import print_json, say, say_detail, stderr
    from wearcli.cli.scores import print_scores

    for name, targets in result.chosen.items():
        for column, choice in targets.items():
            say_detail(f"{name} probe of {column}: chosen inside the training folds: {choice}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    print_scores(result, stderr())
    if json:
        print_json(result.to_json())
