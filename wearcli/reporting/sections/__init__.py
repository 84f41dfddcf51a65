"""The sections of a page in the order in which they are read: one module a section, one line here.

A section is a function: what is reported in, sections out (none where it does not apply).
"""

from collections.abc import Callable

from wearcli.reporting.choice import Choice
from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.page import Section
from wearcli.reporting.sections import (
    agreement,
    calibration,
    card,
    classes,
    compared_differences,
    compared_models,
    compared_protocol,
    compared_scores,
    compared_warnings,
    confusion,
    differences,
    groups,
    learning,
    map,
    people,
    protocol,
    scores,
    timeline,
    warnings,
)
from wearcli.reporting.study import Study

PROBE_SECTIONS: list[Callable[[Study, Choice], list[Section]]] = [
    scores.section,
    differences.section,
    groups.section,
    learning.section,
    confusion.section,
    classes.section,
    agreement.section,
    people.section,
    calibration.section,
    map.section,
    timeline.section,
    warnings.section,
    protocol.section,
    card.section,
]
COMPARISON_SECTIONS: list[Callable[[ReportedComparison], list[Section]]] = [
    compared_scores.section,
    compared_differences.section,
    compared_models.section,
    compared_warnings.section,
    compared_protocol.section,
]
