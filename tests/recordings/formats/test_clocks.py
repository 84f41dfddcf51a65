"""Clocks of text exports: the layouts are those of ActiLife, GENEActiv, biobank tools, OMGUI and others."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.recordings.make import opened, read, wrist
from wearcli.errors import InputError
from wearcli.recordings.formats import date_order
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.discovery import find_recordings

START = datetime(2024, 3, 14, 23, 59, 50)
TRUTH = START.replace(tzinfo=UTC)


def rows(count: int = 1000) -> list[str]:
    return [",".join(f"{value:.4f}" for value in row) for row in wrist(count / 50)[1]]


def stamped(path: Path, header: str, stamps: Iterable[str], above: str = "", joint: str = ",") -> Recording:
    lines = [f"{stamp}{joint}{row}" for stamp, row in zip(stamps, rows(), strict=True)]
    path.write_text("\n".join([*([above] if above else []), *([header] if header else []), *lines]) + "\n")
    return opened(path)


def moments(start: datetime = START, step_ms: int = 20) -> list[datetime]:
    return [start + timedelta(milliseconds=step_ms * k) for k in range(1000)]


def actilife(form: str, day: str, clock: str = "23:59:50") -> str:
    return (
        "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.4 Firmware v2.5.0 date format "
        f"{form} at 50 Hz  Filter Normal -----------\nSerial Number: NEO1C00000001\nStart Time {clock}\n"
        f"Start Date {day}\nEpoch Period (hh:mm:ss) 00:00:00\nDownload Time 12:09:58\nDownload Date {day}\n"
        "Current Memory Address: 0\nCurrent Battery Voltage: 4.26     Mode = 12\n"
        "--------------------------------------------------"
    )


@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("M/d/yyyy", "3/14/2024"),
        ("MM/dd/yyyy", "03/14/2024"),
        ("d/M/yyyy", "14/3/2024"),
        ("dd/MM/yyyy", "14/03/2024"),
        ("yyyy-MM-dd", "2024-03-14"),
        ("yyyy/MM/dd", "2024/03/14"),
        ("yyyy.MM.dd.", "2024.03.14."),
        ("yyyy. MM. dd.", "2024. 03. 14."),
        ("dd.MM.yyyy", "14.03.2024"),
        ("d. M. yyyy", "14. 3. 2024"),
        ("d-M-yyyy", "14-3-2024"),
        ("d-M-yy", "14-3-24"),
        ("M/d/yy", "3/14/24"),
        ("dd.MM.yy", "14.03.24"),
        ("yy-MM-dd", "24-03-14"),
        ("dd-MMM-yy", "14-Mar-24"),
        ("d MMM yyyy", "14 Mar 2024"),
    ],
)
def test_the_start_in_the_header_of_actilife(tmp_path: Path, form: str, day: str) -> None:
    path = tmp_path / "a.csv"
    header = "Accelerometer X,Accelerometer Y,Accelerometer Z"
    path.write_text("\n".join([actilife(form, day), header, *rows()]) + "\n")
    recording = opened(path)
    assert (recording.start, recording.rate_hz) == (TRUTH, 50.0)
    assert opened(path, timezone="Europe/Berlin").start == TRUTH - timedelta(hours=1)
    # An afternoon's clock, and what a spreadsheet makes of the lines when it saves them anew.
    spread = "\n".join(f"{line},," for line in actilife(form, day, "11:59:50 PM").splitlines())
    path.write_text("\n".join([spread, header, *rows()]) + "\n")
    assert opened(path).start == TRUTH


@pytest.mark.parametrize(
    ("form", "day"), [("M/d/yyyy", "3/4/2024"), ("d/M/yyyy", "4/3/2024"), ("M/d/yy", "3/4/24")]
)
def test_the_header_tells_the_order_of_its_stamps(tmp_path: Path, form: str, day: str) -> None:
    start = datetime(2024, 3, 4, 9, 15)
    stamps = [f"{day} {m:%H:%M:%S.%f}"[:-3] for m in moments(start)]
    header = "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z"
    recording = stamped(tmp_path / "a.csv", header, stamps, actilife(form, day, "09:15:00"))
    assert (recording.start, recording.rate_hz) == (start.replace(tzinfo=UTC), 50.0)


def test_a_header_whose_date_may_be_two_gives_no_start(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    above = "Start Date 3/4/2024\nStart Time 09:15:00\nsample rate 50"
    path.write_text("\n".join([above, "x,y,z", *rows()]) + "\n")
    recording = opened(path)
    assert recording.start is None
    assert recording.warnings == ["the date in its header may be dmy or mdy: no start is taken (--time-unit)"]
    assert opened(path, time_unit="dmy").start == datetime(2024, 4, 3, 9, 15, tzinfo=UTC)
    assert opened(path, time_unit="mdy").start == datetime(2024, 3, 4, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("above", "start"),
    [
        ("DeviceTag: Xsens DOT\nOutputRate: 50Hz\nStartTime: 2024-03-14_23:59:50_000", TRUTH),
        ("Recording started: 2024-03-14T23:59:50+01:00\nfs: 50", TRUTH - timedelta(hours=1)),
        ("start_time,2024-03-14 23:59:50\nTime Zone,GMT -05:00\nfs=50", TRUTH + timedelta(hours=5)),
        ("Time zone: Europe/Berlin\nStart time: 14 Mar 2024 23:59:50\nfs=50", TRUTH - timedelta(hours=1)),
        ("Start of study\nStart time: soon\nfs=50", None),
    ],
)
def test_other_headers(tmp_path: Path, above: str, start: datetime | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([above, "x,y,z", *rows()]) + "\n")
    recording = opened(path)
    assert (recording.start, recording.rate_hz) == (start, 50.0)


def geneactiv(path: Path, zone: str = "GMT +01:00", width: int = 7) -> Path:
    above = [
        *("Device Type,GENEActiv", "Device Model,1.1", "Device Unique Serial Code,012345"),
        *("Calibration Date,2016-05-11 11:21:21:000", "Application name & version,GENEActiv 3.2"),
        *("Measurement Frequency,50.0 Hz", "Start Time,2024-03-14 23:59:50:000"),
        *("Device Location Code,left wrist", f"Time Zone,{zone}", "Range,-8 to 8", "Units,g"),
    ]
    stamps = [f"{m:%Y-%m-%d %H:%M:%S}:{m.microsecond // 1000:03d}" for m in moments()]
    rest = ",".join(["10", "0", "25.3", "1", "2", "3"][: width - 4])
    body = [f"{stamp},{row},{rest}" for stamp, row in zip(stamps, rows(), strict=True)]
    path.write_text("\n".join([*above, *[""] * (100 - len(above)), *body]) + "\n")
    return path


def test_geneactiv_csv(tmp_path: Path) -> None:
    recording = opened(geneactiv(tmp_path / "a.csv"))
    assert (recording.start, recording.rate_hz) == (TRUTH - timedelta(hours=1), pytest.approx(50.0))
    assert recording.unit_how == "g, GENEActiv format"
    assert recording.provenance["time"] == "ISO date and time, zone UTC+01:00 in the file"
    time, values = read(recording)
    np.testing.assert_allclose(time, np.arange(1000) / 50, atol=1e-9)
    np.testing.assert_allclose(values, wrist(20.0)[1], atol=1e-6)
    # A zone that the file states comes before the one that is given.
    assert opened(tmp_path / "a.csv", timezone="Asia/Tokyo").start == recording.start
    with pytest.raises(InputError, match="means of epochs and no samples"):
        opened(geneactiv(tmp_path / "epochs.csv", width=10))


def test_biobank_csv(tmp_path: Path) -> None:
    stamps = [f"{m:%Y-%m-%d %H:%M:%S.%f}"[:-3] + "+0000 [Europe/London]" for m in moments()]
    recording = stamped(tmp_path / "a.csv", "time,x,y,z", stamps)
    assert (recording.start, recording.provenance["time"]) == (TRUTH, "ISO date and time")
    stamps = [f"{m:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " [Europe/Berlin]" for m in moments()]
    recording = stamped(tmp_path / "b.csv", "time,x,y,z", stamps)
    assert recording.start == TRUTH - timedelta(hours=1)
    assert recording.provenance["time"] == "ISO date and time, zone Europe/Berlin in the file"


@pytest.mark.parametrize(
    ("date", "clock", "names"),
    [
        ("%Y-%m-%d", "%H:%M:%S.%f", "Date,Time"),
        ("%d.%m.%Y", "%H:%M:%S.%f", "date,time"),
        ("%m/%d/%Y", "%I:%M:%S.%f %p", "Date,Time"),
        ("%Y%m%d", "%H:%M:%S:%f", "day,clock"),
        ("%d-%b-%Y", "%H:%M:%S.%f", "Datum,Zeit"),
    ],
)
def test_date_and_time_in_two_columns(tmp_path: Path, date: str, clock: str, names: str) -> None:
    stamps = [f"{m.strftime(date)},{m.strftime(clock)}" for m in moments()]
    recording = stamped(tmp_path / "a.csv", f"{names},x,y,z", stamps)
    assert (recording.start, recording.warnings) == (TRUTH, [])
    np.testing.assert_allclose(read(recording)[0], np.arange(1000) / 50, atol=1e-6)


def test_a_date_alone_is_not_joined_with_an_elapsed_time(tmp_path: Path) -> None:
    stamps = [f"2024-03-14,{k / 50}" for k in range(1000)]
    recording = stamped(tmp_path / "a.csv", "date,time,x,y,z", stamps)
    assert (recording.start, recording.rate_hz) == (None, pytest.approx(50.0))


def test_whole_seconds_of_twelve_hours_are_counted(tmp_path: Path) -> None:
    stamps = [m.strftime("%m/%d/%Y %I:%M:%S %p") for m in moments()]
    recording = stamped(tmp_path / "a.csv", "time,x,y,z", stamps)
    assert (recording.start, recording.rate_hz) == (TRUTH, pytest.approx(50.0, rel=0.02))


def test_decimal_commas_of_seconds(tmp_path: Path) -> None:
    stamps = [f"{m:%d.%m.%Y %H:%M:%S},{m.microsecond // 1000:03d}" for m in moments()]
    path = tmp_path / "a.csv"
    body = [
        f"{stamp};{row.replace(',', ';').replace('.', ',')}"
        for stamp, row in zip(stamps, rows(), strict=True)
    ]
    path.write_text("\n".join(["time;x;y;z", *body]) + "\n")
    recording = opened(path)
    assert recording.start == TRUTH
    np.testing.assert_allclose(read(recording)[0], np.arange(1000) / 50, atol=1e-9)


@pytest.mark.parametrize(
    "change", [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)]
)
def test_a_change_of_the_clock(tmp_path: Path, change: datetime) -> None:
    start = change - timedelta(seconds=10)
    zone = ZoneInfo("Europe/Berlin")
    stamps = [f"{m.astimezone(zone):%Y-%m-%d %H:%M:%S.%f}" for m in moments(start)]
    plain = stamped(tmp_path / "a.csv", "time,x,y,z", stamps)
    time, _ = read(plain)
    line = (
        "no sample from 2024-03-31 02:00 to 03:00, which the clocks of Europe/Berlin, for one, leave out: "
        "a gap, unless the clock was put forward (--timezone)"
    )
    assert plain.warnings == ([line] if change.month == 3 else [])
    read(plain)
    assert len(plain.warnings) == (change.month == 3)  # said once
    mended = opened(tmp_path / "a.csv", timezone="Europe/Berlin")
    time, _ = read(mended)
    np.testing.assert_allclose(time, np.arange(1000) / 50, atol=1e-6)
    assert (mended.start, mended.rate_hz, mended.warnings) == (start, pytest.approx(50.0), [])


def test_zoned_stamps_are_not_shifted_by_the_zone_given(tmp_path: Path) -> None:
    stamps = [f"{m:%Y-%m-%dT%H:%M:%S.%f}Z" for m in moments()]
    stamped(tmp_path / "a.csv", "time,x,y,z", stamps)
    assert opened(tmp_path / "a.csv", timezone="Asia/Tokyo").start == TRUTH
    epoch = [str(int(TRUTH.timestamp() * 1000) + 20 * k) for k in range(1000)]
    stamped(tmp_path / "b.csv", "time,x,y,z", epoch)
    assert opened(tmp_path / "b.csv", timezone="Asia/Tokyo").start == TRUTH


def dated(
    path: Path, start: datetime, form: str = "%d/%m/%Y %H:%M:%S.%f", header: str = "time,x,y,z"
) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    stamped_rows = (f"{m.strftime(form)},{row}" for m, row in zip(moments(start), rows(), strict=True))
    path.write_text("\n".join([header, *stamped_rows]) + "\n")
    return path


def in_study(path: Path, root: Path) -> Recording:
    return open_recording(Source(path.stem, path, "csv", "p", root=root))


def test_files_of_the_study_tell_the_order_of_a_date_in_doubt(tmp_path: Path) -> None:
    doubtful = dated(tmp_path / "P01" / "a.csv", datetime(2024, 3, 4, 9, 15))
    dated(tmp_path / "P02" / "a.csv", datetime(2024, 5, 6, 9, 15))
    with pytest.raises(InputError, match="may be day/month/year or month/day/year: say --time-unit dmy"):
        in_study(doubtful, tmp_path)
    dated(tmp_path / "P03" / "other.csv", datetime(2024, 3, 14), "%m/%d/%Y %H:%M:%S.%f", "clock,x,y,z")
    dated(tmp_path / "P03" / "b.csv", datetime(2024, 3, 14), "%y/%m/%d %H:%M:%S.%f")
    dated(tmp_path / "P04" / "a.csv", datetime(2024, 3, 14, 9, 15))
    dated(tmp_path / "P05" / "a.csv", datetime(2024, 3, 15, 9, 15))
    forget_studies()
    recording = in_study(doubtful, tmp_path)
    assert recording.start == datetime(2024, 3, 4, 9, 15, tzinfo=UTC)
    assert str(recording.provenance["time"]).endswith("; order of the date as in P04/a.csv")
    assert len(read(recording)[0]) == 1000
    # What the user says counts more, and files that contradict each other tell nothing.
    month_first = open_recording(Source("a", doubtful, "csv", "p", root=tmp_path), Reading(time_unit="mdy"))
    assert month_first.start == datetime(2024, 4, 3, 9, 15, tzinfo=UTC)
    dated(tmp_path / "P06" / "a.csv", datetime(2024, 3, 14, 9, 15), "%m/%d/%Y %H:%M:%S.%f")
    forget_studies()
    with pytest.raises(InputError, match="say --time-unit dmy or mdy"):
        in_study(doubtful, tmp_path)


def forget_studies() -> None:
    """Forget what the files of a study told: a test writes more of them."""
    date_order._sisters.cache_clear()


def test_later_dates_of_a_file_tell_the_order(tmp_path: Path) -> None:
    """The first rows are of 4 May alone, the last ones of the 5th: 5/5 is no month after 5/4."""
    start = datetime(2024, 5, 4, 18)
    stamps = [(start + timedelta(seconds=k)).strftime("%m/%d/%Y %H:%M:%S") for k in range(25_000)]
    path = tmp_path / "a.csv"
    rest = [f"{stamp},0.1,{k % 7 / 100},1" for k, stamp in enumerate(stamps)]
    path.write_text("\n".join(["time,x,y,z", *rest]) + "\n")
    recording = opened(path, unit="g")
    assert recording.start == start.replace(tzinfo=UTC)
    how = str(recording.provenance["time"])
    assert how.startswith("date (month/day/year) and time, no zone: taken as UTC (--timezone)")
    assert how.endswith("; order of the date by its later dates")


def test_a_start_in_recordings_csv_is_of_the_zone_that_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["x,y,z", *rows()]) + "\n")
    (tmp_path / "recordings.csv").write_text("recording,start,rate_hz\na,2024-07-14T23:59:50,50\n")
    (source,) = find_recordings([tmp_path]).sources
    summer = datetime(2024, 7, 14, 23, 59, 50, tzinfo=UTC)
    for zone, hours in ((None, 0), ("Europe/Berlin", 2), ("-05:00", -5)):
        recording = open_recording(source, Reading(timezone=zone))
        assert recording.start == summer - timedelta(hours=hours)
        assert "; start by recordings.csv, " in str(recording.provenance["time"])


def test_minutes_that_change_but_once_need_a_rate(tmp_path: Path) -> None:
    stamps = [f"{m:%d.%m.%Y %H:%M}" for m in moments()]
    with pytest.raises(InputError, match="does not move, or but once: say its rate with --rate-hz"):
        stamped(tmp_path / "a.csv", "time,x,y,z", stamps)
    recording = opened(tmp_path / "a.csv", rate_hz=50.0)
    assert (recording.start, recording.rate_hz) == (START.replace(second=0, tzinfo=UTC), 50.0)
    same = stamped(tmp_path / "b.csv", "time,x,y,z", ["14.03.2024 23:59"] * 1000, "fs: 50")
    assert same.start == START.replace(second=0, tzinfo=UTC)
    assert same.warnings == ["its time does not move: 50 Hz is taken as stated"]
    np.testing.assert_allclose(read(same)[0], np.arange(1000) / 50)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("case", "start"),
    [
        ("actilife-iso-date/iso_date.csv", datetime(2021, 12, 20, 11, 55, tzinfo=UTC)),
        ("actilife-iso-date/slash_date.csv", datetime(2021, 12, 20, 11, 55, tzinfo=UTC)),
        ("actilife-two-digit-year/two_digit_year.csv", datetime(2013, 8, 26, 11, 55, tzinfo=UTC)),
        ("biobank-csv-zone-name/biobank.csv", datetime(2024, 3, 4, 8, 15, tzinfo=UTC)),
        ("geneactiv-csv/S01_left_wrist.csv", datetime(2024, 3, 4, 8, 15, tzinfo=UTC)),
        ("device-zone-ignored/zone.gt3x", datetime(2024, 4, 30, 19, 53, tzinfo=UTC)),
        ("device-zone-ignored/zone.bin", datetime(2025, 3, 17, 17, 37, 33, tzinfo=UTC)),
    ],
)
def test_starts_of_cases(realdata: Path, case: str, start: datetime) -> None:
    assert opened(realdata / "cases" / case).start == start


@pytest.mark.realdata
def test_the_case_of_spring(realdata: Path) -> None:
    path = realdata / "cases" / "dst-spring-naive" / "spring.csv"
    recording = opened(path)
    read(recording)
    (line,) = recording.warnings
    assert "no sample from 2024-03-31 02:00 to 03:00" in line
    time, _ = read(opened(path, timezone="Europe/Rome"))
    assert time[-1] == pytest.approx(49.98)
