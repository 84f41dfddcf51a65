""".bin files of GENEActiv: values, times, zones and damage."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.formats.device_writers import START, geneactiv_page, write_geneactiv
from tests.recordings.make import check_line, opened, read
from wearcli.errors import InputError

GAIN, OFFSET = np.array([25000, 26000, 24000]), np.array([-1000, 500, 0])
T0 = START.replace(tzinfo=None)


def raw(page: int, count: int = 300) -> np.ndarray:
    rng = np.random.default_rng(page)
    axes = rng.integers(-2048, 2048, (count, 3))
    return np.concatenate((axes, rng.integers(0, 1024, (count, 1)), rng.integers(0, 2, (count, 1))), axis=1)


def g_of(*pages: int, count: int = 300) -> np.ndarray:
    """By the manual's formula."""
    return np.concatenate([(raw(page, count)[:, :3] * 100 - OFFSET) / GAIN for page in pages])


def page(number: int, rate: float = 50, count: int = 300) -> bytes:
    start = T0 + timedelta(seconds=number * 300 / rate)
    return geneactiv_page(number, start, raw(number, count).tolist(), rate)


def test_values_times_and_zone(tmp_path: Path) -> None:
    path = write_geneactiv(tmp_path / "a.bin", [page(i) for i in range(4)])
    recording = opened(path)
    time, values = read(recording)
    np.testing.assert_allclose(values, g_of(0, 1, 2, 3), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(time, np.arange(1200) / 50, atol=1e-6)
    assert recording.start == START - timedelta(hours=1)
    assert (recording.range_limit, recording.rate_nominal_hz, recording.warnings) == (8.0, 50.0, [])
    assert recording.duration_s == pytest.approx(24, abs=0.1)
    assert "Zo\xeb" not in str(recording.provenance)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("GMT -05:00", -5), ("GMT +05:30", 5.5), ("GMT +00:00", 0), ("GMT", 0), ("", None), ("whatever", None)],
)
def test_zones(tmp_path: Path, zone: str, hours: float | None) -> None:
    recording = opened(write_geneactiv(tmp_path / "a.bin", [page(0)], zone=zone))
    assert recording.start == START - timedelta(hours=hours or 0)
    assert ("no zone" in str(recording.provenance["time"])) == (hours is None)


@pytest.mark.parametrize("rate", [10, 30, 66.7, 85.7, 100])
def test_rates(tmp_path: Path, rate: float) -> None:
    recording = opened(write_geneactiv(tmp_path / "a.bin", [page(i, rate) for i in range(3)], rate))
    time, _ = read(recording)
    assert recording.rate_hz == pytest.approx(rate, rel=1e-3)
    np.testing.assert_allclose(time, np.arange(900) / rate, atol=2e-3)


def test_windows_line_ends(tmp_path: Path) -> None:
    path = write_geneactiv(tmp_path / "a.bin", [page(i) for i in range(2)])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    recording = opened(path)
    np.testing.assert_allclose(read(recording)[1], g_of(0, 1), rtol=1e-6, atol=1e-7)
    assert recording.start == START - timedelta(hours=1)


def test_the_last_page_is_cut(tmp_path: Path) -> None:
    pages = [page(i) for i in range(3)]
    path = write_geneactiv(tmp_path / "a.bin", [*pages[:2], pages[2][:-1200]], count=5)
    recording = opened(path)
    np.testing.assert_allclose(
        read(recording)[1], np.concatenate((g_of(0, 1), g_of(2)[:200])), rtol=1e-6, atol=1e-7
    )
    assert recording.warnings == ["the file is cut off 0:00:16 after the start: 3 of 5 pages are there"]
    path = write_geneactiv(tmp_path / "b.bin", [*pages[:2], pages[2][:100]], count=3)
    recording = opened(path)
    assert len(read(recording)[0]) == 600
    assert recording.warnings == ["the file is cut off 0:00:12 after the start: 2 of 3 pages are there"]


