"""Recordings of phone apps: one each, of the right file, with gravity, from the app's own clock."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import check_line, read, wrist
from wearcli.embedding.reuse import fingerprint
from wearcli.errors import InputError
from wearcli.inspection import inspect
from wearcli.recordings.formats import bombs
from wearcli.recordings.formats.phone_clock import Epoch
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording
from wearcli.recordings.study.discovery import find_recordings

M_S2 = 9.80665
START = datetime(2024, 3, 4, 9, 15, 0, 123456, tzinfo=UTC)
NS = int(START.timestamp()) * 10**9 + 123_456_789
SESSION = "P01_walk-2024-03-04_10-15-00"

Files = dict[str, str]


def table(header: str, *columns: Sequence[object]) -> str:
    rows = [",".join(map(str, row)) for row in zip(*(np.asarray(c).tolist() for c in columns), strict=True)]
    return "\n".join([header, *rows]) + "\n"


def taken_apart(seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time (n,) s, acceleration (n, 3) g, and its part that is gravity."""
    time, acc = wrist(seconds)
    up = np.tile([0.36, -0.48, 0.8], (len(time), 1))
    return time, acc - [0.1, -0.2, 0.97] + up, up


def sensor_logger(
    time: np.ndarray,
    sensors: Mapping[str, np.ndarray],
    order: str = "zyx",
    delays: Mapping[str, float] | None = None,
) -> Files:
    """What Sensor Logger writes: nanoseconds since 1970, seconds since the tap, z, y, x."""
    files = {
        "Metadata.csv": "version,device name,recording epoch time,recording timezone,platform\n"
        f"3,Phone,{NS // 10**6},Europe/Berlin,ios\n",
        "Annotation.csv": f"time,seconds_elapsed,text\n{NS + 6 * 10**9},6.0,walk\n",
        "Location.csv": f"time,seconds_elapsed,speed,longitude,latitude\n{NS},0.0,1.2,13.4,52.5\n",
        "Barometer.csv": f"time,seconds_elapsed,relativeAltitude,pressure\n{NS},0.0,0.1,1013.2\n",
    }
    for name, values in sensors.items():
        late = (delays or {}).get(name, 0.0)
        stamps = [NS + round((t + late) * 10**9) for t in time]
        axes = [values[:, "xyz".index(axis)].round(6) for axis in order]
        files[f"{name}.csv"] = table(
            f"time,seconds_elapsed,{','.join(order)}", stamps, (time + late).round(4), *axes
        )
    return files


def phyphox(
    time: np.ndarray, files: Mapping[str, tuple[str, np.ndarray]], starts: str | None = None
) -> Files:
    """What phyphox writes: a file a sensor, with units in brackets, and its clock in `meta`."""
    written = {
        f"{name}.csv": table(
            ",".join(['"Time (s)"', *(f'"{pattern.format(axis)}"' for axis in pattern_axes(pattern))]),
            [f"{t:.9E}" for t in time],
            *([f"{v:.9E}" for v in column] for column in values.T),
        )
        for name, (pattern, values) in files.items()
    }
    start = START.timestamp()
    events = (
        f'"START",0.000000000E0,{start:.3f},"2024-03-04 10:15:00.123 UTC+01:00"\n'
        if starts is None
        else starts
    )
    return written | {
        "meta/time.csv": f'"event","experiment time","system time","system time text"\n{events}',
        "meta/device.csv": '"property","value"\n"version","1.1.11"\n"deviceModel","Pixel"\n',
    }


def pattern_axes(pattern: str) -> str:
    return "XYZ" if pattern.startswith("{}") else "xyz"


def write_folder(folder: Path, files: Files) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def write_zip(path: Path, files: Files) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def only(path: Path, **reading: object) -> Recording:
    """The only recording of a path, opened."""
    reading_ = Reading(**reading)  # type: ignore[arg-type]
    (source,) = find_recordings([path], modality=reading_.modality).sources
    return open_recording(source, reading_)


