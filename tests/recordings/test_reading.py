import json
import pickle

import pytest

from wearcli.errors import UsageError
from wearcli.recordings.reading import Reading


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
