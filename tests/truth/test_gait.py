"""`wearcli gait-truth`: gait.csv from foot contacts and from a second sensor."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wearcli
from tests.walking.make import feet, leg, write_events, write_recording
from wearcli.errors import InputError, UsageError

Command = Callable[..., tuple[int, str, str]]


def study(folder: Path, name: str, strides: dict[str, float], starts: bool = True) -> Path:
    """Recordings of 40 s at one placement, with a recordings.csv: of each name a stride time."""
    folder.mkdir()
    lines = ["recording,file,participant,placement,start"]
    for number, (recording, stride) in enumerate(strides.items()):
        write_recording(folder / f"{recording}.csv", leg(stride, 40.0, noise=0.02, seed=number))
        start = f"2024-05-0{number + 1}T10:00:00+00:00" if starts else ""
        lines.append(f"{recording},{recording}.csv,{recording.split('_')[0]},{name},{start}")
    (folder / "recordings.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_walks_from_events_by_the_command(tmp_path: Path, command: Command) -> None:
    events = write_events(tmp_path / "events.csv", feet(1.1, 0.6, 12))
    table = tmp_path / "walks.csv"
    table.write_text("recording,onset,duration,label,distance_m\nw1,1,10,walk,12\nw1,11,99,turn,\n")
    words = ["gait-truth", "--events", str(events), "-o", str(tmp_path / "gait.csv")]
    code, _, err = command(*words, "--intervals", str(table))
    assert (code, "turn, walk" in err) == (2, True)
    code, out, err = command(*words, "--intervals", str(table), "--label", "walk", "--json")
    assert code == 0, err
    row = pd.read_csv(tmp_path / "gait.csv").iloc[0]
    assert [row.recording, row.onset, row.duration] == ["w1", 1, 10]
    assert row.stride_time_s == pytest.approx(1.1)
    assert row.double_support_pct == pytest.approx(20)
    assert row.walking_speed_mps == pytest.approx(1.2)
    told = json.loads(out)
    assert told["metrics"]["cadence_spm"]["median"] == pytest.approx(120 / 1.1)
    assert told["rows"] == 1
    assert "gait.csv is there already" in command(*words)[2]


def test_the_table_is_one_that_a_probe_takes(tmp_path: Path) -> None:
    """Counts and quality are no metrics."""
    from wearcli.labels.tasks import resolve_task

    events = write_events(tmp_path / "events.csv", feet(1.1, 0.6, 12))
    wearcli.gait_truth(events=events, output=tmp_path / "gait.csv")
    task = resolve_task("gait", tmp_path / "gait.csv", None, None, {}, None, ["w1"])
    told = ("stride_time_s", "cadence_spm", "stride_time_cv", "stance_pct", "double_support_pct")
    assert task.targets == told


@pytest.mark.parametrize("rule", ["name", "time", "pattern"])
def test_a_second_sensor_is_paired(tmp_path: Path, rule: str) -> None:
    """Three people, of whom the third wore no second sensor; the clocks of the first pair are 7.5 s apart."""
    words = {"name": ("walk_{}", "walk_{}"), "time": ("a", "b"), "pattern": ("x1", "y1")}[rule]
    mine, other = (word.format(place) for word, place in zip(words, ("wrist", "thigh"), strict=True))
    main = study(tmp_path / "main", "wrist", {f"{who}_{mine}": 2.0 for who in ("P1", "P2", "P3")})
    legs = study(tmp_path / "legs", "thigh", {f"P1_{other}": 0.9, f"P2_{other}": 1.2})
    table = (legs / "recordings.csv").read_text()
    (legs / "recordings.csv").write_text(table.replace("2024-05-01T10:00:00", "2024-05-01T10:00:07.500"))
    result = wearcli.gait_truth(
        [legs],
        tmp_path / "gait.csv",
        main=main,
        pair="(P[0-9])" if rule == "pattern" else None,
    )
    assert result.pairs == {"--pair" if rule == "pattern" else rule: 2}
    assert result.left_out["recordings without one of the second sensor"] == 1
    rows = pd.read_csv(tmp_path / "gait.csv")
    first, second = (rows[rows.recording == f"{who}_{mine}"] for who in ("P1", "P2"))
    assert first.stride_time_s.to_numpy() == pytest.approx(np.full(4, 0.9), abs=0.005)
    assert second.stride_time_s.to_numpy() == pytest.approx(np.full(4, 1.2), abs=0.005)
    assert first.onset.tolist() == [7.5, 17.5, 27.5, 37.5]
    assert second.onset.tolist() == [0, 10, 20, 30]
    assert (rows.duration == 10).all()
    assert (rows.quality > 0.9).all()


def test_one_folder_of_both_told_apart_by_placement(tmp_path: Path, command: Command) -> None:
    folder = study(tmp_path / "all", "ankle", {"P1_a_ankle": 1.0, "P1_b_ankle": 1.3}, starts=False)
    for name in ("P1_a", "P1_b"):
        write_recording(folder / f"{name}_wrist.csv", leg(1.9, 40.0))
        with (folder / "recordings.csv").open("a") as stream:
            stream.write(f"{name}_wrist,{name}_wrist.csv,P1,wrist,\n")
    output = tmp_path / "gait.csv"
    code, _, err = command("gait-truth", "--for", str(folder), "-o", str(output))
    assert (code, "separate them with --placement" in err) == (2, True)
    words = ["gait-truth", "--for", str(folder), "--placement", "ankle", "-o", str(output)]
    code, _, err = command(*words, "--dry-run")
    assert (code, output.exists()) == (0, False)
    assert "2 pairs by name" in err
    assert "taken to start together" in err
    code, _, err = command(*words, "--window", "8")
    assert code == 0, err
    rows = pd.read_csv(output)
    strides = rows.groupby("recording").stride_time_s.agg(["size", "median"])
    assert strides.loc["P1_a_wrist"].tolist() == pytest.approx([5, 1.0], abs=0.01)
    assert strides.loc["P1_b_wrist"].tolist() == pytest.approx([5, 1.3], abs=0.01)
    assert "no recording has it" in command(*words[:3], "--placement", "hip")[2]


def test_windows_lie_in_the_intervals_and_poor_ones_are_left_out(tmp_path: Path) -> None:
    """They begin where an interval does, on the clock of the main recording, and never overlap."""
    main = study(tmp_path / "main", "wrist", {"P1_wrist": 2.0})
    legs = study(tmp_path / "legs", "thigh", {"P1_thigh": 1.05})
    values = leg(1.05, 60.0, noise=0.02)
    rng = np.random.default_rng(1)
    values[1500:2250] = [0, 0, 1] + rng.normal(scale=0.3, size=(750, 3))  # 30 to 45 s: no walk
    write_recording(legs / "P1_thigh.csv", values)
    intervals = tmp_path / "labels.csv"
    intervals.write_text(
        "recording,onset,duration,label\nP1_wrist,4,25.5,w\nP1_wrist,31,12,w\nP1_wrist,46,9,w\n"
    )
    result = wearcli.gait_truth([legs], tmp_path / "gait.csv", main=main, intervals=intervals)
    rows = pd.read_csv(tmp_path / "gait.csv")
    assert rows.onset.tolist() == [4, 14]  # 9 s are too few, and noise repeats nothing
    assert result.left_out["windows of a quality below 0.5"] == 1
    assert rows.stride_time_s.to_numpy() == pytest.approx([1.05, 1.05], abs=0.005)


def test_one_broken_file_does_not_stop_the_rest(tmp_path: Path, command: Command) -> None:
    main = study(tmp_path / "main", "wrist", {"P1_wrist": 2.0, "P2_wrist": 2.0})
    legs = study(tmp_path / "legs", "thigh", {"P1_thigh": 1.0, "P2_thigh": 1.2})
    (legs / "P1_thigh.csv").write_text("time,x,y,z\nno,numbers,at,all\n")
    code, _, err = command("gait-truth", str(legs), "--for", str(main), "-o", str(tmp_path / "gait.csv"))
    assert code == 1
    assert "P1_thigh.csv" in err
    assert set(pd.read_csv(tmp_path / "gait.csv").recording) == {"P2_wrist"}


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    events = write_events(tmp_path / "events.csv", feet(1.1, 0.6))
    main = study(tmp_path / "main", "wrist", {"P1_wrist": 2.0})
    legs = study(tmp_path / "legs", "thigh", {"P9_thigh": 1.0, "P8_thigh": 1.0})
    for arguments, says in [
        ({}, "name either"),
        ({"events": events, "paths": [legs]}, "name either"),
        ({"events": tmp_path / "no.csv"}, "no such table of events"),
        ({"events": events, "distance_m": 10}, "name a table of them with --intervals"),
        ({"events": events, "min_quality": 2}, "--min-quality takes 0 to 1"),
        ({"paths": [legs], "main": main, "window_s": 1}, "--window takes 4 s or more"),
        ({"paths": [legs], "main": main}, "see --pair"),
        ({"paths": [legs], "main": main, "pair": "P"}, "it needs one group"),
        ({"paths": [legs], "main": main, "pair": "(P"}, "no regular expression"),
        ({"paths": [legs], "main": main, "pair": "(P)"}, "have the same text"),
    ]:
        with pytest.raises(UsageError, match=says):
            wearcli.gait_truth(output=tmp_path / "gait.csv", **arguments)  # type: ignore[arg-type]
    slow = {foot: (100 * contact, 100 * off) for foot, (contact, off) in feet(1.1, 0.6).items()}  # samples
    with pytest.raises(InputError, match="are times in seconds"):
        wearcli.gait_truth(events=write_events(tmp_path / "s.csv", slow), output=tmp_path / "gait.csv")
    assert not (tmp_path / "gait.csv").exists()
