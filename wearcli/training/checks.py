"""What no run can have is refused before anything is written."""

from wearcli.errors import UsageError
from wearcli.existence import check_recordings
from wearcli.modality import MODALITIES
from wearcli.options import OptionField, check_options
from wearcli.training.methods.registry import METHODS
from wearcli.training.presets import fits
from wearcli.training.settings import PARTS, DataOptions, Settings, Watching, common_options


def check_settings(settings: Settings) -> None:
    """Raise UsageError for a value that no run can have."""
    for part in (*PARTS, "own"):
        check_options(getattr(settings, part))
    method, modality = METHODS[settings.run.method], settings.data.modality
    if method.modalities and modality not in method.modalities:
        raise UsageError(
            f"--method {method.name} is of {_titles(method.modalities)}, not of {modality}: use another"
        )
    for item in (*common_options(), *method.own_options):
        _check_signal(item, settings.flat()[item.name], modality)
    _check_watching(settings.watching)
    for term in settings.run.terms:
        if "=" not in term:
            raise UsageError(f"--terms {term}: give SET=TERMS")
    settings.data.reading().check()


def check_paths(options: DataOptions) -> None:
    """Raise UsageError where there is nothing to train on."""
    if not options.paths:
        raise UsageError(
            "nothing to train on and no folder recordings/ here: name recordings or a window store, or put "
            "paths = [...] under [pretrain] in wearcli.toml"
        )
    check_recordings(options.paths, "name recordings or a window store")


def _check_signal(item: OptionField, value: object, modality: str) -> None:
    """Raise UsageError for an option that the signal has no use for."""
    if value == item.default or fits(item, modality):
        return
    titles = _titles(tuple(name for name in MODALITIES if fits(item, name)))
    raise UsageError(f"{item.flag} is of {titles}, not of {modality}: leave it out")


def _check_watching(options: Watching) -> None:
    """Raise UsageError for options of --watch without it."""
    usual, needing = Watching(), ("watch_task", "watch_epoch", "watch_every")
    changed = any(getattr(options, name) != getattr(usual, name) for name in needing)
    if options.watch is None and changed:
        raise UsageError("--watch-task, --watch-epoch and --watch-every are of --watch: name a study with it")


def _titles(modalities: tuple[str, ...]) -> str:
    return " and ".join(MODALITIES[name].title for name in modalities)
