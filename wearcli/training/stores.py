"""The paths of a run to window stores: those that are one are opened, recordings are cut into one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.reading import Reading
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.store_shards import is_store, store_folders
from wearcli.signals.windows import WindowSpec
from wearcli.training.methods.registry import METHODS
from wearcli.training.settings import DataOptions, Settings
from wearcli.words import counted

Failed = list[dict[str, str]]


def open_stores(
    settings: Settings, own: Path, say: Callable[[str], None]
) -> tuple[list[WindowStore], Failed]:
    """The stores among the paths, and one of the recordings among them.

    Args:
        settings: The settings of the run.
        own: The store of the recordings, written where it is missing.
        say: Called with each line for people.

    Returns:
        The stores; name and error of each recording that could not be read.

    Raises:
        UsageError: A path is missing, or --rate, --window or --stride contradict a store.
    """
    options, stores = settings.data, own_stores(settings)
    check_stores(settings, stores)
    if all(is_store(Path(path)) for path in options.paths) and not stores:
        raise UsageError(
            f"no path has {options.modality}: name recordings, or a store of it too (preprocess --modality "
            f"{options.modality} --align)"
        )
    spec = window_spec(settings, stores)
    return with_recordings(
        options, stores, own, spec, options.modality, options.channels, options.reading(), say
    )


def with_recordings(
    options: DataOptions,
    stores: list[WindowStore],
    own: Path,
    spec: WindowSpec,
    modality: Modality,
    channels: int | None,
    reading: Reading,
    say: Callable[[str], None],
) -> tuple[list[WindowStore], Failed]:
    """These stores, and the one in `own` of the recordings among the paths; what could not be read."""
    failed: Failed = []
    recordings = [path for path in map(Path, options.paths) if not is_store(path)]
    if recordings:
        if not is_store(own):
            result = preprocess(
                recordings,
                own,
                rate_hz=spec.rate_hz,
                window_s=spec.window_s,
                stride_s=spec.stride_s,
                align=spec.align,
                modality=modality,
                channels=channels,
                participant_from=options.participant_from,
                reading=reading,
                finished=lambda source, error: say(f"left out: {error}") if error else None,
            )
            count = counted(result.recordings, "recording")
            say(f"{result.participant_rule}; {counted(result.windows, 'window', ',')} of {count}")
            if result.participant_doubt:
                say(f"warning: {result.participant_doubt}")
            for note in result.notes:
                say(f"note: {note}")
            failed = result.failed
        stores = [*stores, WindowStore.open(own)]
    return stores, failed


def all_stores(settings: Settings) -> list[WindowStore]:
    """The window stores among the paths."""
    return [WindowStore.open(folder) for path in settings.data.paths for folder in store_folders(Path(path))]


def own_stores(settings: Settings) -> list[WindowStore]:
    """The window stores to learn from; where a second signal teaches, its stores are not among them."""
    stores = all_stores(settings)
    if METHODS[settings.run.method].paired is None:
        return stores
    return [store for store in stores if store.settings.modality == settings.data.modality]


def check_stores(settings: Settings, stores: Sequence[WindowStore]) -> None:
    """Raise UsageError where a store has another signal, or was cut otherwise, than the settings ask for."""
    for store in stores:
        written = store.settings
        if written.modality != settings.data.modality:
            raise UsageError(
                f"{store.folder}: its windows are of {written.modality}, not {settings.data.modality}: give "
                f"--modality {written.modality}, or another store"
            )
        values = {"rate": written.rate_hz, "window": written.window_s, "stride": written.stride_s}
        for option, value in values.items():
            wanted = getattr(settings.data, option)
            if wanted is not None and abs(wanted - value) > 1e-6 * value:
                raise UsageError(
                    f"{store.folder}: its {option} is {value:g}, not {wanted:g}: leave --{option} out, or "
                    "write the store anew"
                )


def window_spec(settings: Settings, stores: Sequence[WindowStore]) -> WindowSpec:
    """How recordings are cut: as the settings say, else as the stores beside them, else as is usual."""
    options, usual = settings.data, MODALITIES[settings.data.modality]
    paired = METHODS[settings.run.method].paired
    like = stores[0].settings if stores else None
    rate = options.rate or (like.rate_hz if like else usual.rate_hz)
    window = options.window or (like.window_s if like else paired.window_s if paired else usual.window_s)
    stride = options.stride or (like.stride_s if like else min(window, paired.stride_s) if paired else window)
    return WindowSpec(rate, window, stride, align=None if paired is None else 0.0)
