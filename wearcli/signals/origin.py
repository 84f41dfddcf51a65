"""The columns of every table that tell where and when a window was taken, and how good it is."""

from datetime import timedelta

import pyarrow as pa

from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Recording
from wearcli.signals.windows import Windows

UTC = pa.timestamp("us", tz="UTC")
ORIGIN = pa.schema(
    [
        ("recording", pa.string()),
        ("participant", pa.string()),
        ("placement", pa.string()),
        ("start", UTC),  # null where the recording's own start is not known
        ("onset", pa.float64()),  # seconds from the recording's start
        ("duration", pa.float64()),
    ]
)
QUALITY = pa.schema(
    [
        ("wear", pa.float32()),  # fractions of the window; null where the sensor does not tell them
        ("clipped", pa.float32()),
        ("missing", pa.float32()),
        ("movement_g", pa.float32()),
    ]
)
PULSE_QUALITY = QUALITY.append(pa.field("quality", pa.float32()))  # 0 to 1


def origin(recording: Recording, windows: Windows, duration_s: float) -> list[pa.Array]:
    """Return the columns of `ORIGIN` for windows.

    Args:
        recording: The recording that the windows are from.
        windows: The windows.
        duration_s: Length of a window, s.
    """
    count, source, start = len(windows), recording.source, recording.start
    starts = (
        pa.nulls(count, UTC)
        if start is None
        else pa.array([start + timedelta(seconds=onset) for onset in windows.onset_s.tolist()], UTC)
    )
    return [
        pa.repeat(source.recording, count),
        pa.repeat(source.participant, count),
        pa.repeat(pa.scalar(source.placement, pa.string()), count),
        starts,
        pa.array(windows.onset_s),
        pa.repeat(float(duration_s), count),
    ]


def quality_schema(modality: Modality) -> pa.Schema:
    """Return the columns of quality that a signal has: `QUALITY`, with `quality` where it is judged."""
    return PULSE_QUALITY if MODALITIES[modality].quality else QUALITY


def quality(windows: Windows, schema: pa.Schema = QUALITY) -> list[pa.Array]:
    """Return the columns of `QUALITY` or `PULSE_QUALITY` for windows; NaN becomes null."""
    return [pa.array(getattr(windows, name), pa.float32(), from_pandas=True) for name in schema.names]
