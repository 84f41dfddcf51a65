"""`wearcli pretrain`."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from wearcli.cli.choices import (
    Device,
    DistanceLoss,
    Encoder,
    Method,
    Negatives,
    Positives,
    Precision,
    Preset,
    Schedule,
    Stage,
)
from wearcli.cli.options import (
    Channels,
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
from wearcli.modality import Modality

OF_THE_COMMAND = {"paths", "output", "device", "workers", "resume", "overwrite", "dry_run", "json"}
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
    preset: Annotated[
        Preset,
        typer.Option(help="Defaults of the options: what trains best here, or the paper's."),
    ] = Preset.default,
    modality: Annotated[Modality, typer.Option(help="The signal to learn from.")] = "acc",
    channels: Channels = None,
    min_quality: Annotated[
        float,
        typer.Option(
            help="ppg, ecg: windows of a lower quality, 0 to 1, are left out; distill: of the teacher."
        ),
    ] = 0.5,
    encoder: Annotated[
        Encoder | None,
        typer.Option(
            help="What is trained. Default: fast; ppg, ecg pulse; multitask streams; distill ballistic; or "
            "the paper's."
        ),
    ] = None,
    revin: Annotated[
        bool,
        typer.Option("--revin", help="Normalise each window inside the encoder: hides gravity's direction."),
    ] = False,
    steps: Annotated[int | None, typer.Option(help="Batches to train on. Default: 10000.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time to train, in place of --steps or as its limit.")
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Times that there are as many anchors as windows, likewise.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Anchors a step. Default: 256 pairs; 168 anchors for relcon.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option(help="The highest learning rate. Default: 0.001; distill 0.003.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of AdamW. Default: 0.01.")] = None,
    schedule: Annotated[
        Schedule | None, typer.Option(help="Of the learning rate. Default: cosine, down to a hundredth.")
    ] = None,
    warmup: Annotated[
        int | None, typer.Option(help="Steps in which the learning rate rises. Default: 200.")
    ] = None,
    clip_norm: Annotated[
        float | None, typer.Option(help="Greatest norm of the gradient; 0: any. Default: 1.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Hz of the windows. Default: 50; ppg 64, ecg 128; or the store's.")
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(help="Seconds. Default: 5; ppg 30, ecg 10; distill 60; or the store's."),
    ] = None,
    stride: Annotated[
        float | None,
        typer.Option(help="Seconds from window to window. Default: one window; distill 10."),
    ] = None,
    positive_seconds: Annotated[
        float, typer.Option(help="How far apart the two windows of a pair may lie.")
    ] = 10.0,
    max_degrees: Annotated[
        float | None, typer.Option(help="Greatest random rotation of a view; 180: any. Default: 25.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(help="Greatest deviation of a view's noise, g. Default: 0.05; distill 0.0005."),
    ] = None,
    scale: Annotated[float | None, typer.Option(help="Deviation of a view's factor. Default: 0.1.")] = None,
    warp: Annotated[
        float | None, typer.Option(help="How unevenly a view's time may run. Default: 0.15; distill 0.05.")
    ] = None,
    poor: Annotated[
        float | None, typer.Option(help="Share of views with a poor sensor's rate, range, steps. Default: 0.")
    ] = None,
    contrast: Annotated[
        float | None, typer.Option(help="multitask: weight of the pairs beside the labels. Default: 1.")
    ] = None,
    whiten: Annotated[
        bool,
        typer.Option(
            "--whiten/--no-whiten", help="multitask: make small in the end what differs within classes."
        ),
    ] = True,
    temperature: Annotated[
        float | None, typer.Option(help="Of the contrast. Default: 0.1; participant, distill 0.04.")
    ] = None,
    positives: Annotated[
        Positives, typer.Option(help="participant: pairs of two segments of a person, or of one segment.")
    ] = Positives.participant,
    koleo: Annotated[
        float, typer.Option(help="participant: weight of what spreads the embeddings; 0: none.")
    ] = 0.1,
    momentum: Annotated[
        float, typer.Option(help="participant: of the slow copy that gives a pair's other side; 0: none.")
    ] = 0.99,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="distill: a model of another signal of the same people and time, such as ppg, or a run.",
        ),
    ] = None,
    train_teacher: Annotated[
        bool, typer.Option("--train-teacher", help="distill: the teacher, a run's, learns too: not frozen.")
    ] = False,
    clock_offset: Annotated[
        float, typer.Option(help="distill: seconds to add to the clock of the teacher's signal.")
    ] = 0.0,
    max_movement: Annotated[
        float | None,
        typer.Option(help="distill: windows with more movement, g, are left out. Default: 0.03."),
    ] = None,
    near_seconds: Annotated[
        float, typer.Option(help="distill: windows of a person so near are no negatives.")
    ] = 120.0,
    negatives: Annotated[
        Negatives, typer.Option(help="distill: windows of all people, or of the person's own alone.")
    ] = Negatives.all,
    augment: Annotated[
        bool, typer.Option("--augment/--no-augment", help="distill: both sides as random views, or as is.")
    ] = True,
    mask_share: Annotated[float, typer.Option(help="masked: share of the window that is masked.")] = 0.5,
    mask_seconds: Annotated[float, typer.Option(help="masked: length of what is masked at once.")] = 0.2,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SET=]FILE",
            help="recording, onset, duration, label. Default: labels.csv beside the recordings.",
        ),
    ] = None,
    target: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    within: Annotated[int, typer.Option(help="relcon: candidates of an anchor's own person.")] = 20,
    between: Annotated[int, typer.Option(help="relcon: candidates of other people.")] = 63,
    within_seconds: Annotated[
        float, typer.Option(help="relcon: greatest time between windows of one person.")
    ] = 3600.0,
    anchors_per_person: Annotated[
        int | None,
        typer.Option(help="relcon: windows of a person's WITHIN + 1 that are anchors. Default: 0, all."),
    ] = None,
    reuse: Annotated[
        int | None,
        typer.Option(help="relcon: times that a batch and its distances are used. Default: 8, paper 1."),
    ] = None,
    stage: Annotated[
        Stage, typer.Option(help="relcon: distance stops when the distance is learned.")
    ] = Stage.both,
    distance: Annotated[
        Path | None, typer.Option(metavar="RUN", help="relcon: take the learned distance of this run.")
    ] = None,
    distance_steps: Annotated[
        int | None, typer.Option(help="relcon: steps of the first stage. Default: 500.")
    ] = None,
    distance_epochs: Annotated[
        float | None, typer.Option(help="relcon: its length in epochs. Default: 10 in the paper's preset.")
    ] = None,
    distance_batch: Annotated[int, typer.Option(help="relcon: pairs a step of the first stage.")] = 64,
    distance_lr: Annotated[
        float | None, typer.Option(help="relcon: its learning rate. Default: 0.003, paper 0.001.")
    ] = None,
    distance_loss: Annotated[
        DistanceLoss | None,
        typer.Option(help="relcon: the error's logarithm, or its squares. Default: log, paper squares."),
    ] = None,
    validation: Annotated[float, typer.Option(help="Share of participants set aside to validate.")] = 0.1,
    validate_every: Annotated[int | None, typer.Option(help="Steps. Default: 500; distill 50.")] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Validations without a better one before training stops; 0: never. Default: 20; distill 10."
        ),
    ] = None,
    checkpoint_every: Annotated[int, typer.Option(help="Steps.")] = 500,
    watch: Annotated[
        Path | None,
        typer.Option(
            metavar="STUDY",
            help="Labelled recordings, or their file of labels, held out: how well the frozen encoder is "
            "probed on them goes into the log, beside the hand-made features.",
        ),
    ] = None,
    watch_task: Annotated[str, typer.Option(help="Task of --watch, as probe --task has it.")] = "activity",
    watch_epoch: Annotated[
        float | None, typer.Option(help="Seconds over which its windows are pooled. Default: not.")
    ] = None,
    watch_every: Annotated[
        int | None, typer.Option(help="Steps from look to look. Default: --validate-every.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Event files too, in RUN/tensorboard/.")
    ] = False,
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
    """Train an encoder on recordings; ends with a model folder that `embed` takes.

    Only the methods supervised and multitask learn from labels.

    Writes config.toml, people.json, metrics.jsonl, curves.png, checkpoint/ and model/ into the run folder. A
    run that was stopped goes on with --resume. Exit code 1: some recording could not be read; the others
    were used.
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

    # What is not given is left to the method and the preset: the defaults above are those of most.
    sources = {key: str(getattr(context.get_parameter_source(key), "name", "")) for key in context.params}
    options = {
        key: _plain(value)
        for key, value in context.params.items()
        if key not in OF_THE_COMMAND and sources[key] != "DEFAULT"
    }
    if resume is not None:
        for key, source in sources.items():
            if key not in BESIDE_RESUME and source == "COMMANDLINE":
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
            text = f"{metrics['stage']}: " if "stage" in metrics else ""
            text += f"step {metrics['step']}"
            if "loss" in metrics:
                text += f", loss {metrics['loss']:.3f}"
            display.update(task, completed=round(100 * done), description=text)
            if found := figures_text(metrics):
                left = metrics["seconds"] * (1 - done) / max(done, 1e-9) / 60
                say(f"{text}: {found}" + (f", {left:.0f} min left" if done else ""))

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
    if os.environ.get("RANK", "0") != "0":  # of torchrun's processes the first speaks for all
        return
    if json:
        print_json(result)
    length = f"{result['steps']} steps in {result['seconds']:.0f} s"
    if "model" in result:
        say(
            f"{length} ({result['anchors_per_s']:,.0f} anchors/s), loss {result['loss']:.3f}; "
            f"the model is in {result['model']}"
        )
        say(f"use it: wearcli embed recordings/ --model {result['model']}")
    else:
        say(f"the distance is learned: {length}, loss {result['loss']:.3f}")
        say(f"use it: wearcli pretrain PATHS --method relcon --distance {result['run']}")
    if result["failed"]:
        raise typer.Exit(1)


def figures_text(metrics: dict[str, float]) -> str:
    """What a line of the log says of validation and watching; nothing where it is of neither."""
    parts = []
    if "validation_loss" in metrics:
        parts.append(f"validation loss {metrics['validation_loss']:.3f}")
    if "effective_rank" in metrics:
        parts.append(f"effective rank {metrics['effective_rank']:.1f}")
    if "dispersion_ratio" in metrics:
        parts.append(f"dispersion ratio {metrics['dispersion_ratio']:.2f}")
    for name, metric in (("watch_macro_f1", "macro-F1"), ("watch_r", "r")):
        if name in metrics:
            parts.append(f"{metric} {metrics[name]:.3f} on the watched study")
            if "watch_features" in metrics:
                parts.append(f"hand-made features {metrics['watch_features']:.3f}")
    return ", ".join(parts)


def _plain(value: Any) -> Any:
    """An option's value as `Settings` has it."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return str(value) if isinstance(value, Path | StrEnum) else value
