"""Text tables as devices and spreadsheets write them: rows of units, ragged rows, no header, odd numbers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recordings.make import check_line, opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.recordings.formats.layout import NULLS

TIME, ACC = wrist()
CELLS = np.column_stack([TIME, ACC]).tolist()


def check(path: Path, atol: float = 1e-6, **flags: object) -> list[str]:
    """The file is read as `TIME` and `ACC`; returns its warnings."""
    recording = opened(path, **flags)
    time, values = read(recording)
    np.testing.assert_allclose(time, TIME, atol=1e-6)
    np.testing.assert_allclose(values, ACC, atol=atol)
    assert recording.rate_hz == pytest.approx(50.0)
    return recording.warnings


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", ["\t", ";", ",", "|"])
@pytest.mark.parametrize("named_separator", ["", "sep={}", '"sep={}"'])
@pytest.mark.parametrize(
    ("names", "units"),
    [
        (
            "Shimmer_9404_Timestamp_Unix_CAL Shimmer_9404_Accel_LN_X_CAL Shimmer_9404_Accel_LN_Y_CAL "
            "Shimmer_9404_Accel_LN_Z_CAL Shimmer_9404_GSR_CAL Shimmer_9404_Battery_CAL",
            "ms m/(s^2) m/(s^2) m/(s^2) kOhms furlong",
        ),
        ("time acc_x acc_y acc_z temp lux", "(ms) (m~s-2) (m~s-2) (m~s-2) (degC) (lx)"),
        ("time acc_x acc_y acc_z temp event", "[ms] [m/s²] [m/s²] [m/s²]  "),
        ("Timestamp AccelX AccelY AccelZ a b", "ms m/s2 m/s2 m/s2 wombats quokkas"),
    ],
)
def test_a_row_of_units(tmp_path: Path, separator: str, named_separator: str, names: str, units: str) -> None:
    rows = ([round(1000 * t), *(axis * 9.80665 for axis in axes), 25.1, 3] for t, *axes in CELLS)
    first = [named_separator.format(separator.replace("\t", "\\t"))] if named_separator else []
    path = write_lines(
        tmp_path / "a.csv",
        *first,
        separator.join(names.split(" ")),
        separator.join(units.split(" ")).replace("~", " "),
        *(separator.join(map(str, row)) for row in rows),
    )
    check(path, atol=1e-5)
    assert opened(path).unit_how == "m/s2, stated in the file"


def test_separators_at_the_ends_of_all_rows(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.csv",
        '"sep=;"',
        "D_Timestamp_CAL;D_Accel_LN_X_CAL;D_Accel_LN_Y_CAL;D_Accel_LN_Z_CAL;D_Mag_X_CAL;",
        "ms;m/(s^2);m/(s^2);m/(s^2);local_flux;",
        *(f"{1000 * t:.1f};{x * 9.80665};{y * 9.80665};{z * 9.80665};-0.11;" for t, x, y, z in CELLS),
    )
    check(path, atol=1e-5)
    # A name is enough for --columns, without the unit that stands below it.
    names = ["D_Accel_LN_X_CAL", "D_Accel_LN_Y_CAL", "D_Accel_LN_Z_CAL"]
    check(path, atol=1e-5, channel_columns=names)


def test_two_accelerometers_are_a_choice(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.csv",
        "Timestamp;Accel_LN_X;Accel_LN_Y;Accel_LN_Z;Accel_WR_X;Accel_WR_Y;Accel_WR_Z",
        "ms;" + ";".join(["m/(s^2)"] * 6),
        *(f"{1000 * t};" + ";".join(str(9.80665 * a) for a in (x, y, z, x, y, z)) for t, x, y, z in CELLS),
    )
    with pytest.raises(InputError, match="several sensors of acceleration: choose one with --columns"):
        opened(path)


def test_raw_and_calibrated_columns_of_one_name(tmp_path: Path) -> None:
    """Older Shimmer exports: the device, names, RAW or CAL, and units, each in a row of its own."""
    path = write_lines(
        tmp_path / "a.csv",
        ",".join(["Device 4027"] * 7),
        "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z,"
        "Accelerometer X,Accelerometer Y,Accelerometer Z",
        "CAL,RAW,RAW,RAW,CAL,CAL,CAL",
        "mSecs,no units,no units,no units,m/(sec^2),m/(sec^2),m/(sec^2)",
        *(
            f"{1000 * t},{2000 + 90 * x:.0f},{2000 + 90 * y:.0f},{2000 + 90 * z:.0f},"
            f"{x * 9.80665},{y * 9.80665},{z * 9.80665}"
            for t, x, y, z in CELLS
        ),
    )
    assert any("not Accelerometer X RAW" in line for line in opened(path, time_unit="ms").warnings)
    columns = [f"Accelerometer {axis} CAL" for axis in "XYZ"]
    check(path, atol=1e-5, time_unit="ms")
    check(path, atol=1e-5, channel_columns=columns, time_unit="ms")
    assert opened(path, channel_columns=columns, time_unit="ms").unit_how == "m/s2, stated in the file"


@given(lacking=st.integers(0, 3), surplus=st.integers(0, 3), every=st.integers(2, 30))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_lack_cells_or_have_empty_ones_more(
    tmp_path: Path, lacking: int, surplus: int, every: int
) -> None:
    """The header names eight columns; rows have 8 - lacking cells, and some have empty ones more."""
    rest = ["1.5", "2.5", "3.5", "on"]
    lines = ["TimeStamp,Accelerometer_X,Accelerometer_Y,Accelerometer_Z,a,b,c,Elements"]
    for i, row in enumerate(CELLS):
        cells = [*map(str, row), *rest[: 4 - lacking]]
        if i % every == 1:
            cells = [*map(str, row), *rest] + [""] * surplus
        lines.append(",".join(cells))
    assert check(write_lines(tmp_path / "a.csv", *lines)) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_ragged_rows_in_any_encoding(tmp_path: Path, end: str, encoding: str) -> None:
    lines = ["time;x;y;z;note;Größe"]
    lines += [";".join(map(str, row)) + [";ä;7;;", ";ä", ';"a;b"'][i % 3] for i, row in enumerate(CELLS)]
    (tmp_path / "a.csv").write_bytes((end.join(lines) + end).encode(encoding))
    assert check(tmp_path / "a.csv") == []


def test_a_surplus_cell_that_holds_something_is_counted(tmp_path: Path) -> None:
    lines = ["time,x,y,z"] + [",".join(map(str, row)) + ("," if i % 2 else "") for i, row in enumerate(CELLS)]
    lines[100] += ",9,9"
    recording = opened(write_lines(tmp_path / "a.csv", *lines))
    assert len(read(recording)[0]) == len(TIME) - 1
    assert recording.warnings == ["1 rows with another number of columns were left out"]


def test_ragged_rows_beyond_one_block(tmp_path: Path) -> None:
    time, acc = wrist(1500.0)
    lines = ["time,x,y,z,note"]
    lines += [
        ",".join(map(str, [t, *a])) + ["", ",rest", ",,"][i % 3]
        for i, (t, a) in enumerate(zip(time.round(2).tolist(), acc.tolist(), strict=True))
    ]
    path = write_lines(tmp_path / "a.csv", *lines)
    assert path.stat().st_size > 2**21
    read_time, values = read(opened(path))
    np.testing.assert_allclose(read_time, time, atol=1e-6)
    np.testing.assert_allclose(values, acc, atol=1e-6)


@pytest.mark.parametrize("word", [word for word in NULLS if word])
def test_words_for_a_missing_value(tmp_path: Path, word: str) -> None:
    cells = ACC.astype(object)
    cells[::7, 1] = word
    recording = opened(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *cells.T))
    missing = np.isnan(read(recording)[1])
    assert np.array_equal(np.flatnonzero(missing.any(1)), np.arange(0, len(ACC), 7))
    assert missing[:, [0, 2]].sum() == 0


@pytest.mark.parametrize("index", ["", "Unnamed: 0", "index", "#", "row"])
def test_an_index_before_the_columns(tmp_path: Path, index: str) -> None:
    path = write_csv(tmp_path / "a.csv", f"{index},time,x,y,z", np.arange(len(TIME)), TIME, *ACC.T)
    assert check(path) == []


@pytest.mark.parametrize("comment", ["#", "%", "//"])
def test_comments_and_blank_lines(tmp_path: Path, comment: str) -> None:
    rows = [",".join(map(str, row)) for row in CELLS]
    head = [
        f"{comment} made by a device, for one, 2024",
        f"{comment} rate: unknown",
        "",
        f"{comment}time,x,y,z",
    ]
    assert check(write_lines(tmp_path / "a.csv", *head, "", *rows[:500], "", *rows[500:], "", "")) == []


def test_quoted_numbers(tmp_path: Path) -> None:
    rows = [",".join(f'"{cell}"' for cell in row) for row in CELLS]
    assert check(write_lines(tmp_path / "a.csv", '"time","x","y","z"', *rows)) == []


def test_utf16_without_a_mark(tmp_path: Path) -> None:
    text = "\n".join(["time,x,y,z", *(",".join(map(str, row)) for row in CELLS)])
    for encoding in ("utf-16-le", "utf-16-be"):
        (tmp_path / "a.csv").write_bytes(text.encode(encoding))
        assert check(tmp_path / "a.csv") == []


@pytest.mark.parametrize(
    ("separator", "form"),
    [
        (";", "{:,.2f}"),
        (";", "G{:,.2f}"),
        (",", '"{:,.2f}"'),
        ("\t", "S{:,.2f}"),
        (";", "A{:,.2f}"),
        (";", "D{:,.0f}"),
    ],
)
def test_thousands_apart_are_refused(tmp_path: Path, separator: str, form: str) -> None:
    signs = {"G": ",.", "S": " .", "A": "'.", "D": ".,"}
    rows = []
    for _, *axes in CELLS:
        cells = []
        for milli_g in (2000 * axis + (1e5 if form == '"{:,.2f}"' else 0) for axis in axes):
            cell = form.lstrip("GSAD").format(milli_g)
            if form[0] in signs:
                cell = cell.translate(str.maketrans(",.", signs[form[0]] if form[0] != "G" else ".,"))
            cells.append(cell)
        rows.append(separator.join(cells))
    path = write_lines(tmp_path / "a.csv", separator.join("xyz"), *rows)
    with pytest.raises(InputError, match="has its thousands apart") as error:
        opened(path, rate=50.0)
    check_line(error.value, path)


CASES = {
    "shimmer-units-row/shimmer_tab.csv": ({}, 50.0, "m/s2, stated in the file"),
    "shimmer-units-row/brackets.csv": ({}, 50.0, "m/s2, stated in the file"),
    "shimmer-units-row/shimmer_real.csv": (
        {"channel_columns": [f"Shimmer_40AC_Accel_LN_{axis}_CAL" for axis in "XYZ"]},
        51.2,
        "m/s2, stated in the file",
    ),
    "muse-short-first-row/muse.csv": ({}, None, "g, by the magnitude at rest"),
    "muse-short-first-row/bangle.csv": ({}, None, "g, by the magnitude at rest"),
    "omgui-ax6-csv/ax6.csv": ({}, 50.0, "g, by the magnitude at rest"),
}


@pytest.mark.parametrize("name", CASES)
def test_exports_of_real_devices(realdata: Path, name: str) -> None:
    """Gravity is 1 g within 5 %, at the rate that the makers of the files state."""
    path = realdata / "cases" / name
    if not path.exists():
        pytest.skip("the case is not here")
    flags, rate, unit = CASES[name]
    recording = opened(path, **flags)
    values = read(recording)[1]
    magnitudes = np.linalg.norm(values[np.isfinite(values).all(1)], axis=1)
    assert len(magnitudes) >= 40
    assert np.median(magnitudes) == pytest.approx(1.0, abs=0.05)
    assert recording.unit_how == unit
    assert rate is None or recording.rate_hz == pytest.approx(rate, rel=0.01)


STAMPS = [f"2024-03-04 09:15:{t:06.3f}" for t in TIME]
TURNS = np.random.default_rng(1).normal([15.0, -0.5, 0.3], 2.0, (len(TIME), 3)).round(4)


@pytest.mark.parametrize("time", [STAMPS, TIME, (1.7e9 + TIME).round(2)], ids=["date", "elapsed", "epoch"])
@pytest.mark.parametrize("factor", [1.0, 1000.0, 9.80665])
@pytest.mark.parametrize("order", ["ta", "tag", "tga", "ita", "itag", "at", "tagm", "ti_a"])
def test_no_header_and_one_reading(tmp_path: Path, time: object, factor: float, order: str) -> None:
    """t: time, a: acceleration, g: rotation, m: magnetometer, i: index, _: text."""
    magnet = np.random.default_rng(2).normal(40, 5, (len(TIME), 3)).round(2)
    parts = {
        "t": [time],
        "a": list((ACC * factor).round(4).T),
        "g": list(TURNS.T),
        "m": list(magnet.T),
        "i": [np.arange(len(TIME))],
        "_": [["walk"] * len(TIME)],
    }
    path = write_csv(tmp_path / "a.csv", None, *(column for letter in order for column in parts[letter]))
    warnings = check(path, atol=1e-4)
    assert [note.startswith("no header: time is column") for note in warnings] == [True] * (order != "ta")


def test_no_header_and_several_readings(tmp_path: Path) -> None:
    two = write_csv(tmp_path / "a.csv", None, TIME, *ACC.T, *ACC.T)
    with pytest.raises(InputError, match="7 columns without names"):
        opened(two)
    clocks = write_csv(tmp_path / "b.csv", None, TIME, TIME * 1000 + 17, *ACC.T)
    with pytest.raises(InputError, match="5 columns without names"):
        opened(clocks)
    motion = np.abs(TURNS) + 10
    with pytest.raises(InputError, match="7 columns without names"):
        opened(write_csv(tmp_path / "c.csv", None, TIME, *TURNS.T, *motion.T))