def test_pages_that_are_missing_or_damaged(tmp_path: Path) -> None:
    pages = [page(i) for i in range(12)]
    pages[3] = pages[3].replace(b"Page Time:2024", b"Page Time:20x4")
    pages[8] = pages[8].replace(b"Recorded Data", b"Recorded_Data")
    del pages[5:7]
    recording = opened(write_geneactiv(tmp_path / "a.bin", pages, count=12))
    time, values = read(recording)
    np.testing.assert_allclose(values, g_of(0, 1, 2, 4, 7, 9, 10, 11), rtol=1e-6, atol=1e-7)
    assert time[::300].tolist() == pytest.approx([0, 6, 12, 24, 42, 54, 60, 66])
    damage, missing = recording.warnings
    assert damage.startswith("1 damaged page (")
    assert damage.endswith("left out, 0:00:18 after the start")
    assert missing == "3 pages are missing from the sequence, the first 0:00:30 after the start"


@pytest.mark.parametrize("year", [b"9924", b"2324", b"1024"])
def test_a_year_that_cannot_be(tmp_path: Path, year: bytes) -> None:
    """As ns since 1970 it is beyond 64 bits."""
    odd = page(1).replace(b"Page Time:2024", b"Page Time:" + year)
    recording = opened(write_geneactiv(tmp_path / "a.bin", [odd, page(0), odd, page(2)], count=3))
    np.testing.assert_allclose(read(recording)[1], g_of(0, 2), rtol=1e-6, atol=1e-7)
    assert recording.warnings[0].startswith("2 damaged pages (")


def test_digits_that_are_none(tmp_path: Path) -> None:
    data = bytearray(page(1))
    at = data.index(b"50.0\n") + 5 + 12 * 250
    data[at : at + 4] = b"#!?_"
    recording = opened(write_geneactiv(tmp_path / "a.bin", [page(0), bytes(data), page(2)]))
    _, values = read(recording)
    np.testing.assert_allclose(
        values, np.concatenate((g_of(0), g_of(1)[:250], g_of(2))), rtol=1e-6, atol=1e-7
    )
    assert recording.warnings == ["the file is cut off or damaged: 850 of 900 samples are there"]


@pytest.mark.parametrize("junk", [b"\0" * 5_000_000, b"Recorded Data" + b"a" * 3_000_000, b"\n" * 100_000])
def test_junk_between_pages(tmp_path: Path, junk: bytes) -> None:
    recording = opened(write_geneactiv(tmp_path / "a.bin", [page(0), junk, page(1)], count=2))
    np.testing.assert_allclose(read(recording)[1], g_of(0, 1), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("entry", [b"x gain:25000", b"y gain:26000", b"z offset:0"])
@pytest.mark.parametrize("value", [b"0", b"", b"nan", b"abc"])
def test_a_calibration_that_cannot_be(tmp_path: Path, entry: bytes, value: bytes) -> None:
    path = write_geneactiv(tmp_path / "a.bin", [page(0)])
    name = entry.partition(b":")[0]
    path.write_bytes(path.read_bytes().replace(entry, name + b":" + value))
    if value == b"0" and b"offset" in name:
        assert len(read(opened(path))[0]) == 300
        return
    with pytest.raises(InputError, match=r"its calibration .* is damaged") as error:
        read(opened(path))
    check_line(error.value, path)


@pytest.mark.parametrize(("rest", "lines"), [(1.02, []), (0.09, ["the magnitude at rest is 0.09"])])
def test_a_rest_that_cannot_be_is_said(tmp_path: Path, rest: float, lines: list[str]) -> None:
    z = round((rest * GAIN[2] + OFFSET[2]) / 100)
    samples = [(round(OFFSET[0] / 100), round(OFFSET[1] / 100), z, 0, 0)] * 300
    pages = [geneactiv_page(i, T0 + timedelta(seconds=6 * i), samples, 50) for i in range(3)]
    recording = opened(write_geneactiv(tmp_path / "a.bin", pages))
    read(recording)
    assert [warning[: len(line)] for warning, line in zip(recording.warnings, lines, strict=True)] == lines
