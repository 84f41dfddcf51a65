"""Who the people of a study are, by the names in its paths alone."""

from pathlib import Path, PurePath

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.recordings.study.people import Place, tell_people

ABC = ["P01", "P02", "P03"]


def study(paths: list[str], root: str = "study") -> tuple[list[str], str]:
    """The people of paths without suffix, and the doubt."""
    places = [Place(PurePath(path).parent.parts, PurePath(path).name) for path in paths]
    people, doubt = tell_people(places, root)
    return [person.name for person in people], doubt


@pytest.mark.parametrize(
    ("paths", "people"),
    [
        # Folders.
        ([f"{p}/{d}/wrist" for p in ABC for d in ("day1", "day2")], [p for p in ABC for _ in "12"]),
        ([f"{p}/{s}/acc" for p in ABC for s in ("left", "right")], [p for p in ABC for _ in "12"]),
        ([f"{s}/{p}/acc" for p in ABC for s in ("left", "right")], [p for p in ABC for _ in "12"]),
        ([f"{d}/{p}" for p in ABC for d in ("2024-03-04", "2024-03-11")], [p for p in ABC for _ in "12"]),
        (
            [f"{v} {n}/{p}" for p in ABC for v in ("Visit", "week") for n in "1"],
            [p for p in ABC for _ in "12"],
        ),
        (["P01/session_1/left wrist/data", "P02/session_1/left wrist/data"], ["P01", "P02"]),
        (["HC/001/rec", "PD/001/rec"], ["HC/001", "PD/001"]),
        (["HC/001/rec", "PD/012/rec"], ["001", "012"]),
        (
            ["control/s01.x", "patient/s01.x", "patient/s02.x"],
            ["control/s01.x", "patient/s01.x", "patient/s02.x"],
        ),
        (["young/01/day1", "young/01/day2", "old/01/day1"], ["young/01", "young/01", "old/01"]),
        (["male/3/walk", "female/3/walk"], ["male/3", "female/3"]),
        (
            ["siteA/HC/001/left", "siteA/PD/002/left", "siteB/HC/001/left"],
            ["siteA/HC/001", "siteA/PD/002", "siteB/HC/001"],
        ),
        (["walking/P01", "running/P01", "running/P02"], ["P01", "P01", "P02"]),
        (["train/subject 3/acc", "test/subject 3/acc"], ["subject 3", "subject 3"]),
        (
            ["alice/day1/acc", "alice/day2/acc", "bob/day1/acc", "carol/x/acc"],
            ["alice", "alice", "bob", "carol"],
        ),
        (["1/a/1", "1/a/2", "2/a/1", "3/a/1"], ["1", "1", "2", "3"]),
        # File names.
        (
            [f"{p} ({d})RAW" for p in ABC for d in ("2024-03-04", "2024-03-11")],
            [p for p in ABC for _ in "12"],
        ),
        (["left_P01", "right_P01", "left_P02"], ["P01", "P01", "P02"]),
        (["wrist_01_walk", "ankle_01_walk", "wrist_02_walk"], ["01", "01", "02"]),
        (["20240304_P01", "20240305_P01", "20240304-101500_P02"], ["P01", "P01", "P02"]),
        (["P01-day1", "P01-day2", "P02-day1"], ["P01", "P01", "P02"]),
        (["S1A1", "S1A2", "S2A1"], ["S1", "S1", "S2"]),
        (["a1_s1_t1", "a2_s1_t1", "a1_s2_t2"], ["s1", "s1", "s2"]),
        (
            ["subject 3 trial 2", "subject 3 trial 1", "subject 4 trial 1"],
            ["subject 3", "subject 3", "subject 4"],
        ),
        (["D01_SA01_R01", "D02_SA01_R01", "D01_SE02_R01"], ["SA01", "SA01", "SE02"]),
        (["HC_001_walk", "PD_001_walk", "PD_001_rest"], ["HC_001", "PD_001", "PD_001"]),
        (["anna_1", "anna_2", "bert_1"], ["anna", "anna", "bert"]),
        (["P01_walk-2024-03-04_09-15-00", "P01_rest-2024-03-05_09-15-00"], ["P01", "P01"]),
        (["001L", "001R", "002L"], ["001", "001", "002"]),
        # The word before the subject is the study where all have it, and a site or a person where not.
        (["stress_predict-S21_lab", "stress_predict-S22", "stress_predict-S22_day2"], ["S21", "S22", "S22"]),
        (["sleepwell-s021", "sleepwell-s022"], ["s021", "s022"]),
        (["long-covid-home-S21"], ["S21"]),
        (["lyon-S21", "paris-S21"], ["lyon-S21", "paris-S21"]),
        (["NL-S21", "NL-S22"], ["NL-S21", "NL-S22"]),
        (["anna-S1", "anna-S2"], ["anna-S1", "anna-S2"]),
        (["NL-01-003", "NL-01-003_day2", "NL-01-004"], ["NL-01-003", "NL-01-003", "NL-01-004"]),
        (
            [
                "MECSLEEP01_left wrist_012345_2011-11-30 01-02-03",
                "MECSLEEP02_left wrist_012346_2011-12-01 01-02-03",
            ],
            ["MECSLEEP01", "MECSLEEP02"],
        ),
    ],
)
def test_people_by_structure(paths: list[str], people: list[str]) -> None:
    assert study(paths)[0] == people


