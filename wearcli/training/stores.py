"""The paths of a run to window stores: those that are one are opened, recordings are cut into one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, Modality
from wearcli.models.folder import Model
from wearcli.recordings.reading import Reading
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.windows import WindowSpec
from wearcli.training.methods.distill.teacher import check_windows
from wearcli.training.settings import Settings

Failed = list[dict[str, str]]
# Pairs of distillation: a minute (Abbaspourazad et al., arXiv 2412.11276), another one every ten seconds.
PAIR_WINDOW_S, PAIR_STRIDE_S = 60.0, 10.0


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
    stores = stores_of(settings, settings.modality)
    check_stores(settings, stores)
    if all(is_store(Path(path)) for path in settings.paths) and not stores:
        raise UsageError(
            f"no path has {settings.modality}: name recordings, or a store of it too (preprocess --modality "
            f"{settings.modality} --align)"
        )
    spec = window_spec(settings, stores)
    return _with_recordings(
        settings, stores, own, spec, settings.modality, settings.channels, settings.reading(), say
    )


def open_partners(
    settings: Settings, teacher: Model, like: WindowStore, own: Path, say: Callable[[str], None]
) -> tuple[list[WindowStore], Failed]:
    """The same of the teacher's signal, cut at the student's times: `like` is a store of its windows."""
    of, student = teacher.config, like.settings
    if other := [
        store
        for store in stores_of(settings)
        if store.settings.modality not in (teacher.modality, settings.modality)
    ]:
        raise UsageError(
            f"{other[0].folder}: its windows are of {other[0].settings.modality}, neither of "
            f"{settings.modality} nor of the teacher's {teacher.modality}: leave it out"
        )
    spec = WindowSpec(of.rate_hz, student.window_s, student.stride_s, align=settings.clock_offset)
    channels = None if MODALITIES[teacher.modality].channels else len(of.channels)
    stores, failed = _with_recordings(
        settings, stores_of(settings, teacher.modality), own, spec, teacher.modality, channels, Reading(), say
    )
    if not stores:
        raise UsageError(
            f"the teacher {teacher.name} is of {teacher.modality}, and no path has that: name recordings of "
            f"both signals, or a store of it too (preprocess --modality {teacher.modality} --align)"
        )
    for store in stores:
        check_windows(teacher, store.settings.window_s, store.settings.rate_hz)
        if store.settings.window_s != student.window_s:
            raise UsageError(
                f"{store.folder}: windows of {store.settings.window_s:g} s, not of {student.window_s:g} as "
                "the student's: write the stores alike"
            )
        if settings.clock_offset and store.settings.align != settings.clock_offset:
            raise UsageError(
                f"{store.folder}: it was written by a clock of its own: write it with --clock-offset "
                f"{settings.clock_offset:g}, or leave that out here"
            )
        if len(store.settings.channels) != len(of.channels):
            raise UsageError(
                f"{store.folder}: {len(store.settings.channels)} channels, but the teacher {teacher.name} "
                f"takes {len(of.channels)}: write the store with --channels"
            )
    return stores, failed


def _with_recordings(
    settings: Settings,
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
    recordings = [path for path in map(Path, settings.paths) if not is_store(path)]
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
                participant_from=settings.participant_from,
                reading=reading,
                finished=lambda source, error: say(f"left out: {error}") if error else None,
            )
            say(f"{result.participant_rule}; {result.windows:,} windows of {result.recordings} recordings")
            for note in result.notes:
                say(f"note: {note}")
            failed = result.failed
        stores = [*stores, WindowStore.open(own)]
    return stores, failed


def stores_of(settings: Settings, modality: Modality | None = None) -> list[WindowStore]:
    """The window stores among the paths; where there is a teacher, those of this signal alone."""
    stores = [WindowStore.open(Path(path)) for path in settings.paths if is_store(Path(path))]
    if settings.teacher is None or modality is None:
        return stores
    return [store for store in stores if store.settings.modality == modality]


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
    """How recordings are cut: as the settings say, else as the stores beside them, else as usual."""
    usual = MODALITIES[settings.modality]
    like = stores[0].settings if stores else None
    rate = settings.rate or (like.rate_hz if like else usual.rate_hz)
    paired = settings.teacher is not None
    window = settings.window or (like.window_s if like else PAIR_WINDOW_S if paired else usual.window_s)
    stride = settings.stride or (like.stride_s if like else min(window, PAIR_STRIDE_S) if paired else window)
    return WindowSpec(rate, window, stride, align=0.0 if paired else None)
