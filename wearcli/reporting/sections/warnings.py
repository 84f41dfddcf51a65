"""Warnings of a probe, and what it left out."""

from wearcli.reporting.choice import Choice
from wearcli.reporting.elements import bullets
from wearcli.reporting.page import Block, Section
from wearcli.reporting.study import Study


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the warnings, and how many windows were left out for which reason."""
    result = study.result
    blocks: list[Block] = [bullets(result.warnings)] if result.warnings else ["No warning."]
    if result.dropped:
        blocks += ["Left out:", bullets(f"{amount:,} {reason}" for reason, amount in result.dropped.items())]
    return [Section("warnings", "Warnings, and what was left out", blocks)]
