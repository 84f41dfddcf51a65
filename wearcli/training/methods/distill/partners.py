"""The windows of the teacher's signal, cut at the times of the student's."""

from collections.abc import Callable
from pathlib import Path

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES
from wearcli.models.folder import Model, load_model
from wearcli.recordings.reading import Reading
from wearcli.signals.store import WindowStore
from wearcli.signals.windows import WindowSpec
from wearcli.training.data import TrainingData
from wearcli.training.methods.distill.options import DistillOptions
from wearcli.training.methods.distill.pairs import pair_windows
from wearcli.training.methods.distill.teacher import FOLDER as TEACHER
from wearcli.training.methods.distill.teacher import Teacher, check_windows
from wearcli.training.settings import Settings
from wearcli.training.stores import Failed, all_stores, with_recordings

PARTNERS = "partners"  # the folder of a run with the windows of its teacher's signal


def find_partners(
    data: TrainingData,
    settings: Settings,
    options: DistillOptions,
    run: Path,
    say: Callable[[str], None] = lambda message: None,
) -> Failed:
    """Give `data` the windows of the run's teacher; returns what could not be read of its signal."""
    teacher = Teacher(load_model(run / TEACHER))
    stores, failed = open_partners(settings, options, teacher.model, data.stores[0], run / PARTNERS, say)
    partner = TrainingData(stores, settings.data.min_quality)
    data.partners = pair_windows(data, partner, teacher, options.max_movement, say)
    return failed


def open_partners(
    settings: Settings,
    options: DistillOptions,
    teacher: Model,
    like: WindowStore,
    own: Path,
    say: Callable[[str], None],
) -> tuple[list[WindowStore], Failed]:
    """The stores of the teacher's signal among the paths, and one of the recordings among them.

    Args:
        settings: The settings of the run.
        options: The options of distillation among them.
        teacher: The teacher's model.
        like: A store of the student's windows.
        own: The store of the recordings, written where it is missing.
        say: Called with each line for people.

    Raises:
        UsageError: No path has the teacher's signal, or a store was cut otherwise than the student's.
    """
    modality, student = settings.data.modality, like.settings
    named = all_stores(settings)
    if other := [store for store in named if store.settings.modality not in (teacher.modality, modality)]:
        raise UsageError(
            f"{other[0].folder}: its windows are of {other[0].settings.modality}, neither of "
            f"{modality} nor of the teacher's {teacher.modality}: leave it out"
        )
    taken = teacher.config
    spec = WindowSpec(taken.rate_hz, student.window_s, student.stride_s, align=options.clock_offset)
    channels = None if MODALITIES[teacher.modality].channels else len(taken.channels)
    stores, failed = with_recordings(
        settings.data,
        [store for store in named if store.settings.modality == teacher.modality],
        own,
        spec,
        teacher.modality,
        channels,
        Reading(),
        say,
    )
    if not stores:
        raise UsageError(
            f"the teacher {teacher.name} is of {teacher.modality}, and no path has that: name recordings of "
            f"both signals, or a store of it too (preprocess --modality {teacher.modality} --align)"
        )
    for store in stores:
        _check_store(store, teacher, student.window_s, options.clock_offset)
    return stores, failed


def _check_store(store: WindowStore, teacher: Model, window_s: float, clock_offset: float) -> None:
    """Raise UsageError where the teacher cannot take the windows of a store, or the student's differ."""
    written, channels = store.settings, len(teacher.config.channels)
    check_windows(teacher, written.window_s, written.rate_hz)
    if written.window_s != window_s:
        raise UsageError(
            f"{store.folder}: windows of {written.window_s:g} s, not of {window_s:g} as "
            "the student's: write the stores alike"
        )
    if clock_offset and written.align != clock_offset:
        raise UsageError(
            f"{store.folder}: it was written by a clock of its own: write it with --clock-offset "
            f"{clock_offset:g}, or leave that out here"
        )
    if len(written.channels) != channels:
        raise UsageError(
            f"{store.folder}: {len(written.channels)} channels, but the teacher {teacher.name} "
            f"takes {channels}: write the store with --channels"
        )
