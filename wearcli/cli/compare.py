"""`wearcli compare`."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from wearcli.cli.completion import model_names, probe_kinds
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
    ParticipantFrom,
    Positive,
    Seed,
    Target,
    Task,
)
from wearcli.cli.reading import takes_reading
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.probing.defaults import BOOTSTRAP, COMPARED_BY, FOLDS, SEED
from wearcli.probing.kinds import KINDS
from wearcli.recordings.reading import Reading


@takes_reading()
def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODELS",
            help="Bundled models, model folders, run folders of pretrain, embeddings tables.",
            autocompletion=model_names,
        ),
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(help="What the models embed, with its labels. Default: recordings/")
    ] = None,
    task: Task = None,
    epoch: Epoch = None,
    probe: Annotated[
        str,
        typer.Option(
            metavar="|".join(KINDS), help="Kind of probe, of all models.", autocompletion=probe_kinds
        ),
    ] = COMPARED_BY,
    labels: Labels = None,
    target: Target = None,
    kind: Kind = None,
    positive: Positive = None,
    folds: Folds = FOLDS,
    bootstrap: Bootstrap = BOOTSTRAP,
    seed: Seed = SEED,
    stride: Annotated[
        float | None,
        typer.Option(help="Seconds from window to window, of all models. Default: each its own."),
    ] = None,
    no_untrained: Annotated[
        bool, typer.Option("--no-untrained", help="Leave the encoder of random weights out.")
    ] = False,
    keep_nonwear: KeepNonwear = False,
    min_quality: MinQuality = MIN_QUALITY,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The folder. Default: comparisons/TASK.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    dry_run: DryRun = False,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
) -> None:
    """Score encoders side by side: the same people, samples and folds, with paired differences.

    Beside them stand hand-made features, the trivial predictor and an encoder of random weights. Writes
    comparison.json and tables/, from which a rerun or a further model takes what is embedded already. Exit
    code 1: a model or a recording failed; it is named, the others were compared.
    """
    from wearcli.cli.arguments import task_name
    from wearcli.existence import check_recordings

    name = task_name(task)
    if recordings is not None:
        check_recordings([recordings])

    from wearcli.cli.comparison_table import print_comparison
    from wearcli.cli.console import print_json, progress, say, say_error, stderr
    from wearcli.comparison.compare import compare as run

    with progress("%") as display:
        bars: dict[str, Any] = {}

        def watch(phase: str, name: str, share: float) -> None:
            # A bar for each of the two, as the pace of one tells nothing of the other.
            if phase not in bars:
                bars[phase] = display.add_task(phase, total=100)
            display.update(bars[phase], description=f"{phase} {name}", completed=round(100 * share))

        try:
            result = run(
                models or [],
                recordings,
                task=name,
                labels=labels,
                target=target,
                kind=cast(Any, kind),
                positive=positive,
                epoch=epoch,
                probe=probe,
                folds=folds,
                bootstrap=bootstrap,
                seed=seed,
                stride_s=stride,
                untrained=not no_untrained,
                keep_nonwear=keep_nonwear,
                min_quality=min_quality,
                participant_from=participant_from,
                reading=reading,
                output=output,
                overwrite=overwrite,
                dry_run=dry_run,
                watch=watch,
            )
        except KeyboardInterrupt as stopped:
            say_error(f"wearcli: interrupted; {stopped}" if stopped.args else "wearcli: interrupted")
            raise typer.Exit(130) from None
    for failure in result.failed:
        error = failure["error"]
        name = failure.get("model", "")
        say_error(f"failed: {error}" if name in error else f"failed: {name}: {error}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    print_comparison(result, stderr())
    if json:
        print_json(result.to_json())
    if result.failed:
        raise typer.Exit(1)
