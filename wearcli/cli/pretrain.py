"""`wearcli pretrain`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wearcli.cli.console import (
    Columns,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    RateHz,
    Seed,
    TimeColumn,
    TimeUnit,
    Unit,
    Workers,
)


class Method(StrEnum):
    """Objectives."""

    simclr = "simclr"


class Encoder(StrEnum):
    """Encoders."""

    fast = "fast"
    relcon = "relcon"


class Device(StrEnum):
    """Where to train."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Precision(StrEnum):
    """How to multiply."""

    auto = "auto"
    bf16 = "bf16"
    fp32 = "fp32"


# With --resume the run's own config.toml decides; only these may stand beside it.
BESIDE_RESUME = {"resume", "device", "workers", "json", "dry_run"}


def pretrain(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Recordings, folders of them, or window stores. Default: recordings/"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The run folder. Default: runs/METHOD-ENCODER, numbered."),
    ] = None,
    method: Annotated[Method, typer.Option(help="The objective.")] = Method.simclr,
    encoder: Annotated[Encoder, typer.Option(help="What is trained.")] = Encoder.fast,
    revin: Annotated[
        bool,
        typer.Option("--revin", help="Normalise each window inside the encoder: hides gravity's direction."),
    ] = False,
    steps: Annotated[int | None, typer.Option(help="Batches to train on. Default: 10000.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time to train, in place of --steps or as its limit.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Pairs of windows a step.")] = 256,
    lr: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.")] = 0.01,
    warmup: Annotated[int, typer.Option(help="Steps in which the learning rate rises.")] = 200,
    clip_norm: Annotated[float, typer.Option(help="Greatest norm of the gradient.")] = 1.0,
    rate: Annotated[
        float | None, typer.Option(help="Hz of the windows. Default: 50, or the store's.")
    ] = None,
    window: Annotated[float | None, typer.Option(help="Seconds. Default: 5, or the store's.")] = None,
    stride: Annotated[
        float | None, typer.Option(help="Seconds from window to window. Default: one window.")
    ] = None,
    positive_seconds: Annotated[
        float, typer.Option(help="How far apart the two windows of a pair may lie.")
    ] = 10.0,
    max_degrees: Annotated[
        float, typer.Option(help="Greatest random rotation of a view; 180 for any.")
    ] = 25.0,
    noise: Annotated[float, typer.Option(help="Greatest deviation of a view's noise, g; 0: none.")] = 0.05,
    scale: Annotated[float, typer.Option(help="Deviation of a view's factor; 0: none.")] = 0.1,
    warp: Annotated[float, typer.Option(help="How much a view's time may run unevenly; 0: not.")] = 0.15,
    temperature: Annotated[float, typer.Option(help="Of the contrast.")] = 0.1,
    validation: Annotated[float, typer.Option(help="Share of participants set aside to validate.")] = 0.1,
    validate_every: Annotated[int, typer.Option(help="Steps.")] = 500,
    patience: Annotated[
        int, typer.Option(help="Validations without a better one before training stops; 0: never.")
    ] = 20,
    checkpoint_every: Annotated[int, typer.Option(help="Steps.")] = 500,
    precision: Annotated[
        Precision, typer.Option(help="auto: bf16 where the machine has it.")
    ] = Precision.auto,
    seed: Seed = 0,
    device: Annotated[Device, typer.Option(help="auto: the GPU if there is one.")] = Device.auto,
    workers: Workers = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with a run, as its config.toml says.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the model. Default: METHOD-ENCODER.")] = None,
    licence: Annotated[str, typer.Option(help="Of the weights, for the card.")] = "not stated",
    terms: Annotated[
        list[str] | None, typer.Option(metavar="SET=TERMS", help="Terms of a training set, for the card.")
    ] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    participant_from: ParticipantFrom = None,
    unit: Unit = None,
    rate_hz: RateHz = None,
    columns: Columns = None,
    time_column: TimeColumn = None,
    time_unit: TimeUnit = None,
) -> None:
    """Train an encoder on recordings without labels; ends with a model folder that `embed` takes.

    Writes config.toml, people.json, metrics.jsonl, checkpoint/ and model/ into the run folder. A run that was
    stopped goes on with --resume. Exit code 1: some recording could not be read; the others were used.
    """
    from wearcli.cli.console import print_json, progress, say
    from wearcli.errors import UsageError

    try:
        from wearcli.training.pretrain import plan
        from wearcli.training.pretrain import pretrain as run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("torch", "safetensors", "onnx", "onnxscript"):
            raise
        raise UsageError(f"pretraining needs {error.name}: pip install 'wearcli[train]'") from None

    own = {"context", "paths", "output", "device", "workers", "resume", "overwrite", "dry_run", "json"}
    options = {key: value for key, value in context.params.items() if key not in own}
    options = {key: value.value if isinstance(value, StrEnum) else value for key, value in options.items()}
    options["terms"] = tuple(terms or ())
    if resume is not None:
        for key in context.params:
            source = context.get_parameter_source(key)
            if key not in BESIDE_RESUME and source is not None and source.name == "COMMANDLINE":
                said = "PATHS" if key == "paths" else "--" + key.replace("_", "-")
                raise UsageError(f"--resume goes on with a run as it was set: leave {said} out")
        options = {}
    elif not paths and Path("recordings").is_dir():
        paths = [Path("recordings")]
    if dry_run:
        planned = plan(
            paths or (), output, resume=resume, overwrite=overwrite, device=device.value, **options
        )
        for key, value in planned.items():
            say(f"{key}: {value}")
        if json:
            print_json(planned)
        return

    with progress("%") as display:
        task = display.add_task("pretrain", total=100)

        def report(done: float, metrics: dict[str, float]) -> None:
            text = f"step {metrics['step']}"
            if "loss" in metrics:
                text += f", loss {metrics['loss']:.3f}"
            display.update(task, completed=round(100 * done), description=text)
            if "validation_loss" in metrics:
                left = metrics["seconds"] * (1 - done) / max(done, 1e-9) / 60
                say(
                    f"{text}: validation loss {metrics['validation_loss']:.3f}, effective rank "
                    f"{metrics['effective_rank']:.1f}, {left:.0f} min left"
                )

        try:
            result = run(
                paths or (),
                output,
                resume=resume,
                overwrite=overwrite,
                device=device.value,
                workers=workers,
                report=report,
                say=say,
                **options,
            )
        except KeyboardInterrupt as stopped:
            say(f"wearcli: interrupted; {stopped}" if stopped.args else "wearcli: interrupted")
            raise typer.Exit(130) from None
    if json:
        print_json(result)
    say(
        f"{result['steps']} steps in {result['seconds']:.0f} s ({result['anchors_per_s']:,.0f} anchors/s), "
        f"loss {result['loss']:.3f}; the model is in {result['model']}"
    )
    say(f"use it: wearcli embed recordings/ --model {result['model']}")
    if result["failed"]:
        raise typer.Exit(1)
