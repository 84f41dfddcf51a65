"""What a run of `embed` is to do, before anything is read but names and sizes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wearcli._version import __version__
from wearcli.embedding.job import EmbedJob
from wearcli.embedding.metadata import EmbedArguments, ModelIdentity, TableMetadata
from wearcli.embedding.pipeline import PIPELINE
from wearcli.embedding.result import EmbedResult
from wearcli.embedding.reuse import EmbedPlan
from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, FeatureSet, check_feature_set, feature_names
from wearcli.models.folder import Model, load_model
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import Folder, find_recordings
from wearcli.signals.windows import WindowSpec


@dataclass(frozen=True)
class Preparation:
    """A study and the job for each of its recordings.

    Attributes:
        folder: The whole study: whose the recordings are is decided by all of them.
        job: What is done to each.
        settings: What the rows depend on: the metadata of the whole study's table.
    """

    folder: Folder
    job: EmbedJob
    settings: TableMetadata

    def result(self, output: str, plan: EmbedPlan) -> EmbedResult:
        """Return the result before the work, with the folders that failed already."""
        return EmbedResult(
            self.job.model.name,
            output,
            self.folder.rule,
            self.folder.doubt,
            self.folder.not_read,
            [*self.folder.problems, *plan.notes],
            plan.actions,
            plan.sizes,
            failed=self.folder.failures(),
        )


def prepare(
    paths: Sequence[Path | str],
    model: str | Path,
    *,
    stride_s: float | None,
    window_s: float | None,
    max_missing: float,
    batch: int,
    participant_from: str | None,
    reading: Reading | None,
    features: FeatureSet | None,
) -> Preparation:
    """Find the recordings and load the model; see `embed` for the arguments and the errors."""
    loaded = load_model(model)
    modality = loaded.modality
    reading = (reading or Reading()).for_signal(modality, len(loaded.config.channels))
    reading.check()
    check_feature_set(modality, features)
    features = features or loaded.config.features
    spec = _window_spec(loaded, window_s, stride_s, max_missing)
    folder = find_recordings(paths, participant_from=participant_from, modality=modality)
    default = next(iter(MODALITIES[modality].feature_sets))
    arguments = EmbedArguments(
        tuple(map(str, paths)),
        participant_from,
        max_missing,
        None if features == default else features,
        reading.to_json(),
    )
    job = EmbedJob(loaded, spec, reading, features, batch, folder.sisters)
    return Preparation(folder, job, _settings(loaded, spec, folder, arguments, features))


def _window_spec(model: Model, window_s: float | None, stride_s: float | None, missing: float) -> WindowSpec:
    """The model's own window; another length only where the model says that it takes any."""
    config = model.config
    own = config.window_s
    if window_s is not None and window_s != own and not config.any_length:
        raise UsageError(
            f"model {model.name} takes windows of {own:g} s: leave --window out, or use --stride"
        )
    window = own if window_s is None else window_s
    stride = config.stride_for(window) if stride_s is None else stride_s
    if not (0 < window < math.inf and 0 < stride < math.inf):
        raise UsageError("--window and --stride are seconds above 0")
    return WindowSpec(config.rate_hz, window, stride, missing)


def _settings(
    model: Model, spec: WindowSpec, folder: Folder, arguments: EmbedArguments, features: FeatureSet | None
) -> TableMetadata:
    """What this run's rows depend on, and where the labels are."""
    return TableMetadata(
        __version__,
        PIPELINE,
        ModelIdentity(model.name, model.config.sha256),
        spec.rate_hz,
        window_s=spec.samples / spec.rate_hz,
        stride_s=spec.stride / spec.rate_hz,
        unit=model.config.unit,
        modality=model.modality,
        feature_names=feature_names(model.modality, features),
        arguments=arguments,
        sidecars={kind: tuple(map(str, files)) for kind, files in folder.sidecars.items()},
        # A reader tells from it whether a recording failed, or was too short, or the stream broke off.
        recordings_planned=tuple(source.recording for source in folder.sources),
        participant_doubt=folder.doubt or None,
    )
