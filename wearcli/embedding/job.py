"""The embedding job: one recording in, batches of rows of the table out."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from wearcli.embedding.table import rows
from wearcli.modality import FeatureSet, features
from wearcli.models.encoder import Encoder
from wearcli.models.folder import Model
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.signals.cutting import iter_windows
from wearcli.signals.windows import Findings, Windows, WindowSpec


@dataclass(frozen=True)
class EmbedJob:
    """All that turns a recording into rows. It can be pickled and run in another process.

    Attributes:
        model: The model that embeds.
        spec: How recordings are cut into windows.
        reading: How their files are read.
        features: The set of hand-made features; None is the signal's first.
        batch: Windows that are embedded at once.
    """

    model: Model
    spec: WindowSpec
    reading: Reading
    features: FeatureSet | None
    batch: int

    @cached_property
    def encoder(self) -> Encoder:
        """The model's graph, loaded once in each process."""
        return Encoder(self.model)

    def __getstate__(self) -> dict[str, Any]:
        """All but the loaded graph, which another process loads by itself."""
        return {key: value for key, value in vars(self).items() if key != "encoder"}

    def open(self, source: Source) -> Recording:
        """Open a recording; raises InputError where it cannot be read."""
        return open_recording(source, self.reading)

    def windows(self, recording: Recording, findings: Findings) -> Iterator[Windows]:
        """Cut a recording into batches of windows; `findings` is filled on the way."""
        return iter_windows(recording, self.spec, self.batch, findings)

    def rows(self, recording: Recording, windows: Windows) -> pa.RecordBatch:
        """Return the table's rows of a batch of windows: their embeddings, features, times and quality."""
        values, spec = windows.values, self.spec
        made = features(values, spec.rate_hz, self.model.modality, self.features)
        return rows(recording, windows, spec.samples / spec.rate_hz, self.encoder(values), made)

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
            yield self.rows(recording, windows)
