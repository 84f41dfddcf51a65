"""The protocol of a probe, and the command that repeats it."""

from wearcli.probing.probe import probe
from wearcli.reporting.choice import Choice
from wearcli.reporting.page import Block, Section
from wearcli.reporting.repeat import command_line, made_with
from wearcli.reporting.study import Study


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the protocol in words, the command, and the versions."""
    document = study.document
    blocks: list[Block] = [
        f"{document.protocol[:1].upper()}{document.protocol[1:]}.",
        "The command:",
        command_line("probe", document.arguments.to_json(), "embeddings", probe),
        made_with(document.to_json()),
    ]
    return [Section("protocol", "Protocol, and how to repeat it", blocks)]
