import contextlib
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recordings.make import opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.recordings.tables import table

TIME, ACC = wrist()


def check(recording, start: datetime | None = None, atol: float = 1e-6) -> None:  # type: ignore[no-untyped-def]
    time, values = read(recording)
    np.testing.assert_allclose(time, TIME, atol=1e-6)
    np.testing.assert_allclose(values, ACC, atol=atol)
    assert values.dtype == np.float32
    assert time.dtype == np.float64
    assert recording.rate_hz == pytest.approx(50.0)
    assert (recording.unit, recording.channels, recording.start) == ("g", ("x", "y", "z"), start)


def test_plain(tmp_path: Path) -> None:
    recording = opened(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *ACC.T))
    check(recording)
    check(recording)  # a second pass begins anew
    assert recording.warnings == []
    assert recording.unit_how == "g, by the magnitude at rest"


def test_gz_in_any_case(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *ACC.T)
    packed = tmp_path / "A.CSV.GZ"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    check(opened(packed))
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="copy it again"):
        read(opened(packed))


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_separators_and_crlf(tmp_path: Path, separator: str) -> None:
    path = write_csv(tmp_path / "a.csv", separator.join("txyz"), TIME, *ACC.T, separator=separator)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    check(opened(path))


def test_decimal_commas(tmp_path: Path) -> None:
    cells = [[f"{value:.4f}".replace(".", ",") for value in row] for row in np.column_stack([TIME, ACC])]
    lines = ["time;x;y;z", *(";".join(row) for row in cells)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    check(opened(path))
    path.write_text("\n".join(lines).replace(";", "\t"))
    check(opened(path))
    quoted = ["time,x,y,z", *(",".join(f'"{cell}"' for cell in row) for row in cells)]
    path.write_text("\n".join(quoted))
    check(opened(path))
    path.write_text("\n".join(lines).replace(";", ","))
    with pytest.raises(InputError, match="decimal commas between commas"):
        opened(path)
    path.write_text("\n".join(lines[:50] + ["1.00;0.1;0.2;0.9"]))
    with pytest.raises(InputError, match="decimal points and with decimal commas"):
        opened(path)


def test_no_header(tmp_path: Path) -> None:
    check(opened(write_csv(tmp_path / "a.csv", None, TIME, *ACC.T)))
    recording = opened(write_csv(tmp_path / "b.csv", None, *ACC.T), rate=50.0)
    check(recording)
    assert recording.rate_nominal_hz == 50.0
    with pytest.raises(InputError, match="--rate-hz"):
        opened(tmp_path / "b.csv")
    path = write_csv(tmp_path / "c.csv", None, TIME, *ACC.T, TIME, TIME)
    with pytest.raises(InputError, match="--columns 2,3,4"):
        opened(path)
    check(opened(path, channel_columns=["2", "3", "4"], time_column="1"))


@pytest.mark.parametrize(
    "preamble",
    [
        "# a comment\n# of two lines\n",
        "Device: X,,,\n\nSerial,17,,\n",
        "sep=,\n",
        "%what\n",
        "\ufeff",
        "Größe in m/s²\n",
        "Study 12\nSubject,7\n",
    ],
)
def test_lines_above_the_header(tmp_path: Path, preamble: str) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *ACC.T)
    path.write_text(preamble + path.read_text(), encoding="utf-8")
    check(opened(path))


