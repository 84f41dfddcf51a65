"""The protocol of a comparison, and the command that repeats it."""

from wearcli.comparison.compare import compare
from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.page import Block, Section
from wearcli.reporting.repeat import command_line, made_with


def section(comparison: ReportedComparison) -> list[Section]:
    """Return the protocol in words, the command, and the versions."""
    protocol = comparison.protocol
    blocks: list[Block] = [f"{protocol[:1].upper()}{protocol[1:]}."] if protocol else []
    if comparison.arguments:
        blocks += ["The command:", command_line("compare", comparison.arguments, "models", compare)]
    blocks.append(made_with(comparison.made_with))
    return [Section("protocol", "Protocol, and how to repeat it", blocks)]
