"""The encoders that were compared: their windows, dimensions and samples."""

from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.elements import table
from wearcli.reporting.page import Section
from wearcli.reporting.wording import number

_HEAD = ["encoder", "model", "rate (Hz)", "window (s)", "stride (s)", "dimensions", "own samples"]


def section(comparison: ReportedComparison) -> list[Section]:
    """Return the table of the encoders."""
    result = comparison.result
    rows = []
    for name, about in result.models.items():
        rows.append(
            [
                name,
                (about.get("model") or {}).get("name", "–"),
                *map(number, (about.get("rate_hz"), about.get("window_s"), about.get("stride_s"))),
                *(f"{count:,}" for count in (about.get("dimension", 0), about.get("samples", 0))),
            ]
        )
    text = f"All encoders are scored on the {result.n_samples:,} samples that all of them have."
    if result.left_out:
        text += f" {result.left_out:,} samples that some encoder lacks are left out."
    return [Section("models", "The encoders", [text, table("What is compared", _HEAD, rows)])]
