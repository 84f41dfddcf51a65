"""Warnings of a comparison, and what failed."""

from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.elements import bullets
from wearcli.reporting.page import Block, Section


def section(comparison: ReportedComparison) -> list[Section]:
    """Return the warnings, and the models and recordings that failed."""
    result = comparison.result
    blocks: list[Block] = [bullets(result.warnings)] if result.warnings else ["No warning."]
    if result.failed:
        lines = [
            f"{failure.get('model') or failure.get('recording', '')}: {failure.get('error', '')}"
            for failure in result.failed
        ]
        blocks += ["Failed:", bullets(lines)]
    return [Section("warnings", "Warnings", blocks)]