def test_total_acceleration_of_sensor_logger(tmp_path: Path) -> None:
    """The folder given itself, in its study, and by one of its files: one recording, and nothing fails."""
    time, acc, up = taken_apart()
    sensors = {
        "Accelerometer": M_S2 * (acc - up),
        "Gravity": M_S2 * up,
        "TotalAcceleration": M_S2 * acc,
        "AccelerometerUncalibrated": acc + 0.01,
        "Gyroscope": acc,
        "Magnetometer": 40 * acc,
    }
    folder = write_folder(tmp_path / SESSION, sensor_logger(time, sensors))
    (folder / "Bluetooth-1A2B.csv").write_text(f"time,seconds_elapsed,id,rssi\n{NS},0.0,a,-60\n")
    for path in (folder, tmp_path, folder / "TotalAcceleration.csv", folder / "Gravity.csv"):
        found = find_recordings([path])
        assert [source.recording for source in found.sources] == [SESSION]
        assert found.problems == []
        recording = open_recording(found.sources[0])
        assert recording.start is not None
        assert abs(recording.start - START) < timedelta(microseconds=2)
        assert recording.unit_how == "m/s2, stated in the file"
        assert recording.warnings == []
        stamps, values = read(recording)
        np.testing.assert_allclose(stamps, time, atol=1e-8)
        np.testing.assert_allclose(values, acc, atol=1e-6)
        facts = {name: recording.provenance[name] for name in ("app", "file", "timezone")}
        assert facts == {"app": "Sensor Logger", "file": "TotalAcceleration.csv", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize("order", ["zyx", "xyz", "yzx"])
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
@pytest.mark.parametrize("packed", [False, True])
def test_accelerometer_and_gravity_are_summed(
    tmp_path: Path, order: str, spelling: type[str], packed: bool
) -> None:
    """iOS has no TotalAcceleration; on Android the stamps of the two may differ."""
    time, acc, up = taken_apart()
    sensors = {"Accelerometer": M_S2 * (acc - up), "Gravity": M_S2 * up, "Gyroscope": acc}
    files = sensor_logger(time, sensors, order, {"Gravity": 0.0073})
    files = {f"{spelling(name.removesuffix('.csv'))}.csv": text for name, text in files.items()}
    path = (
        write_zip(tmp_path / f"{SESSION}.zip", files) if packed else write_folder(tmp_path / SESSION, files)
    )
    recording = only(path)
    stamps, values = read(recording)
    np.testing.assert_allclose(stamps, time, atol=1e-8)
    np.testing.assert_allclose(values, acc, atol=2e-6)
    assert recording.source.recording == SESSION
    (warning,) = recording.warnings
    assert warning.startswith("acceleration is the sum of ")
    assert warning.lower().endswith("and gravity x,gravity y,gravity z")


def test_gravity_that_turns_between_slower_samples(tmp_path: Path) -> None:
    """Gravity at a quarter of the rate, with a gap: between its samples it is interpolated."""
    time, acc, _ = taken_apart(60.0)
    angle = 0.3 * time

    def up(t: np.ndarray) -> np.ndarray:
        return np.stack([np.cos(0.3 * t), np.sin(0.3 * t), 0 * t], 1)

    user = acc - acc.mean(0)
    files = sensor_logger(time, {"Accelerometer": M_S2 * user})
    slow = time[(time < 20) | (time > 30)][::4]
    files |= {"Gravity.csv": sensor_logger(slow, {"Gravity": M_S2 * up(slow)})["Gravity.csv"]}
    _, values = read(only(write_folder(tmp_path / SESSION, files)))
    inside = (time < 19) | ((time > 31) & (time < 59.9))
    np.testing.assert_allclose(values[inside], (user + up(time))[inside], atol=1e-3)
    assert np.isnan(values[(time > 21) & (time < 29)]).all()
    assert angle.max() > np.pi


def test_what_is_left_of_sensor_logger(tmp_path: Path) -> None:
    """Uncalibrated where nothing else has gravity; without gravity alone it is said."""
    time, acc, up = taken_apart()
    files = sensor_logger(time, {"Accelerometer": M_S2 * (acc - up), "AccelerometerUncalibrated": acc})
    np.testing.assert_allclose(read(only(write_folder(tmp_path / "a", files)))[1], acc, atol=1e-6)
    files = sensor_logger(time, {"Accelerometer": M_S2 * (acc - up), "GyroscopeUncalibrated": acc})
    folder = write_folder(tmp_path / "b", files)
    assert any("without gravity" in line for line in only(folder).warnings)
    turn = only(folder, modality="gyro")
    assert turn.provenance["file"] == "GyroscopeUncalibrated.csv"
    files = sensor_logger(time, {"GyroscopeUncalibrated": acc, "Gyroscope": 0.5 * acc})
    turn = only(write_folder(tmp_path / "c", files), modality="gyro")
    assert turn.unit_how == "rad/s, stated in the file"
    np.testing.assert_allclose(read(turn)[1], np.rad2deg(0.5 * acc), atol=1e-4)
    with pytest.raises(InputError, match=r"no file in it is of acc \(there are .*gyroscope.csv"):
        only(tmp_path / "c")


@pytest.mark.parametrize("packed", [False, True])
def test_a_sensor_that_was_off(tmp_path: Path, packed: bool) -> None:
    """Its file holds a header alone, or nothing."""
    time, acc, up = taken_apart()
    files = sensor_logger(time, {"Accelerometer": M_S2 * (acc - up), "Gravity": M_S2 * up})
    files |= {"TotalAcceleration.csv": "time,seconds_elapsed,z,y,x\n", "AccelerometerUncalibrated.csv": ""}
    write = write_zip if packed else write_folder
    np.testing.assert_allclose(read(only(write(tmp_path / "walk.zip", files)))[1], acc, atol=2e-6)


def test_a_zip_names_nothing_outside_of_it(tmp_path: Path) -> None:
    time, acc, _ = taken_apart()
    files = sensor_logger(time, {"TotalAcceleration": M_S2 * acc})
    outside = write_folder(tmp_path / "outside", files)
    names = {f"{outside}/{name}": text for name, text in files.items()}
    names |= {f"../outside/{name}": text for name, text in files.items()}
    path = write_zip(
        tmp_path / "study" / "a.zip", names | {f"P1/{name}": text for name, text in files.items()}
    )
    assert [source.path for source in find_recordings([path]).sources] == [path / "P1"]


def test_the_phone_before_the_watch(tmp_path: Path) -> None:
    time, acc, up = taken_apart()
    files = sensor_logger(time, {"TotalAcceleration": M_S2 * acc})
    header = "time,seconds_elapsed,rotationRateX,rotationRateY,rotationRateZ,"
    header += ",".join(f"{word}{axis}" for word in ("gravity", "acceleration") for axis in "XYZ")
    stamps = [NS + round(t * 10**9) for t in time]
    wrist_motion = table(header, stamps, time, *acc.T, *up.T, *(acc - up).round(6).T)
    folder = write_folder(tmp_path / SESSION, files | {"WristMotion.csv": wrist_motion})
    recording = only(folder)
    assert recording.provenance["file"] == "TotalAcceleration.csv"
    assert recording.warnings == [
        "wristmotion.csv holds the same signal of another device and is left out: name the file to read it"
    ]
    named = only(folder / "WristMotion.csv")
    np.testing.assert_allclose(read(named)[1], acc, atol=1e-6)
    alone = write_folder(
        tmp_path / "alone", {"WristMotion.csv": wrist_motion, "Metadata.csv": files["Metadata.csv"]}
    )
    np.testing.assert_allclose(read(only(alone))[1], acc, atol=1e-6)


PHYPHOX = {
    "Accelerometer": "{} (m/s^2)",
    "Raw Data": "Acceleration {} (m/s^2)",
}


@pytest.mark.parametrize("name", PHYPHOX)
@pytest.mark.parametrize("packed", [False, True])
def test_phyphox(tmp_path: Path, name: str, packed: bool) -> None:
    """The start is the system's time at START and the first stamp; `meta` holds no recordings."""
    time, acc, up = taken_apart()
    written = {name: (PHYPHOX[name], M_S2 * acc), "Gyroscope": ("{} (rad/s)", acc)}
    written["Linear Accelerometer"] = ("{} (m/s^2)", M_S2 * (acc - up))
    files = phyphox(time + 0.02, written)
    path = write_zip(tmp_path / "walk.zip", files) if packed else write_folder(tmp_path / "walk", files)
    found = find_recordings([tmp_path])
    assert [source.recording for source in found.sources] == ["walk"]
    recording = only(path)
    assert recording.start is not None
    assert abs(recording.start - START - timedelta(seconds=0.02)) < timedelta(milliseconds=1)
    np.testing.assert_allclose(read(recording)[0], time, atol=1e-6)
    np.testing.assert_allclose(read(recording)[1], acc, atol=1e-6)
    turn = only(path, modality="gyro")
    assert turn.unit_how == "rad/s, stated in the file"
    np.testing.assert_allclose(read(turn)[1], np.rad2deg(acc), rtol=1e-5)


def test_phyphox_sums_and_refuses(tmp_path: Path) -> None:
    time, acc, up = taken_apart()
    linear = ("{} (m/s^2)", M_S2 * (acc - up))
    files = phyphox(time, {"Linear Acceleration": linear, "Gravity": ("{} (m/s^2)", M_S2 * up)})
    np.testing.assert_allclose(read(only(write_folder(tmp_path / "a", files)))[1], acc, atol=2e-6)
    files = phyphox(time, {"Raw Data": ("Linear Acceleration {} (m/s^2)", M_S2 * (acc - up))})
    assert any("without gravity" in line for line in only(write_folder(tmp_path / "b", files)).warnings)


def test_a_pause_of_phyphox_is_a_gap(tmp_path: Path) -> None:
    time, acc, _ = taken_apart()
    start = START.timestamp()
    events = "".join(
        f'"{event}",{elapsed:.9E},{start + passed:.3f},"text"\n'
        for event, elapsed, passed in (("START", 0, 0), ("PAUSE", 8, 8), ("START", 8, 68))
    )
    files = phyphox(time, {"Raw Data": (PHYPHOX["Raw Data"], M_S2 * acc)}, events)
    stamps, values = read(only(write_folder(tmp_path / "walk", files)))
    np.testing.assert_allclose(stamps, np.where(time < 8, time, time + 60), atol=1e-6)
    np.testing.assert_allclose(values, acc, atol=1e-6)
    clock = Epoch((0.0, 8.0, 9.5), (100.0, 168.0, 300.0))
    np.testing.assert_allclose(
        clock.seconds(np.array([-0.5, 0, 7.9, 8, 9, 9.5, 20])), [99.5, 100, 107.9, 168, 169, 300, 310.5]
    )


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_phyphox_with_decimal_commas(tmp_path: Path, delimiter: str) -> None:
    time, acc, _ = taken_apart()
    files = phyphox(time, {"Raw Data": (PHYPHOX["Raw Data"], M_S2 * acc)})
    files = {name: text.replace(",", delimiter).replace(".", ",") for name, text in files.items()}
    recording = only(write_folder(tmp_path / "walk", files))
    assert recording.start is not None
    assert abs(recording.start - START) < timedelta(milliseconds=1)
    np.testing.assert_allclose(read(recording)[1], acc, atol=1e-6)


def test_a_zip_of_sessions(tmp_path: Path) -> None:
    """One recording a folder in it, embedded anew as the zip changes; damaged ones fail by name."""
    time, acc, up = taken_apart()
    sessions = {}
    for k, name in enumerate(("P01_walk", "P02_walk", "P02_run")):
        sensors = {"Accelerometer": M_S2 * (1 + k) * (acc - up), "Gravity": M_S2 * up}
        sessions[name] = sensor_logger(time, sensors)
    inside = {
        f"export/{name}/{file}": text for name, files in sessions.items() for file, text in files.items()
    }
    inside |= {f"__MACOSX/export/P01_walk/._{file}": "junk" for file in sessions["P01_walk"]}
    path = write_zip(tmp_path / "study" / "all.zip", inside | {"export/notes.txt": "x"})
    for given in (path, tmp_path / "study", tmp_path):
        found = find_recordings([given])
        assert [source.recording for source in found.sources] == ["P01_walk", "P02_run", "P02_walk"]
    for source in found.sources:
        k = list(sessions).index(source.recording)
        np.testing.assert_allclose(read(open_recording(source))[1], (1 + k) * (acc - up) + up, atol=5e-6)
    before = fingerprint(found.sources[0])
    write_zip(path, inside | {"export/notes.txt": "y"})
    assert fingerprint(found.sources[0]) != before


def test_what_is_no_recording_of_an_app(tmp_path: Path) -> None:
    """Loose files keep their names; a folder is one recording only where accelerations are several."""
    time, acc, up = taken_apart()
    plain = {
        "Accelerometer.csv": table("t,x,y,z", time, *acc.T),
        "P02.csv": table("t,x,y,z", time, *acc.T),
        "Gyroscope.csv": table("t,x,y,z", time, *(90 * acc).T),
    }
    write_folder(tmp_path / "loose", plain)
    assert {"Accelerometer", "P02"} <= {s.recording for s in find_recordings([tmp_path / "loose"]).sources}
    several = {
        "accelerometer.csv": table("t,x,y,z", time, *acc.T),
        "gravity.csv": table("t,x,y,z", time, *up.T),
        "linear_acceleration.csv": table("t,x,y,z", time, *(acc - up).T),
        "labels.csv": "recording,onset,duration,label\nwalk,0,5,walk\n",
    }
    write_folder(tmp_path / "study" / "walk", several)
    found = find_recordings([tmp_path / "study"])
    assert [source.recording for source in found.sources] == ["walk"]
    assert "labels" in found.sidecars
    np.testing.assert_allclose(read(open_recording(found.sources[0]))[1], acc, atol=1e-6)
    write_zip(tmp_path / "other.zip", {"readme.csv": "a,b\n1,2\n"})
    assert len(find_recordings([tmp_path]).sources) == 3


def test_inspect_has_one_line_and_no_failure(tmp_path: Path) -> None:
    time, acc, up = taken_apart()
    sensors = {"Accelerometer": M_S2 * (acc - up), "Gravity": M_S2 * up, "TotalAcceleration": M_S2 * acc}
    write_folder(tmp_path / SESSION, sensor_logger(time, sensors))
    write_zip(tmp_path / "P02_walk.zip", phyphox(time, {"Raw Data": (PHYPHOX["Raw Data"], M_S2 * acc)}))
    rows = inspect([tmp_path]).recordings
    assert [(row.recording, row.error, row.samples) for row in rows] == [
        (SESSION, None, len(time)),
        ("P02_walk", None, len(time)),
    ]


def test_damaged_and_hostile_zips_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time, acc, _ = taken_apart()
    files = sensor_logger(time, {"TotalAcceleration": M_S2 * acc})
    path = write_zip(tmp_path / "a.zip", files)
    whole = path.read_bytes()
    (source,) = find_recordings([path]).sources
    rng = np.random.default_rng(0)
    at = whole.index(b"TotalAcceleration.csv")
    for cut in rng.integers(at + 60, at + 4000, 20):
        path.write_bytes(whole[:cut] + bytes(40) + whole[cut + 40 :])
        with pytest.raises(InputError) as error:
            read(open_recording(source))
        check_line(error.value, path)
    monkeypatch.setattr(bombs, "HARMLESS_BYTES", 2**20)
    zeros = f"{NS},0,0,0,1\n" * (bombs.MOST_RATIO * 2**8)
    write_zip(path, dict(files, **{"TotalAcceleration.csv": f"time,seconds_elapsed,z,y,x\n{zeros}"}))
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        read(open_recording(source))


@pytest.mark.realdata
def test_case(realdata: Path) -> None:
    folder = realdata / "cases" / "sensor-logger-folder"
    for path in (folder, folder / SESSION.replace("10-15", "09-15")):
        recording = only(path)
        assert recording.provenance["file"] == "TotalAcceleration.csv"
        assert recording.start == datetime(2024, 3, 4, 9, 15, 0, 123456, tzinfo=UTC)
        total = np.genfromtxt(
            folder / recording.source.recording / "TotalAcceleration.csv", delimiter=",", skip_header=1
        )
        np.testing.assert_allclose(read(recording)[1], total[:, :1:-1] / M_S2, atol=1e-6)
