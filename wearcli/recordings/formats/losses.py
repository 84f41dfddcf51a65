"""What of a device file is lost: counted while it is read, and said with how much and since when."""

from dataclasses import dataclass, field

TICK_NS = 10**9


def elapsed(nanoseconds: float) -> str:
    """Return a length of time as h:mm:ss, days before it where there are any."""
    days, rest = divmod(round(nanoseconds / TICK_NS), 86_400)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock


@dataclass
class Losses:
    """Parts of a device file that hold no usable samples.

    Attributes:
        first_ns: Time of the first sample of the file, as the device has it.
        part: What a part is called in words, such as block.
        parts: Number of damaged parts.
        size: Bytes in them.
        since_ns: Time about which the first of them lies; None where there is none yet.
        lines: What else is lost, one line each.
    """

    first_ns: int
    part: str = "part"
    parts: int = 0
    size: int = 0
    since_ns: int | None = None
    lines: list[str] = field(default_factory=list)

    def add(self, parts: int, size: int, since_ns: int | None) -> None:
        """Count damaged parts.

        Args:
            parts: How many.
            size: Bytes in them.
            since_ns: Time of what comes before the first of them; None: nothing does.
        """
        if parts and self.since_ns is None:
            self.since_ns = self.first_ns if since_ns is None else since_ns
        self.parts += parts
        self.size += size

    def warnings(self) -> list[str]:
        """Return what is lost, one line each."""
        if not self.parts:
            return list(self.lines)
        parts = f"{self.parts} damaged {self.part}{'s' * (self.parts > 1)}"
        since = self.at(self.first_ns if self.since_ns is None else self.since_ns)
        first = "the first " if self.parts > 1 else ""
        return [f"{parts} ({self.size:,} bytes) left out, {first}{since}", *self.lines]

    def at(self, time_ns: int) -> str:
        """Return where in the recording a time lies, in words."""
        return f"{elapsed(max(0, time_ns - self.first_ns))} after the start"
