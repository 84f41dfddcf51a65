"""The embedding job: one recording in, batches of rows of the table out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.table import rows, schema
from wearcli.modality import FeatureSet, feature_names, features
from wearcli.models.encoder import Encoder
from wearcli.models.folder import Model
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.sisters import Sisters
from wearcli.signals.cutting import iter_windows
from wearcli.signals.windows import Findings, Windows, WindowSpec

_COUNTING = Lock()  # batches of one recording are embedded on several threads


@dataclass(frozen=True)
class EmbedJob:
    """All that turns a recording into rows. It can be pickled and run in another process.

    Attributes:
        model: The model that embeds.
        spec: How recordings are cut into windows.
        reading: How their files are read.
        features: The set of hand-made features; None is the signal's first.
        batch: Windows that are embedded at once.
        sisters: The recordings of the run, which decide where one is in doubt about its unit.
    """

    model: Model
    spec: WindowSpec
    reading: Reading
    features: FeatureSet | None
    batch: int
    sisters: Sisters | None = field(default=None, compare=False)

    @cached_property
    def encoder(self) -> Encoder:
        """The model's graph, loaded once in each process."""
        return Encoder(self.model)

    def __getstate__(self) -> dict[str, Any]:
        """All but the loaded graph, which another process loads by itself."""
        return {key: value for key, value in vars(self).items() if key != "encoder"}

    def schema(self, settings: TableMetadata) -> pa.Schema:
        """Return the columns of the rows, with a table's metadata."""
        return schema(self.encoder.dimension, len(settings.feature_names), settings, self.model.modality)

    def open(self, source: Source) -> Recording:
        """Open a recording; raises InputError where it cannot be read."""
        if self.sisters is None:
            return open_recording(source, self.reading)
        return self.sisters.open(source, self.reading)

    def windows(self, recording: Recording, findings: Findings) -> Iterator[Windows]:
        """Cut a recording into batches of windows; `findings` is filled on the way."""
        return iter_windows(recording, self.spec, self.batch, findings)

    def rows(self, recording: Recording, windows: Windows, findings: Findings) -> pa.RecordBatch:
        """Return the table's rows of a batch of windows: their embeddings, features, times and quality.

        A window of which a number is not finite has no row; `findings` gets its reason.
        """
        values, length = windows.values, self.spec.samples / self.spec.rate_hz
        usable = np.isfinite(values).all(axis=(1, 2))
        reasons = ["its samples are not finite"] * int(np.count_nonzero(~usable))
        if reasons:
            windows = _selected(windows, usable)
            values = windows.values
        if len(values):
            made = features(values, self.spec.rate_hz, self.model.modality, self.features)
            embedding = self.encoder(values)
        else:
            made = np.zeros((0, len(feature_names(self.model.modality, self.features))), np.float32)
            embedding = np.zeros((0, self.encoder.dimension), np.float32)
        finite = np.isfinite(embedding).all(axis=1), np.isfinite(made).all(axis=1)
        if not (finite[0].all() and finite[1].all()):
            reasons += [f"model {self.model.name} makes numbers of it that are not finite"] * int(
                (~finite[0]).sum()
            )
            reasons += ["its features are not finite"] * int((finite[0] & ~finite[1]).sum())
            kept = finite[0] & finite[1]
            windows, embedding, made = _selected(windows, kept), embedding[kept], made[kept]
        if reasons:
            with _COUNTING:
                findings.spoiled.update(reasons)
        return rows(recording, windows, length, embedding, made)

    def batches(self, source: Source, findings: Findings) -> Iterator[pa.RecordBatch]:
        """Do the whole job for one recording, in time order, in bounded memory.

        Args:
            source: The recording.
            findings: Filled on the way, complete at the end.

        Raises:
            InputError: the recording cannot be read to its end.
        """
        recording = self.open(source)
        for windows in self.windows(recording, findings):
            yield self.rows(recording, windows, findings)


def _selected(windows: Windows, kept: np.ndarray) -> Windows:
    """The windows of a batch for which `kept` is True."""
    return Windows(*(getattr(windows, array.name)[kept] for array in fields(Windows)))