def test_latin_and_utf16(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x (m/s²),y (m/s²),z (m/s²)", TIME, *(ACC * 9.80665).T)
    text = path.read_text()
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        path.write_text(text, encoding=encoding)
        recording = opened(path)
        check(recording, atol=1e-5)
        assert recording.unit_how == "m/s2, stated in the file"


def test_header_in_a_comment_and_a_row_of_units(tmp_path: Path) -> None:
    check(opened(write_csv(tmp_path / "a.csv", "# time, x, y, z", TIME, *ACC.T)))
    recording = opened(
        write_csv(tmp_path / "b.csv", "time,acc_x,acc_y,acc_z\nms,mg,mg,mg", TIME * 1e3, *(ACC * 1e3).T)
    )
    check(recording)
    assert recording.unit_how == "mg, stated in the file"


def test_r_row_names_and_trailing_separators(tmp_path: Path) -> None:
    rows = [
        f'"{i}" {t},{x},{y},{z}'.replace(" ", ",")
        for i, (t, (x, y, z)) in enumerate(zip(TIME, ACC, strict=True), 1)
    ]
    path = tmp_path / "a.csv"
    path.write_text("time,x,y,z\n" + "\n".join(rows))
    check(opened(path))
    path = write_csv(tmp_path / "b.csv", "time,x,y,z", TIME, *ACC.T)
    head, *body = path.read_text().splitlines()
    path.write_text("\n".join([head, *(line + "," for line in body)]))
    check(opened(path))


ACTIGRAPH = """\
------------ Data File Created By ActiGraph wGT3XBT ActiLife v6.13.4 Firmware v1.9.2 \
date format M/d/yyyy at 50 Hz  Filter Normal -----------
Serial Number: MOS2E17210537
Start Time 09:30:00
Start Date 5/7/2024
Epoch Period (hh:mm:ss) 00:00:00
Download Time 10:50:00
Download Date 5/7/2024
Current Memory Address: 0
Current Battery Voltage: 4.07     Mode = 12
--------------------------------------------------
"""


def test_actigraph_export(tmp_path: Path) -> None:
    start = datetime(2024, 5, 7, 9, 30, tzinfo=UTC)
    path = write_csv(tmp_path / "a.csv", "Accelerometer X,Accelerometer Y,Accelerometer Z", *ACC.T)
    plain = path.read_text()
    path.write_text(ACTIGRAPH + plain)
    recording = opened(path)
    check(recording, start)
    assert recording.rate_nominal_hz == 50.0
    path.write_text(ACTIGRAPH + plain.partition("\n")[2])
    check(opened(path), start)
    stamps = [f"5/7/2024 9:30:{t:06.3f}" for t in TIME]
    path = write_csv(
        tmp_path / "b.csv", "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z", stamps, *ACC.T
    )
    path.write_text(ACTIGRAPH + path.read_text())
    check(opened(path), start)


@pytest.mark.parametrize(
    ("form", "zoned"),
    [
        ("2024-05-07T09:30:{:06.3f}Z", True),
        ("2024-05-07 10:30:{:06.3f}+01:00", True),
        ("2024-05-07 09:30:{:09.6f}", False),
        ("2024/05/07 09:30:{:06.3f}", False),
        ("2024-05-07 09:30:{:06.3f} UTC", True),
    ],
)
def test_iso_stamps(tmp_path: Path, form: str, zoned: bool) -> None:
    stamps = [form.format(t) for t in TIME]
    recording = opened(write_csv(tmp_path / "a.csv", "time,x,y,z", stamps, *ACC.T))
    check(recording, datetime(2024, 5, 7, 9, 30, tzinfo=UTC))
    assert ("taken as UTC" in str(recording.provenance["time"])) is not zoned


def test_python_stamps_drop_a_zero_fraction(tmp_path: Path) -> None:
    stamps = [str(datetime.fromtimestamp(1.7e9 + t, UTC)) for t in TIME.round(6)]
    assert len({len(stamp) for stamp in stamps}) == 2
    check(
        opened(write_csv(tmp_path / "a.csv", "time,x,y,z", stamps, *ACC.T)),
        datetime.fromtimestamp(1.7e9, UTC),
    )


def test_epoch_stamps(tmp_path: Path) -> None:
    start = datetime.fromtimestamp(1.7e9, UTC)
    for per in (1, 10**3, 10**6, 10**9):
        stamps = [1.7e9 + t if per == 1 else 1_700_000_000 * per + round(t * per) for t in TIME]
        check(opened(write_csv(tmp_path / "a.csv", "unix,x,y,z", stamps, *ACC.T)), start)


def test_time_of_day_over_midnight_streams(tmp_path: Path) -> None:
    midnight = datetime(2024, 1, 1)
    stamps = [
        (midnight + timedelta(seconds=86390 + t)).time().isoformat("milliseconds") for t in TIME.tolist()
    ]
    recording = opened(write_csv(tmp_path / "a.csv", "time,x,y,z", stamps, *ACC.T))
    check(recording)
    check(recording)


def test_old_line_ends(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *ACC.T)
    path.write_bytes(b"a note\r" + path.read_bytes().replace(b"\n", b"\r"))
    check(opened(path))


def test_units_by_flag_and_magnitude(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *(ACC * 9.80665).T)
    recording = opened(path)
    check(recording, atol=1e-5)
    assert recording.unit_how == "m/s2, by the magnitude at rest"
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *(ACC * 64).T)
    with pytest.raises(InputError, match="--unit"):
        opened(path)
    recording = opened(path, unit="mg")
    np.testing.assert_allclose(read(recording)[1], ACC * 0.064, atol=1e-6)
    assert recording.unit_how == "mg, given by --unit"
    assert len(recording.warnings) == 1


