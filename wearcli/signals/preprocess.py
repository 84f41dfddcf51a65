"""`preprocess`: recordings in, a window store out."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wearcli.errors import InputError, UsageError, WearcliError, blamed_on
from wearcli.files import atomic_folder, check_output, reserved
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.shards import Shard, source_bytes, study_hash
from wearcli.recordings.study.sisters import Sisters
from wearcli.seeds import generator
from wearcli.signals.defaults import MAX_MISSING, STORE
from wearcli.signals.normalise import Normalisation
from wearcli.signals.store import DType
from wearcli.signals.store_shards import shard_note, shard_store, write_shard_note
from wearcli.signals.store_writer import NoWindowsError, write_store
from wearcli.signals.windows import WindowSpec


@dataclass
class PreprocessResult:
    """What a run did.

    Attributes:
        output: Folder of the store; empty where a shard has no window, and so no store.
        recordings: Number of recordings in it.
        windows: Number of windows in it.
        samples: Samples in a window.
        dtype: Type of the stored values.
        failed: Name and error of each recording that could not be read.
        planned: Names of all recordings.
        participant_rule: How the participants were recognised, in words.
        notes: Remarks for people.
        participant_doubt: Why the participants are not certain, in one line; "" where they are.
        not_read: How many files that may be recordings are not read, by suffix.
    """

    output: str
    recordings: int = 0
    windows: int = 0
    samples: int = 0
    dtype: str = ""
    failed: list[dict[str, str]] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    participant_rule: str = ""
    notes: list[str] = field(default_factory=list)
    participant_doubt: str = ""
    not_read: dict[str, int] = field(default_factory=dict)


def preprocess(
    paths: Sequence[Path | str],
    output: Path | str = STORE,
    *,
    rate_hz: float | None = None,
    window_s: float | None = None,
    stride_s: float | None = None,
    max_missing: float = MAX_MISSING,
    align: float | None = None,
    normalize: Normalisation = "none",
    rotations: int = 0,
    seed: int = 0,
    dtype: DType | None = None,
    shard: Shard | str | None = None,
    modality: Modality = "acc",
    channels: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    participant_from: str | None = None,
    reading: Reading | None = None,
    started: Callable[[int], None] = lambda recordings: None,
    finished: Callable[[Source, WearcliError | None], None] = lambda source, error: None,
) -> PreprocessResult:
    """Cut recordings into windows and write them as a store (see `signals.store`).

    A recording that cannot be read is named in the result, and the rest goes on.

    Args:
        paths: Recordings, or folders of them.
        output: Folder of the store.
        rate_hz: Rate of the windows, Hz; by default that of the signal's record.
        window_s: Length of a window, s; by default that of the signal's record.
        stride_s: Time from window to window, s; by default one follows the other.
        max_missing: Greatest share of a window that may lie in gaps.
        align: Seconds to add to the clock, for windows at whole strides of the clock; see `WindowSpec`.
        normalize: How windows are normalised; see `signals.store_writer.write_store`.
        rotations: Number of copies of each window that are turned at random.
        seed: Seed of the rotations.
        dtype: Type of the stored values; None takes int16 where it may.
        shard: Cut these recordings of the study alone, such as 3/64; `output` is then a folder of the stores
            of all shards, see `signals.store_shards`.
        modality: The signal.
        channels: Number of channels to take of a signal that may have any; None for all.
        overwrite: Whether a store that is there is replaced.
        dry_run: Whether only to plan.
        participant_from: Rule that tells the participant; see `find_recordings`.
        reading: How to read the files where they do not tell.
        started: Called with the number of recordings.
        finished: Called after each recording, with its error if it could not be read.

    Raises:
        UsageError: The options contradict each other, or there is nothing to read.
        InputError: No recording has a window.

    Example:
        >>> preprocess(["recordings"], "windows", window_s=10.0).windows
        1234
    """
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    target = Path(output) if shard is None else shard_store(Path(output), shard)
    # A store whose shard was killed before it was said to be complete is made again.
    overwrite = overwrite or (shard is not None and not shard_note(Path(output), shard).exists())
    check_output(target, overwrite, "store.json")
    _check(rotations, dtype, normalize)
    reading = (reading or Reading()).for_signal(modality, channels)
    reading.check()
    spec = _window_spec(modality, rate_hz, window_s, stride_s, max_missing, align)
    folder = find_recordings(
        [Path(path) for path in paths], participant_from=participant_from, modality=modality
    )
    result = PreprocessResult(str(target), participant_rule=folder.rule, notes=list(folder.problems))
    result.participant_doubt, result.not_read = folder.doubt, folder.not_read
    result.failed += folder.failures()
    sizes = {} if shard is None else {source.recording: source_bytes(source) for source in folder.sources}
    sources = folder.sources if shard is None else shard.choose(folder.sources, sizes)
    result.planned = [source.recording for source in sources]
    started(len(sources))
    if dry_run:
        return result

    def fail(source: Source, error: WearcliError) -> None:
        result.failed.append({"recording": source.recording, "error": str(error)})
        finished(source, error)

    def done(recording: Recording, windows: int) -> None:
        result.recordings += 1
        finished(recording.source, None)

    asked = {"modality": modality, "channels": channels, "participant_from": participant_from}
    arguments = {"paths": [str(path) for path in paths], **asked, **reading.to_json()}
    with reserved(target, overwrite, "store.json"):
        try:
            with atomic_folder(target) as temporary:
                settings = write_store(
                    _opened(sources, folder.sisters, reading, fail),
                    spec,
                    temporary,
                    normalize=normalize,
                    rotations=rotations,
                    rng=generator(seed, "rotations", *([] if shard is None else [shard.number])),
                    seed=seed,
                    dtype=dtype,
                    done=done,
                    failed=lambda recording, error: fail(recording.source, error),
                )
                (temporary / "arguments.json").write_text(json.dumps(arguments, indent=2) + "\n")
            result.windows, result.samples, result.dtype = (
                settings.n_windows,
                settings.samples,
                settings.dtype,
            )
        except NoWindowsError:
            if shard is None:
                raise
            result.output = ""
        if shard is not None:
            write_shard_note(Path(output), shard, study_hash(folder.sources, sizes), result.windows)
    result.notes += folder.sisters.contradictions()
    return result


def _check(rotations: int, dtype: DType | None, normalize: Normalisation) -> None:
    """Raise UsageError where these options contradict each other."""
    if rotations < 0:
        raise UsageError(f"--rotate {rotations}: give 0 or more")
    if dtype == "int16" and normalize != "none":
        raise UsageError("int16 holds windows as they were measured: leave --dtype or --normalize out")


def _opened(
    sources: Sequence[Source],
    sisters: Sisters,
    reading: Reading,
    fail: Callable[[Source, WearcliError], None],
) -> Iterator[Recording]:
    """Yield the recordings that can be opened; `fail` is called with each other one."""
    for source in sources:
        try:
            with blamed_on(source.path):
                recording = sisters.open(source, reading)
        except InputError as error:
            fail(source, error)
            continue
        yield recording


def _window_spec(
    modality: Modality,
    rate_hz: float | None,
    window_s: float | None,
    stride_s: float | None,
    max_missing: float,
    align: float | None,
) -> WindowSpec:
    """How recordings are cut: as asked for, else as is usual for the signal."""
    usual = MODALITIES[modality]
    window_s = usual.window_s if window_s is None else window_s
    sizes = (
        usual.rate_hz if rate_hz is None else rate_hz,
        window_s,
        window_s if stride_s is None else stride_s,
    )
    if not all(0 < size < math.inf for size in sizes):
        raise UsageError("--rate, --window and --stride take numbers above 0")
    return WindowSpec(*sizes, max_missing, align)
