"""How a recording's file is read, where the file itself does not tell."""

from dataclasses import dataclass, replace

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, Modality, check_modality


@dataclass(frozen=True)
class Reading:
    """Which signal to read from a file, and what its columns, unit, time and rate are.

    Everything has a default: a file tells most of it, and an error names the flag for what is in doubt.
    Device files and Empatica exports tell all of it themselves, so only `modality` and `channels` matter for
    them; EDF, WFDB and Apple Health files tell their time and rate. `timezone` matters for every clock whose
    zone the file does not state.

    Attributes:
        modality: The signal to read.
        unit: Unit of the values in the file: g, mg or m/s2 of acceleration, deg/s or rad/s of rotation, or
            of raw counts their scale, such as 1/256 g.
        time_column: Name or 1-based position of a table's time column.
        channel_columns: Names or 1-based positions of a table's columns with the signal; of acceleration
            three, in the order x, y, z.
        time_unit: Unit of the time column: s, ms, us, ns, iso, dmy, mdy, ymd, excel, matlab or days.
        rate_hz: Samples a second of a file without time, Hz.
        timezone: Zone of clocks that state none: a name such as Europe/Berlin, or an offset such as -05:00.
        channels: Number of channels of ppg or ecg to take, None for all. Where the file has more, they are
            chosen by their names (ppg: green, infrared, red; ecg: lead I, then II; then the first in the
            file), and a warning names them; where it has fewer, opening fails. Acceleration has three.

    Example:
        >>> Reading(unit="mg", channel_columns=("ax", "ay", "az")).to_json()
        {'unit': 'mg', 'channel_columns': ['ax', 'ay', 'az']}
    """

    modality: Modality = "acc"
    unit: str | None = None
    time_column: str | None = None
    channel_columns: tuple[str, ...] | None = None
    time_unit: str | None = None
    rate_hz: float | None = None
    channels: int | None = None
    timezone: str | None = None

    @classmethod
    def from_options(
        cls,
        unit: str | None = None,
        rate_hz: float | None = None,
        columns: str | None = None,
        time_column: str | None = None,
        time_unit: str | None = None,
        timezone: str | None = None,
    ) -> "Reading":
        """Return the reading that the options of the command line describe; columns: names between commas."""
        names = tuple(name.strip() for name in columns.split(",")) if columns else None
        return cls("acc", unit, time_column, names, time_unit, rate_hz, timezone=timezone)

    def for_signal(self, modality: Modality, channels: int | None = None) -> "Reading":
        """Return the same reading of another signal, with its number of channels where one is given.

        Raises:
            UsageError: The reading names a signal itself, and it is not this one.
        """
        if self.modality not in (Reading.modality, modality):
            raise UsageError(f"the reading names {self.modality}, but {modality} is read: name one of them")
        return replace(self, modality=modality, channels=self.channels if channels is None else channels)

    def with_own(self, own: "Reading") -> "Reading":
        """Return the reading of one file: what `own` sets counts more; its signal and channels stay."""
        names = ("unit", "time_column", "channel_columns", "time_unit", "timezone")
        return replace(self, **{name: value for name in names if (value := getattr(own, name)) is not None})

    def check(self) -> None:
        """Check what can be checked without a file.

        Raises:
            UsageError: No file can be read so.
        """
        # With numpy and pyarrow in them, which the help of the command line does without.
        from wearcli.recordings.tables.scales import parse_unit
        from wearcli.recordings.tables.times import check_time_unit
        from wearcli.recordings.tables.zone import parse_zone

        check_modality(self.modality)
        if self.unit is not None:
            parse_unit(self.unit, MODALITIES[self.modality])
        if self.time_unit is not None:
            check_time_unit(self.time_unit)
        if self.timezone is not None:
            parse_zone(self.timezone)
        if self.rate_hz is not None and not 0 < self.rate_hz < float("inf"):
            raise UsageError(f"--rate-hz {self.rate_hz:g}: must be above 0")
        columns, signal = self.channel_columns, MODALITIES[self.modality]
        if columns is not None and signal.channels and len(columns) != len(signal.channels):
            raise UsageError(
                f"--columns {','.join(columns)}: {signal.title} needs three columns, in the order x,y,z"
            )
        if "" in [self.time_column, *(columns or [])]:
            raise UsageError("--columns and --time-column take names or positions of columns, not nothing")

    def to_json(self) -> dict[str, object]:
        """Return what is set, as the outputs record it, but for the signal and its channels."""
        options: dict[str, object] = {
            "unit": self.unit,
            "rate_hz": self.rate_hz,
            "channel_columns": None if self.channel_columns is None else list(self.channel_columns),
            "time_column": self.time_column,
            "time_unit": self.time_unit,
            "timezone": self.timezone,
        }
        return {name: value for name, value in options.items() if value is not None}
