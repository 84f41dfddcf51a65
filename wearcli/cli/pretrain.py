"""`wearcli pretrain`; its options are those of `training.settings` and of the training methods."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from wearcli.cli.console import print_json, progress, say
from wearcli.cli.from_dataclass import (
    default_text,
    given_options,
    option_fields,
    option_parameters,
    takes_options,
)
from wearcli.cli.options import OUTPUT, DryRun, Json, Overwrite, Workers
from wearcli.errors import UsageError
from wearcli.existence import check_run
from wearcli.options import OptionField
from wearcli.training.checks import check_paths, check_settings
from wearcli.training.methods.registry import METHODS
from wearcli.training.presets import settings_with_defaults
from wearcli.training.settings import PARTS, common_options
from wearcli.words import counted

# The titles of the panels of the parts of the settings.
TITLES = {
    "run": "Common",
    "data": "Data",
    "optimisation": "Optimisation",
    "views": "Views",
    "validation": "Validation and checkpoints",
    "watching": "Watching a study",
}
SEVERAL = "Several methods"
# With --resume the config.toml of the run decides; only these may stand beside it.
BESIDE_RESUME = {"resume", "device", "workers", "json", "dry_run", "quiet", "verbose", "debug"}
NEEDED = ("torch", "safetensors", "onnx", "onnxscript", "tomli_w")


def panels() -> list[inspect.Parameter]:
    """The options of all panels: the common parts, options of several methods, then one panel a method."""
    owners: dict[str, list[str]] = {}
    fields: dict[str, OptionField] = {}
    for method in METHODS.values():
        for field in method.own_options:
            owners.setdefault(field.name, []).append(method.name)
            fields.setdefault(field.name, field)
    usual = {field.name: field.default for field in (*common_options(), *fields.values())}
    special = _special_defaults(owners, usual)

    def default(field: OptionField) -> str | None:
        own_text, others = special.get(field.name, (None, []))
        first = own_text or default_text(field)
        return "; ".join([*([first] if first else []), *others]) or None

    parameters: list[inspect.Parameter] = []
    for part, title in TITLES.items():
        parameters += option_parameters(option_fields(PARTS[part]), title, default)
    shared = [fields[name] for name, names in owners.items() if len(names) > 1]
    parameters += option_parameters(
        shared, SEVERAL, default, lambda field: f"[{', '.join(owners[field.name])}] "
    )
    for method in METHODS.values():
        own = [fields[name] for name, names in owners.items() if names == [method.name]]
        parameters += option_parameters(own, f"{method.name}: {method.title}", default)
    return parameters


def _special_defaults(
    owners: dict[str, list[str]], usual: dict[str, Any]
) -> dict[str, tuple[str | None, list[str]]]:
    """The defaults by option that a method has by itself or in its paper.

    Args:
        owners: The methods of an option that is not common.
        usual: The defaults of the fields.

    Returns:
        The default that takes the place of the field's, and the texts that stand beside it.
    """
    special: dict[str, tuple[str | None, list[str]]] = {}
    for method in METHODS.values():
        for name, value in method.defaults.items():
            if owners.get(name) == [method.name]:
                special[name] = (_text(value), [])
            else:
                special.setdefault(name, (None, []))[1].append(f"{method.name} {_text(value)}")
        for name, value in (method.paper or {}).items():
            if method.defaults.get(name, usual[name]) != value:
                special.setdefault(name, (None, []))[1].append(f"{method.name}'s paper {_text(value)}")
    return special


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@takes_options(panels)
def pretrain(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATHS", help="Recordings, folders of them, or window stores. Default: recordings/"
        ),
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="RUN",
            help="The run folder to write. Default: runs/METHOD-ENCODER, numbered.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Go on with a run, as its config.toml says.", rich_help_panel=OUTPUT
        ),
    ] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(
            help="Where to train; auto takes the GPU if there is one. Default: auto.",
            rich_help_panel=TITLES["optimisation"],
            show_default=False,
        ),
    ] = "auto",
    workers: Workers = None,
    **options: Any,
) -> None:
    """Train an encoder on recordings; ends with a model folder that `embed` takes.

    Writes config.toml, people.json, metrics.jsonl, curves.png, checkpoint/ and model/ into the run folder. A
    run that was stopped goes on with --resume. Exit code 1: some recording could not be read; the others
    were used.
    """
    if resume is not None:
        _check_resume(context)
        options = {}
    elif not paths and Path("recordings").is_dir():
        paths = [Path("recordings")]
    given = _without_foreign(context, given_options(options))
    arguments: dict[str, Any] = {"resume": resume, "overwrite": overwrite, "device": device, **given}
    if resume is not None:
        check_run(resume)
    else:
        settings = settings_with_defaults({**given, "paths": tuple(map(str, paths or ()))})
        check_settings(settings)
        check_paths(settings.data)
    plan, run = _training()
    if dry_run:
        planned = plan(paths or (), output, **arguments)
        for key, value in planned.items():
            say(f"{key}: {value}")
        if json:
            print_json(planned)
        return
    with progress("%") as display:
        task = display.add_task("pretrain", total=100)

        def report(done: float, metrics: dict[str, Any]) -> None:
            text = _step_text(metrics)
            display.update(task, completed=round(100 * done), description=text)
            if figures := figures_text(metrics):
                left = metrics["seconds"] * (1 - done) / max(done, 1e-9) / 60
                say(f"{text}: {figures}" + (f", {left:.0f} min left" if done else ""))

        try:
            result = run(paths or (), output, workers=workers, report=report, say=say, **arguments)
        except KeyboardInterrupt as stopped:
            say(f"wearcli: interrupted; {stopped}" if stopped.args else "wearcli: interrupted")
            raise typer.Exit(130) from None
    if os.environ.get("RANK", "0") != "0":  # of torchrun's processes the first speaks for all
        return
    if json:
        print_json(result)
    for line in _result_lines(result):
        say(line)
    if result["failed"]:
        raise typer.Exit(1)


def _training() -> tuple[Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]:
    """The functions `plan` and `pretrain`, which import torch."""
    try:
        from wearcli.training.plan import plan
        from wearcli.training.pretrain import pretrain
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in NEEDED:
            raise
        raise UsageError(f"pretraining needs {error.name}: pip install 'wearcli[train]'") from None
    return plan, pretrain


def _check_resume(context: typer.Context) -> None:
    """Raise UsageError for flags that a run that goes on cannot have."""
    for name in context.params:
        if name not in BESIDE_RESUME and _source(context, name) == "COMMANDLINE":
            flag = "PATHS" if name == "paths" else "--" + name.replace("_", "-")
            raise UsageError(f"--resume goes on with a run as it was set: leave {flag} out")


def _without_foreign(context: typer.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The options without those of other methods that stand in wearcli.toml, which is there for all runs."""
    method = METHODS[options.get("method", "simclr")]
    own = {field.name for field in method.own_options}
    foreign = {field.name for other in METHODS.values() for field in other.own_options} - own
    return {
        name: value
        for name, value in options.items()
        if name not in foreign or _source(context, name) == "COMMANDLINE"
    }


def _source(context: typer.Context, name: str) -> str:
    """Where the value of a parameter comes from: COMMANDLINE, DEFAULT_MAP, DEFAULT, ..."""
    return str(getattr(context.get_parameter_source(name), "name", ""))


def _step_text(metrics: dict[str, Any]) -> str:
    text = f"{metrics['stage']}: " if "stage" in metrics else ""
    text += f"step {metrics['step']}"
    return text + (f", loss {metrics['loss']:.3f}" if "loss" in metrics else "")


def _result_lines(result: dict[str, Any]) -> tuple[str, str]:
    """What a run has made, and how to use it."""
    length = f"{counted(result['steps'], 'step')} in {result['seconds']:.0f} s"
    if "model" not in result:
        return (
            f"the distance is learned: {length}, loss {result['loss']:.3f}",
            f"use it: wearcli pretrain PATHS --method relcon --distance {result['run']}",
        )
    return (
        f"{length} ({result['anchors_per_s']:,.0f} anchors/s), loss {result['loss']:.3f}; "
        f"the model is in {result['model']}",
        f"use it: wearcli embed recordings/ --model {result['model']}",
    )


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
