"""`preprocess`: recordings in, a window store out."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wearcli.errors import InputError, UsageError, WearcliError, unreadable
from wearcli.files import atomic_folder, check_output
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.defaults import MAX_MISSING, STORE
from wearcli.signals.normalise import Normalisation
from wearcli.signals.store import DType
from wearcli.signals.store_writer import write_store
from wearcli.signals.windows import WindowSpec


@dataclass
class PreprocessResult:
    """What a run did."""

    output: str
    recordings: int = 0
    windows: int = 0
    samples: int = 0
    dtype: str = ""
    failed: list[dict[str, str]] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    participant_rule: str = ""
    notes: list[str] = field(default_factory=list)


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
    modality: Modality = "acc",
    channels: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    participant_from: str | None = None,
    reading: Reading | None = None,
    started: Callable[[int], None] = lambda recordings: None,
    finished: Callable[[Source, WearcliError | None], None] = lambda source, error: None,
) -> PreprocessResult:
    """Cut every recording in `paths` into windows and write them as a store (see `signals.store`).

    Args:
        rate_hz, window_s, stride_s: of the windows, by default those of `MODALITIES`, one after
            the other.
        align: windows at whole strides of the clock, with so many seconds added to it; see `WindowSpec`.
        channels: how many, see `recordings.reading.Reading`.
        normalize, rotations, seed, dtype: see `signals.store.write_store`.
        reading: how to read the files where they do not tell.
        started: called with the number of recordings; finished: after each recording.

    A recording that cannot be read is named in the result and the rest goes on.
    """
    target = Path(output)
    check_output(target, overwrite, "store.json")
    usual = MODALITIES[modality]
    window_s = usual.window_s if window_s is None else window_s
    sizes = (
        usual.rate_hz if rate_hz is None else rate_hz,
        window_s,
        window_s if stride_s is None else stride_s,
    )
    if not all(0 < size < math.inf for size in sizes) or rotations < 0:
        raise UsageError("--rate, --window and --stride are above 0, --rotate is 0 or more")
    if dtype == "int16" and normalize != "none":
        raise UsageError("int16 holds windows as they were measured: leave --dtype or --normalize out")
    reading = (reading or Reading()).for_signal(modality, channels)
    reading.check()
    spec = WindowSpec(*sizes, max_missing, align)
    folder = find_recordings(
        [Path(path) for path in paths], participant_from=participant_from, modality=modality
    )
    result = PreprocessResult(str(target), participant_rule=folder.rule, notes=list(folder.problems))
    result.planned = [source.recording for source in folder.sources]
    started(len(folder.sources))
    if dry_run:
        return result

    def fail(source: Source, error: WearcliError) -> None:
        result.failed.append({"recording": source.recording, "error": str(error)})
        finished(source, error)

    def opened() -> Iterator[Recording]:
        for source in folder.sources:
            try:
                recording = open_recording(source, reading)
            except InputError as error:
                fail(source, error)
                continue
            except Exception as error:
                fail(source, unreadable(source.path, error))
                continue
            yield recording

    def done(recording: Recording, windows: int) -> None:
        result.recordings += 1
        finished(recording.source, None)

    with atomic_folder(target) as temporary:
        settings = write_store(
            opened(),
            spec,
            temporary,
            normalize=normalize,
            rotations=rotations,
            seed=seed,
            dtype=dtype,
            done=done,
            failed=lambda recording, error: fail(recording.source, error),
        )
        arguments = {
            "paths": [str(path) for path in paths],
            "modality": modality,
            "channels": channels,
            "participant_from": participant_from,
            **reading.to_json(),
        }
        (temporary / "arguments.json").write_text(json.dumps(arguments, indent=2) + "\n")
    result.windows, result.samples, result.dtype = settings.n_windows, settings.samples, settings.dtype
    return result