@pytest.mark.parametrize(
    ("paths", "root", "person"),
    [
        (["day1/acc", "day2/acc"], "P01", "P01"),
        (["left/2024-03-04", "right/2024-03-04"], "subject 7", "subject 7"),
        (["wrist"], "S12", "S12"),
    ],
)
def test_one_persons_folder_alone(paths: list[str], root: str, person: str) -> None:
    people, doubt = study(paths, root)
    assert {*people} == {person}
    assert not doubt


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["67067_0000000130", "67067_0000000131"], "devices"),
        (["1609459200_A01234", "1609459300_A01235"], "devices"),
        (["MOS2A36130487 (2024-03-04)RAW", "MOS2A36130488 (2024-03-04)RAW"], "devices"),
        (["day1", "day2"], "no people"),
        (["left/walk", "right/walk"], "no people"),
        (["D01", "D02"], "sessions"),
        (["a", "b"], "every recording"),
        (["anna_1", "anna_2"], "all recordings"),
        (["lyon/P01/a", "paris/P01/a"], "groups"),
        (["lyon/alice/rec", "paris/bob/rec", "paris/eve/rec"], "may be a person"),
        (["anna_s1", "anna_s2", "bert_s1", "bert_s2"], "two parts"),
        (["HC/walk", "PD/walk"], "groups"),
    ],
)
def test_doubt_is_said(paths: list[str], reason: str) -> None:
    assert reason in study(paths)[1]


@pytest.mark.parametrize("paths", [["P01", "P02"], ["P01/a", "P01/b", "P02/a"], ["x/P01", "x/P02"], ["solo"]])
def test_no_doubt(paths: list[str]) -> None:
    assert study(paths)[1] == ""


def test_devices_of_one_session_each_are_two_people() -> None:
    assert len({*study(["67067_0000000130", "67067_0000000131"])[0]}) == 2


SPELLINGS = {
    "person": "P{:02d}|subject {}|S{:02d}|sub_{:03d}|participant-{}|id{:04d}|{:03d}|Pat{}|HC{:02d}|alice{}",
    "day": "day{}|Day {}|2024-03-{:02d}|202403{:02d}|session_{}|visit-{}|week{}|trial {:02d}",
    "side": "left/right|L/R|left wrist/right wrist|lhs/rhs|wrist/ankle|LeftFoot/RightFoot",
}


@given(
    order=st.permutations(["person", "day", "side"]),
    person=st.sampled_from(SPELLINGS["person"].split("|")),
    day=st.sampled_from(SPELLINGS["day"].split("|")),
    side=st.sampled_from(SPELLINGS["side"].split("|")),
    counts=st.tuples(st.integers(2, 5), st.integers(1, 3), st.integers(1, 2)),
    in_name=st.integers(0, 3),
    extra=st.sampled_from(["", "study/", "data/raw/"]),
)
def test_any_nesting_and_spelling(
    order: list[str],
    person: str,
    day: str,
    side: str,
    counts: tuple[int, int, int],
    in_name: int,
    extra: str,
) -> None:
    """People x days x sides, nested in any order, the last levels in the file's name."""
    paths, truth = [], []
    for p in range(1, counts[0] + 1):
        for d in range(1, counts[1] + 1):
            for one in side.split("/")[: counts[2]]:
                texts = {"person": person.format(p), "day": day.format(d), "side": one}
                names = [texts[level] for level in order]
                folders, stem = names[: 3 - in_name], names[3 - in_name :]
                paths.append(extra + "/".join([*folders, "_".join(stem) or "acc"]))
                truth.append(p)
    people, _ = study(paths)
    assert len({*zip(people, truth, strict=True)}) == len({*people}) == counts[0]


@given(
    group=st.sampled_from(
        ["HC/PD", "control/patient", "young/old", "male/female", "site1/site2", "Group A/Group B"]
    ),
    person=st.sampled_from(["{:03d}", "{}", "P{:02d}", "S{}"]),
    count=st.integers(1, 4),
    deeper=st.sampled_from(["{}/rec", "{}", "{}/day1/acc", "{}/left"]),
)
def test_the_same_numbers_in_groups_are_other_people(
    group: str, person: str, count: int, deeper: str
) -> None:
    paths = [
        f"{one}/{deeper.format(person.format(p))}" for one in group.split("/") for p in range(1, count + 1)
    ]
    assert len({*study(paths)[0]}) == 2 * count


@given(
    st.lists(st.lists(st.text("aP1 _-.Sé()|/L", min_size=1), min_size=1, max_size=4), min_size=1, max_size=6)
)
def test_any_names_have_people(names: list[list[str]]) -> None:
    places = [Place(tuple(parts[:-1]), parts[-1]) for parts in names]
    people, _ = tell_people(places, "study")
    assert len(people) == len(places)
    assert all(person.name and person.how for person in people)
    # The order of the files changes nothing.
    assert [*reversed(tell_people(places[::-1], "study")[0])] == people


REAL = "assist_stairs cinc2017 daphnet hexoskin ipol_gait ludb mitbih mobgap_example mobifall mwppg_bp"
REAL += " pocket_gait selfback sisfall smartfallmm stress_predict terrain_leg umafall usc_ppg_bp utd_mhad"
REAL += " wharf wisdm2019"


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL.split())
def test_people_of_real_file_names(realdata: Path, name: str) -> None:
    table = pq.read_table(realdata / "data" / f"{name}.parquet", columns=["recording", "participant"])
    truth = table["participant"].to_pylist()
    people, _ = study(table["recording"].to_pylist())
    assert len({*zip(people, truth, strict=True)}) == len({*people}) == len({*truth})
