"""The ECGs of an Apple Health export, in several languages; and whose they are."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import opened, read
from wearcli.errors import InputError
from wearcli.recordings.study.discovery import find_recordings

START = datetime(2024, 5, 7, 9, 30, 5, tzinfo=UTC)
VALUES = np.round(300 * np.sin(np.arange(15_000) / 50), 3)
ENGLISH = """\
Name,Jane Secret
Date of Birth,"Jan 8, 1972"
Recorded Date,2024-05-07 11:30:05 +0200
Classification,Sinus Rhythm
Symptoms,
Software Version,1.90
Device,"Watch7,12"
Sample Rate,512 hertz


Lead,Lead I
Unit,µV

"""
# As a German phone writes it, with a no-break space and decimal commas between commas.
GERMAN = """\
Name,Jane Secret
Geburtstag,"08.01.1972"
Aufzeichnungsdatum,2024-05-07 11:30:05 +0200
Klassifizierung,Sinusrhythmus
Symptome,
Softwareversion,1.13
Gerät,"Watch4,2"
Messrate,511,562\u00a0Hertz


Ableitung,Ableitung I
Einheit,µV

"""
RUSSIAN = """\
Имя;Jane Secret
Дата рождения;8 января 1972
Дата записи;2024-05-07 11:30:05 +0200
Классификация;Синусовый ритм
Частота;512 герц
Отведение;Отведение I
Единица;мкВ
"""
COMMAS = [f"{value:.3f}".replace(".", ",") for value in VALUES]


def write(path: Path, head: str = ENGLISH, samples: object = VALUES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(f"{sample}\n" for sample in samples), encoding="utf-8")  # type: ignore[attr-defined]
    return path


@pytest.mark.parametrize(
    ("head", "samples", "rate", "unit", "expected"),
    [
        (ENGLISH, VALUES, 512, "µV", "Sinus Rhythm"),
        (ENGLISH.replace("µV", "mV").replace("512 ", "511.123 "), VALUES, 511.123, "mV", "Sinus Rhythm"),
        (ENGLISH.replace("\n", "\r\n"), VALUES, 512, "µV", "Sinus Rhythm"),
        ("\ufeff" + ENGLISH.replace("Name,Jane Secret", "Name"), VALUES, 512, "µV", "Sinus Rhythm"),
        (ENGLISH, COMMAS, 512, "µV", "Sinus Rhythm"),
        (GERMAN, COMMAS, 511.562, "µV", "Sinusrhythmus"),
        (GERMAN.replace(",", ";"), COMMAS, 511.562, "µV", "Sinusrhythmus"),
        (GERMAN, [f'"{comma}"' for comma in COMMAS], 511.562, "µV", "Sinusrhythmus"),
        (RUSSIAN, COMMAS, 512, "мкВ", "Синусовый ритм"),
        (ENGLISH.replace("512 hertz", "512ヘルツ"), VALUES, 512, "µV", "Sinus Rhythm"),
        (ENGLISH.replace(",", ";"), [f"{comma};" for comma in COMMAS], 512, "µV", "Sinus Rhythm"),
    ],
)
def test_languages(tmp_path: Path, head: str, samples: object, rate: float, unit: str, expected: str) -> None:
    head = head.replace("511;562", "511,562")
    recording = opened(write(tmp_path / "ecg_2024-05-07.csv", head, samples), modality="ecg")
    for _ in range(2):
        time, values = read(recording)
        np.testing.assert_allclose(values[:, 0], VALUES, atol=1e-4)
        np.testing.assert_allclose(time, np.arange(len(VALUES)) / rate)
    assert values.dtype == np.float32
    assert (recording.rate_hz, recording.start, recording.channels) == (rate, START, ("ecg",))
    assert (recording.unit, recording.unit_how) == ("raw", f"{unit}, stated in the file")
    assert recording.provenance["classification"] == expected
    assert "I" in str(recording.provenance["lead"])
    text = json.dumps(recording.provenance, ensure_ascii=False) + str(recording.warnings)
    for private in ("Jane", "Secret", "1972", "Jan 8"):
        assert private not in text


def test_gz_and_count(tmp_path: Path) -> None:
    packed = tmp_path / "ecg.CSV.GZ"
    packed.write_bytes(gzip.compress(write(tmp_path / "a.csv").read_bytes()))
    recording = opened(packed, modality="ecg", channels=1)
    np.testing.assert_allclose(read(recording)[1][:, 0], VALUES, atol=1e-4)
    assert recording.warnings == []
    with pytest.raises(InputError, match="no columns that mean acceleration"):
        opened(packed)


@pytest.mark.parametrize("head", [ENGLISH, GERMAN, RUSSIAN])
def test_errors_keep_the_name_to_themselves(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.csv"
    for samples, says in (
        ([], "holds no samples: copy it again"),
        ([*VALUES[:9], "Jane", *VALUES[:9]], "column 'ecg', row 1?[0-9]*"),
    ):
        with pytest.raises(InputError, match=says) as error:
            read(opened(write(path, head, samples), modality="ecg"))
        assert str(error.value).startswith(f"{path}: ")
        assert "Secret" not in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("date", ["Recorded Date,2024-02-30 11:30:05 +0200", "Recorded Date,yesterday", ""])
def test_without_a_date(tmp_path: Path, date: str) -> None:
    head = ENGLISH.replace("Recorded Date,2024-05-07 11:30:05 +0200", date)
    recording = opened(write(tmp_path / "a.csv", head), modality="ecg")
    assert (recording.start, recording.rate_hz) == (None, 512)
    assert "Secret" not in str(recording.provenance)
    assert "1972" not in str(recording.provenance)


def test_other_tables_are_none(tmp_path: Path) -> None:
    """A rate and a unit above a table of time and ECG, or no unit of volts at all."""
    rows = [f"{i / 100},{i % 7}.5" for i in range(300)]
    path = write(tmp_path / "a.csv", "Sample rate: 100 Hz\nUnit,mV\ntime,ecg\n", rows)
    recording = opened(path, modality="ecg")
    assert "layout" not in recording.provenance
    assert read(recording)[1][:3, 0].tolist() == [0.5, 1.5, 2.5]
    path = write(tmp_path / "b.csv", "Sample Rate,100 hertz\nLead,I\nUnit,mmHg\n", [1.5] * 300)
    assert "layout" not in opened(path, modality="ecg", channel_columns=["1"]).provenance


def people(*paths: Path, **rule: str) -> set[str]:
    return {source.participant for source in find_recordings([*paths], modality="ecg", **rule).sources}  # type: ignore[arg-type]


def test_whose_it_is(tmp_path: Path) -> None:
    """The folders of an export have the same names for all people."""
    study = tmp_path / "study"
    for person in ("P01", "P02"):
        for day in (7, 8):
            write(study / person / "apple_health_export" / "electrocardiograms" / f"ecg_2024-05-0{day}.csv")
    assert people(study) == people(study, participant_from="folder") == {"P01", "P02"}
    export = study / "P01" / "apple_health_export"
    for inner in (study / "P01", export, export / "electrocardiograms"):
        assert people(inner) == {"P01"}
    assert people(export / "electrocardiograms" / "ecg_2024-05-07.csv") == {"P01"}
    write(study / "Electrocardiograms" / "ecg_2024-05-09.csv")
    assert people(study) == {"P01", "P02", "study"}
    write(tmp_path / "bids" / "sub-03" / "electrocardiograms" / "ecg_2024-05-09.csv")
    assert people(tmp_path / "bids") == {"sub-03"}