def test_missing_cells_and_odd_rows(tmp_path: Path) -> None:
    cells = ACC.astype(object)
    cells[10, 1], cells[11, 2], cells[12, 0], cells[13, 0] = "", "NaN", "NA", "inf"
    time = TIME.astype(object)
    time[20] = ""
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", time, *cells.T)
    lines = path.read_text().splitlines()
    lines.insert(40, "1,2")
    path.write_text("\n".join(lines)[:-9])  # the last line is cut
    recording = opened(path)
    time, values = read(recording)
    assert len(time) == len(TIME) - 2
    assert np.argwhere(np.isnan(values)).tolist() == [[10, 1], [11, 2], [12, 0], [13, 0]]
    assert recording.warnings == [
        "2 rows with another number of columns were left out",
        "1 samples without a time stamp were left out",
    ]
    read(recording)
    assert len(recording.warnings) == 2


def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    cells = ACC.astype(object)
    cells[700, 1] = "ERR7"
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *cells.T)
    with pytest.raises(InputError, match=r"column 'y', row 702: 'ERR7'") as error:
        read(opened(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"time,x,y,z\n", "no rows of numbers"),
        (b"hello world\nhow are you\n", "no rows of numbers"),
        (b"PK\x03\x04\x00\x00\x00\x00", "not a text file"),
        (b"time,x,y,z\n0,0.1,0.2,0.9\n", "--rate-hz"),
        (b"time,x,y,z\n" + b"5,0.1,0.2,0.9\n" * 30, "does not move"),
        (b"index,x,y,z\n" + b"5,0.1,0.2,0.9\n" * 30, "--rate-hz"),
    ],
)
def test_unusable_files(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        read(opened(path))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@given(st.binary(max_size=400))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_never_escapes_as_another_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        read(opened(path, rate=50.0, unit="g"))


def test_a_rate_that_is_not_what_was_said(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", (np.arange(len(ACC)) / 83.0).round(6), *ACC.T)
    recording = opened(path, rate=80.0)
    assert recording.rate_hz == pytest.approx(83.0, rel=1e-5)
    assert recording.rate_nominal_hz == 80.0
    assert recording.warnings == ["the rate is stated as 80 Hz and measured as 83 Hz"]


def test_long_files_come_in_short_chunks(tmp_path: Path) -> None:
    """No chunk grows with the file, and the stream goes on where the head ended."""
    time, acc = wrist(2 * table.HEAD_ROWS / 50.0 + 100)
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", time.round(2), *acc.round(3).T)
    recording = opened(path)
    chunks = list(recording.chunks())
    assert len(chunks) > 3
    assert max(len(chunk.time) for chunk in chunks) <= table.HEAD_ROWS
    np.testing.assert_allclose(np.concatenate([c.time for c in chunks]), time, atol=1e-9)
    np.testing.assert_allclose(np.concatenate([c.values for c in chunks]), acc.round(3), atol=1e-6)
