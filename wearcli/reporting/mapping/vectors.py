"""The embeddings of the samples that a probe was scored on, from the table that it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.embedding.table import read_table
from wearcli.errors import InputError
from wearcli.labels.intervals import inside
from wearcli.labels.pooling import pool
from wearcli.labels.windows import UsableWindows, usable_windows
from wearcli.reporting.study import Study


@dataclass(frozen=True)
class Embedded:
    """Samples and their vectors.

    Attributes:
        rows: One row a sample: recording, participant, placement, onset, duration (s), and a column of the
            truth for each target (strings, or float64 with NaN).
        vectors: Vectors of the samples, (n, D) float32.
        absent: Number of samples that the table does not have.
    """

    rows: pd.DataFrame
    vectors: np.ndarray
    absent: int


def table_paths(study: Study) -> list[Path]:
    """Return where the embeddings of the scored samples were when the probe was fitted; [] for a stream.

    A relative path is looked for from the probe folder's parents too, as the study may have moved.
    """
    arguments = study.document.arguments
    paths = arguments.test or arguments.embeddings
    typed = [Path(path) for path in paths if path not in ("stdin", "-")]
    return [
        next(
            (place / path for place in (Path(), *study.folder.resolve().parents) if (place / path).exists()),
            path,
        )
        for path in typed
    ]


def embedded_samples(study: Study, paths: Sequence[Path]) -> Embedded:
    """Return the study's samples with their vectors, pooled as those of the probe were.

    Args:
        study: The probe folder.
        paths: Embeddings tables.

    Raises:
        UsageError: A table does not exist.
        InputError: A table is of another model or has none of the samples, or it is not known which windows
            make a sample.
    """
    samples = scored_samples(study)
    parts = [_windows(study, path) for path in paths]
    times = pd.concat(
        [
            part.times.astype({"recording": str, "participant": str}).assign(table=number)
            for number, part in enumerate(parts)
        ]
    )
    vectors = np.concatenate([part.vectors["embedding"] for part in parts])
    if len(parts) > 1 and (times.groupby("recording")["table"].nunique() > 1).any():
        raise InputError(
            "recordings of one name are in several tables, and which is meant is not written down"
        )
    windows = UsableWindows(times.reset_index(drop=True), {"embedding": vectors}, {})
    if study.result.level == "participant":
        window, sample = _participant_windows(samples, windows.times)
    elif study.document.input.pooling is None:
        window, sample = _equal_windows(samples, windows.times)
    else:
        window, sample = inside(windows.times, samples)
    if not len(window):
        raise InputError(
            f"{paths[0]}: none of the probe's samples is in it: name its table with --embeddings"
        )
    if "placement" in windows.times and samples["placement"].isna().all():  # of an older probe folder
        placements = (
            windows.times.drop_duplicates("recording").set_index("recording")["placement"].astype(object)
        )
        samples["placement"] = placements.reindex(samples["recording"]).to_numpy()
    counts = np.bincount(sample, minlength=len(samples))
    present = np.flatnonzero(counts)
    return Embedded(
        samples.iloc[present].reset_index(drop=True),
        pool(vectors, window, counts[present]),
        absent=len(samples) - len(present),
    )


def scored_samples(study: Study) -> pd.DataFrame:
    """Return one row a sample: its key, and for each target a column with the truth."""
    key = ["recording", "participant", "onset", "duration", "again"]
    samples: pd.DataFrame | None = None
    for target in study.targets:
        rows = study.predictions_for(target)
        # Labels that contradict each other make several samples at one time.
        rows["again"] = rows.groupby(key[:4]).cumcount()
        rows = rows[[*key, "placement", "truth"]].rename(columns={"truth": target})
        if samples is None:
            samples = rows
        else:
            samples = samples.merge(rows, on=[*key, "placement"], how="outer", sort=False)
    assert samples is not None
    return samples.sort_values(key, kind="stable").drop(columns="again").reset_index(drop=True)


def _windows(study: Study, path: Path) -> UsableWindows:
    """Read the windows that the probe used."""
    table, metadata = read_table(path)
    if metadata.model.sha256 != study.result.model.get("sha256"):
        raise InputError(
            f"{path}: embeddings of another model than the probe's: name the right table with --embeddings"
        )
    arguments = study.document.arguments
    return usable_windows(table, str(path), arguments.keep_nonwear, arguments.min_quality)


def _equal_windows(samples: pd.DataFrame, times: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pair windows and samples (row numbers) where a sample is a window."""
    keys = []
    for table in (times, samples):
        key = table[["recording", "onset", "duration"]].round(6)
        keys.append(key.assign(row=np.arange(len(key))))
    both = keys[1].merge(keys[0], on=["recording", "onset", "duration"], suffixes=("_sample", "_window"))
    both = both.drop_duplicates("row_sample").sort_values("row_sample")
    return both["row_window"].to_numpy(), both["row_sample"].to_numpy()


def _participant_windows(samples: pd.DataFrame, times: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pair windows and samples (row numbers) where a sample is a participant."""
    if samples["participant"].duplicated().any():
        raise InputError(
            "a participant has several samples, and which windows each is the mean of is not written down"
        )
    sample = pd.Index(samples["participant"]).get_indexer(times["participant"])
    window = np.flatnonzero(sample >= 0)
    window = window[np.argsort(sample[window], kind="stable")]
    return window, sample[window]
