import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wearcli.embedding.reuse import fingerprint
from wearcli.errors import InputError, UsageError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings


def test_the_options_of_the_command_line() -> None:
    reading = Reading.from_options("mg", 50.0, " ax, ay ,3", "t", "ms")
    assert reading == Reading("acc", "mg", "t", ("ax", "ay", "3"), "ms", 50.0)
    assert Reading.from_options() == Reading()


def test_documents_list_what_is_set_alone() -> None:
    assert Reading("ppg", channels=2).to_json() == {}
    reading = Reading.from_options("g", 25.0, "1,2,3", "4", "iso")
    assert Reading.from_options(timezone="Europe/Rome").to_json() == {"timezone": "Europe/Rome"}
    text = '{"unit": "g", "rate_hz": 25.0, "channel_columns": ["1", "2", "3"], "time_column": "4", '
    assert json.dumps(reading.to_json()) == text + '"time_unit": "iso"}'


def test_a_signal_and_its_channels_are_named_by_one_side() -> None:
    reading = Reading(unit="g")
    assert reading.for_signal("ppg", 2) == Reading("ppg", "g", channels=2)
    assert Reading("ppg", channels=3).for_signal("ppg") == Reading("ppg", channels=3)
    with pytest.raises(UsageError, match="names ppg, but ecg is read"):
        Reading("ppg").for_signal("ecg")


def test_it_can_be_sent_to_a_process() -> None:
    reading = Reading.from_options("g", 25.0, "1,2,3")
    assert pickle.loads(pickle.dumps(reading)) == reading


def test_files_of_one_study_are_read_in_their_own_ways(tmp_path: Path) -> None:
    """Two units, two time columns and a rate in one folder; the rows stand over what is given for all."""
    steps = range(100)
    (tmp_path / "a.csv").write_text("clock,p,q,r\n" + "".join(f"{20 * i},0,0,1000\n" for i in steps))
    (tmp_path / "b.csv").write_text("seconds,x,y,z\n" + "".join(f"{i / 25},0,0,9.81\n" for i in steps))
    (tmp_path / "c.csv").write_text("x,y,z\n" + "".join("0,0,1\n" for i in steps))
    (tmp_path / "d.csv").write_text("time,x,y,z\n0,0,0,1\n")
    (tmp_path / "recordings.csv").write_text(
        "file,participant,unit,columns,time_column,time_unit,rate_hz\n"
        'a.csv,P1,mg,"p,q,r",clock,ms,\nb.csv,P2,m/s2,,seconds,s,\nc.csv,P3,g,,,,40\nd.csv,P4,stone,,,,\n'
    )
    a, b, c, d = find_recordings([tmp_path]).sources
    general = Reading(unit="g", rate_hz=10.0)
    for source, rate in ((a, 50), (b, 25), (c, 40)):
        recording = open_recording(source, general)
        values = np.concatenate([chunk.values for chunk in recording.chunks()])
        assert recording.rate_hz == pytest.approx(rate)
        np.testing.assert_allclose(values[:, 2], 1.0, rtol=1e-3)
    with pytest.raises(InputError, match=r"d\.csv: its row of recordings\.csv: .*stone"):
        open_recording(d, general)
    assert fingerprint(a) != fingerprint(replace(a, reading=None))
