"""The embeddings of the samples that a probe was scored on, out of the table that it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """rows: a sample each: recording, participant, placement, onset, duration (s), and a column truth of each
    target (strings, or float64 with NaN). vectors: (n, D) float32. absent: samples that the table has not."""

    rows: pd.DataFrame
    vectors: np.ndarray
    absent: int

    def only(self, rows: np.ndarray) -> "Embedded":
        """Those of (k,) row numbers."""
        return replace(self, rows=self.rows.iloc[rows].reset_index(drop=True), vectors=self.vectors[rows])


def table_paths(study: Study) -> list[Path]:
    """Where the embeddings of the scored samples were when the probe was fitted; none of a stream.

    A path as it was typed is looked for from the probe folder's parents too, as the study may lie elsewhere.
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
    """The study's samples with their vectors, pooled as those of the probe were.

    Raises UsageError where a table is not there, InputError where it is of another model, or has none of the
    samples, or where a sample is more than the windows between its onset and its end.
    """
    samples = samples_of(study)
    everything = [_windows(study, path) for path in paths]
    times = pd.concat(
        [
            each.times.astype({"recording": str, "participant": str}).assign(table=number)
            for number, each in enumerate(everything)
        ]
    )
    vectors = np.concatenate([each.vectors["embedding"] for each in everything])
    if len(everything) > 1 and (times.groupby("recording")["table"].nunique() > 1).any():
        raise InputError(
            "recordings of one name are in several tables, and which is meant is not written down"
        )
    windows = UsableWindows(times.reset_index(drop=True), {"embedding": vectors}, {})
    if study.result.level == "participant":
        window, sample = _of_people(samples, windows.times)
    elif study.document.input.pooling is None:
        window, sample = _same_times(samples, windows.times)
    else:
        window, sample = inside(windows.times, samples)
    if not len(window):
        raise InputError(
            f"{paths[0]}: none of the probe's samples is in it: name its table with --embeddings"
        )
    if "placement" in windows.times and samples["placement"].isna().all():  # of an older probe folder
        of = windows.times.drop_duplicates("recording").set_index("recording")["placement"].astype(object)
        samples["placement"] = of.reindex(samples["recording"]).to_numpy()
    counts = np.bincount(sample, minlength=len(samples))
    found = np.flatnonzero(counts)
    return Embedded(
        samples.iloc[found].reset_index(drop=True),
        pool(vectors, window, counts[found]),
        absent=len(samples) - len(found),
    )


def samples_of(study: Study) -> pd.DataFrame:
    """One row a sample, whatever targets it has a value of: its key, and a column a target with the truth."""
    key = ["recording", "participant", "onset", "duration", "again"]
    found: pd.DataFrame | None = None
    for target in study.targets:
        mine = study.of(target)
        # Labels that contradict each other make several samples at one time.
        mine["again"] = mine.groupby(key[:4]).cumcount()
        mine = mine[[*key, "placement", "truth"]].rename(columns={"truth": target})
        if found is None:
            found = mine
        else:
            found = found.merge(mine, on=[*key, "placement"], how="outer", sort=False)
    assert found is not None
    return found.sort_values(key, kind="stable").drop(columns="again").reset_index(drop=True)


def _windows(study: Study, path: Path) -> UsableWindows:
    table, metadata = read_table(path)
    if metadata.model.sha256 != study.result.model.get("sha256"):
        raise InputError(
            f"{path}: embeddings of another model than the probe's: name the right table with --embeddings"
        )
    arguments = study.document.arguments
    return usable_windows(table, str(path), arguments.keep_nonwear, arguments.min_quality)


def _same_times(samples: pd.DataFrame, times: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Window and sample, each a row number, where a sample is a window."""
    keys = []
    for table in (times, samples):
        key = table[["recording", "onset", "duration"]].round(6)
        keys.append(key.assign(row=np.arange(len(key))))
    both = keys[1].merge(keys[0], on=["recording", "onset", "duration"], suffixes=("_sample", "_window"))
    both = both.drop_duplicates("row_sample").sort_values("row_sample")
    return both["row_window"].to_numpy(), both["row_sample"].to_numpy()


def _of_people(samples: pd.DataFrame, times: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Window and sample, each a row number, where a sample is a participant."""
    if samples["participant"].duplicated().any():
        raise InputError(
            "a participant has several samples, and which windows each is the mean of is not written down"
        )
    sample = pd.Index(samples["participant"]).get_indexer(times["participant"])
    window = np.flatnonzero(sample >= 0)
    window = window[np.argsort(sample[window], kind="stable")]
    return window, sample[window]
