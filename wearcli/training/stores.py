"""The paths of a run to window stores: those that are one are opened, recordings are cut into one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wearcli.errors import UsageError
from wearcli.signals.modality import CUTS
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.windows import WindowSpec
from wearcli.training.settings import Settings

Failed = list[dict[str, str]]


def is_store(path: Path) -> bool:
    """Whether `path` is a window store's folder."""
    return (path / "store.json").is_file()


def open_stores(
    settings: Settings, own: Path, say: Callable[[str], None]
) -> tuple[list[WindowStore], Failed]:
    """The stores among the paths, and one in `own` for the recordings among them (written if missing).

    Also the recordings that could not be read: name and error of each. Raises UsageError where a path
    is missing, or where --rate, --window or --stride contradict a store.
    """
    paths = [Path(path) for path in settings.paths]
    stores = [WindowStore.open(path) for path in paths if is_store(path)]
    check_stores(settings, stores)
    failed: Failed = []
    recordings = [path for path in paths if not is_store(path)]
    if recordings:
        if not is_store(own):
            spec = window_spec(settings, stores)
            result = preprocess(
                recordings,
                own,
                rate_hz=spec.rate_hz,
                window_s=spec.window_s,
                stride_s=spec.stride_s,
                modality=settings.modality,
                channels=settings.channels,
                participant_from=settings.participant_from,
                reading=settings.reading(),
                finished=lambda source, error: say(f"left out: {error}") if error else None,
            )
            say(f"{result.participant_rule}; {result.windows:,} windows of {result.recordings} recordings")
            for note in result.notes:
                say(f"note: {note}")
            failed = result.failed
        stores.append(WindowStore.open(own))
    return stores, failed


def check_stores(settings: Settings, stores: Sequence[WindowStore]) -> None:
    """Raise UsageError where a store is of another signal, or otherwise cut, than the settings say."""
    for store in stores:
        of = store.settings
        if of.modality != settings.modality:
            raise UsageError(
                f"{store.folder}: its windows are of {of.modality}, not {settings.modality}: give "
                f"--modality {of.modality}, or another store"
            )
        for option, has in (("rate", of.rate_hz), ("window", of.window_s), ("stride", of.stride_s)):
            wanted = getattr(settings, option)
            if wanted is not None and abs(wanted - has) > 1e-6 * has:
                raise UsageError(
                    f"{store.folder}: its {option} is {has:g}, not {wanted:g}: leave --{option} out, or "
                    "write the store anew"
                )


def check_paths(settings: Settings) -> None:
    """Raise UsageError where there is nothing to train on."""
    if not settings.paths:
        raise UsageError(
            "nothing to train on and no folder recordings/ here: name recordings or a window store, or put "
            "paths = [...] under [pretrain] in wearcli.toml"
        )
    for path in settings.paths:
        if not Path(path).exists():
            raise UsageError(f"{path}: no such file or folder: name recordings or a window store")


def window_spec(settings: Settings, stores: Sequence[WindowStore]) -> WindowSpec:
    """How recordings are cut: as the settings say, else as the stores beside them, else as `CUTS` has it."""
    usual = CUTS[settings.modality]
    like = stores[0].settings if stores else None
    rate = settings.rate or (like.rate_hz if like else usual.rate_hz)
    window = settings.window or (like.window_s if like else usual.window_s)
    return WindowSpec(rate, window, settings.stride or (like.stride_s if like else window))
