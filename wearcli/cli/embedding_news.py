"""Messages of embedding, for all commands that embed."""

from typing import TYPE_CHECKING

from wearcli.cli.console import print_json_line, say, say_detail, say_error, say_people
from wearcli.words import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from wearcli.embedding.result import EmbedResult
    from wearcli.embedding.stream import Stream
    from wearcli.recordings.recording import Source


class EmbeddingNews:
    """Messages and the bar (in %) of a command that embeds on the way to something else.

    Attributes:
        watcher: What `embed` reports to.
    """

    def __init__(self, display: "Progress", task: "TaskID") -> None:
        from wearcli.embedding.result import Watcher

        self._display, self._task = display, task
        self._sizes: dict[str, int] = {}
        self._done = 0
        self._notes = _Notes()
        self.watcher: Watcher = Watcher(self._planned, self._advanced, self._finished)

    def tell(self) -> None:
        """Print the warnings and units of the recordings."""
        self._notes.tell()

    def _planned(self, result: "EmbedResult") -> None:
        say_start(result)
        self._sizes |= result.sizes

    def _advanced(self, source: "Source", windows: int, share: float) -> None:
        done = (self._done + share * self._sizes[source.recording]) / max(sum(self._sizes.values()), 1)
        text = f"embed {source.recording}"
        self._display.update(self._task, description=text, completed=100 * done, total=100)

    def _finished(self, stream: "Stream") -> None:
        self._done += self._sizes[stream.source.recording]
        self._notes.add(stream)
        if stream.error is not None:
            say_error(f"failed: {stream.error}")


class EmbedMessages:
    """Messages and the bar (in bytes) of `wearcli embed`.

    Attributes:
        watcher: What `embed` reports to.
    """

    def __init__(self, display: "Progress", json_lines: bool) -> None:
        from wearcli.embedding.result import Watcher

        self._display, self._json_lines = display, json_lines
        self._task = display.add_task("embed", total=None)
        self._sizes: dict[str, int] = {}
        self._bytes = self._windows = 0
        self._notes = _Notes()
        self.watcher: Watcher = Watcher(self._planned, self._advanced, self._finished)

    def tell(self) -> None:
        """Print the warnings and units of the recordings."""
        self._notes.tell()

    def _planned(self, result: "EmbedResult") -> None:
        say_start(result)
        self._sizes |= result.sizes
        self._display.update(self._task, total=sum(self._sizes.values()))
        kept = [name for name, action in result.plan.items() if action == "keep"]
        if self._json_lines:
            for name in kept:
                print_json_line({"recording": name, "kept": True, "error": None})
        if len(kept) > 0:
            are, them = ("is", "it") if len(kept) == 1 else ("are", "them")
            say(f"{counted(len(kept), 'recording')} {are} as the last run saw {them}: rows kept")

    def _advanced(self, source: "Source", windows: int, share: float) -> None:
        self._windows += windows
        done = self._bytes + share * self._sizes[source.recording]
        text = f"embed: {source.recording} ({counted(self._windows, 'window')})"
        self._display.update(self._task, description=text, completed=done)

    def _finished(self, stream: "Stream") -> None:
        name, counts = stream.source.recording, stream.findings
        self._bytes += self._sizes[name]
        self._display.update(self._task, completed=self._bytes)
        self._notes.add(stream)
        if stream.error is None:
            say_detail(f"{name}: {counted(counts.windows, 'window')} of {counts.seconds:.0f} s")
        else:
            say_error(f"failed: {stream.error}")
        if self._json_lines:
            line = {"recording": name, "participant": stream.source.participant, "windows": counts.windows}
            error = None if stream.error is None else str(stream.error)
            print_json_line(line | {"seconds": round(counts.seconds, 2), "error": error})


def say_start(result: "EmbedResult") -> None:
    """Print how participants are told, what is noted before the work, and the folders that failed already."""
    say_people(result.participant_rule, result.participant_doubt)
    for note in result.notes:
        say(f"note: {note}")
    for failure in result.failed:
        say_error(f"failed: {failure['error']}")


class _Notes:
    """The warnings of recordings and how their units were decided, collected to be told once."""

    def __init__(self) -> None:
        self._warned: dict[str, list[str]] = {}
        self._units: dict[str, int] = {}

    def add(self, stream: "Stream") -> None:
        """Take those of a recording."""
        if (how := stream.unit_how) is not None:
            self._units[how] = self._units.get(how, 0) + 1
        for warning in stream.warnings():
            self._warned.setdefault(warning, []).append(stream.source.recording)

    def tell(self) -> None:
        """Print them, one line each."""
        for warning, names in self._warned.items():
            others = f" and {counted(len(names) - 1, 'other')}" if len(names) > 1 else ""
            say(f"warning: {names[0]}{others}: {warning}")
        for how, count in self._units.items():
            say(f"unit: {how} ({counted(count, 'recording')})" if count > 1 else f"unit: {how}")
