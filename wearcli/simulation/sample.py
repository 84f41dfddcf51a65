"""`write_sample`: small made-up studies for the first try, the demo and the tests.

Nobody was measured: the modules beside this one make people, gait, activities, hearts and sensors from random
numbers.
"""

import math
from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.errors import UsageError
from wearcli.files import atomic_folder, check_output, reserved
from wearcli.seeds import generator
from wearcli.simulation.files import write_csv_gz, write_parquet
from wearcli.simulation.heart_study import heart_readme, write_heart_study
from wearcli.simulation.people import draw_person
from wearcli.simulation.takes import CORRIDOR_M, EMPATICA, WATCH, Take, daily, walks
from wearcli.simulation.wrist_study import wrist_readme, write_wrist_study

HEADING = "# A small made-up study"
README = "README.md"
Study = Literal["motion", "heart", "wrist"]
PARTICIPANTS: dict[Study, int] = {"motion": 10, "heart": 12, "wrist": 12}
# Of the study `wrist`, their least and greatest values and what they are by default.
WRIST = {
    "minutes": (1.0, math.inf, 10.0),
    "pulse_mg": (0.0, math.inf, 3.0),
    "step_mg": (0.0, math.inf, 1.0),
    "noise_mg": (0.0, math.inf, 1.0),
    "exercise": (0.0, 1.0, 0.0),
}
Rows = list[dict[str, object]]


class WrittenStudy(TypedDict):
    """What `write_sample` wrote; the last five are of the study `wrist` alone."""

    output: str
    study: Study
    participants: int
    recordings: int
    hours: float
    bytes: int
    seed: int
    minutes: NotRequired[float]
    pulse_mg: NotRequired[float]
    step_mg: NotRequired[float]
    noise_mg: NotRequired[float]
    exercise: NotRequired[float]


def write_sample(
    folder: Path,
    participants: int | None = None,
    seed: int = 0,
    *,
    study: Study = "motion",
    minutes: float | None = None,
    pulse_mg: float | None = None,
    step_mg: float | None = None,
    noise_mg: float | None = None,
    exercise: float | None = None,
    overwrite: bool = False,
) -> WrittenStudy:
    """Write a made-up study.

    motion: a participant has `<participant>_daily` (wrist: seven activities of about a minute, labels.csv)
    and `<participant>_walks` (lower back: six walks down a corridor, gait.csv). heart: two minutes of ECG and
    PPG (labels.csv: AF or normal; heart.csv: rate and variability). wrist: PPG and the acceleration beside it
    (heart.csv). The same seed gives the same study; a participant is the same however many there are.

    Args:
        folder: The folder to write; it appears whole or not at all.
        participants: Number of participants. Default: `PARTICIPANTS`.
        seed: Of the study.
        study: motion, heart or wrist.
        minutes: Length of the recordings of the study wrist.
        pulse_mg: Height of a beat in the acceleration of the study wrist.
        step_mg: Resolution of its accelerometer; 0: none.
        noise_mg: Deviation of its white noise.
        exercise: Share of the time in walks and runs, whose swing of the arm leaks into the PPG, 0 to 1.
        overwrite: Replace a study that this function wrote.

    Returns:
        Output, study, participants, recordings, hours, bytes, seed, and the options of the study wrist.

    Raises:
        UsageError: An unknown study, an option of another study, or a folder that is there already and not
            empty, and that no `overwrite` allows to replace.
    """
    if study not in PARTICIPANTS:
        raise UsageError(f"no study '{study}': --study takes {', '.join(PARTICIPANTS)}")
    given = {
        "minutes": minutes,
        "pulse_mg": pulse_mg,
        "step_mg": step_mg,
        "noise_mg": noise_mg,
        "exercise": exercise,
    }
    wrist = _wrist_options(study, {name: value for name, value in given.items() if value is not None})
    participants = PARTICIPANTS[study] if participants is None else participants
    if participants < 1:
        raise UsageError(f"a study needs a participant: --participants {participants} is too few")
    check_output(folder, overwrite, mark=README)
    if folder.exists() and any(folder.iterdir()) and not _is_study(folder):
        # The new folder takes the old one's place whole: never that of somebody's recordings. All names in a
        # study are common ones, so what tells it is what its README.md says.
        raise UsageError(f"{folder} holds something else than a sample study: give another name")
    with reserved(folder, overwrite, mark=README), atomic_folder(folder) as into:
        if study == "wrist":
            tables, seconds = write_wrist_study(into, participants, seed, **wrist)
            readme = wrist_readme(participants, seed, **wrist)
        elif study == "heart":
            tables, seconds = write_heart_study(into, participants, seed)
            readme = heart_readme(participants, seed)
        else:
            tables, seconds = _write_motion_study(into, participants, seed)
            readme = _readme(participants, seed)
        for name, rows in tables.items():
            pd.DataFrame(rows).to_csv(into / f"{name}.csv", index=False, lineterminator="\n")
        (into / README).write_text(readme)
        size = sum(file.stat().st_size for file in into.rglob("*") if file.is_file())
    written: WrittenStudy = {
        "output": str(folder),
        "study": study,
        "participants": participants,
        "recordings": len({row["recording"] for row in tables["recordings"]}),
        "hours": round(seconds / 3600, 2),
        "bytes": size,
        "seed": seed,
    }
    return cast(WrittenStudy, {**written, **wrist})


def _wrist_options(study: Study, given: dict[str, float]) -> dict[str, float]:
    """The options of the study `wrist` with their defaults; none for the other studies."""
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if study != "wrist":
            raise UsageError(f"{option} is of --study wrist: leave it out")
        least, most, _ = WRIST[name]
        if not (math.isfinite(value) and least <= value <= most):
            allowed = f"{least:g} or more" if math.isinf(most) else f"{least:g} to {most:g}"
            raise UsageError(f"{option} {value:g}: give {allowed}")
    return {name: given.get(name, usual) for name, (_, _, usual) in WRIST.items()} if study == "wrist" else {}


def _write_motion_study(into: Path, participants: int, seed: int) -> tuple[dict[str, Rows], float]:
    """Write the recordings; return the rows of the tables by name, and the seconds recorded."""
    tables: dict[str, Rows] = {name: [] for name in ("participants", "recordings", "labels", "gait")}
    seconds = 0.0
    for number in range(1, participants + 1):
        rng = generator(seed, "sample motion", number)
        person = draw_person(number, rng)
        tables["participants"].append(
            {
                "participant": person.participant,
                "age": person.age,
                "sex": person.sex,
                "height_cm": person.height_cm,
                "weight_kg": person.weight_kg,
            }
        )
        for take, table in ((daily(number, person, rng), "labels"), (walks(number, person, rng), "gait")):
            seconds += len(take.values) / take.sensor.rate_hz
            tables["recordings"].append(
                {
                    "recording": take.recording,
                    "file": _write_take(into, take, number),
                    "participant": person.participant,
                    "placement": take.placement,
                    "rate_hz": take.sensor.rate_hz,
                    "start": take.start.isoformat(),
                }
            )
            tables[table].extend(
                {"recording": take.recording, "onset": onset, "duration": duration, **facts}
                for onset, duration, facts in take.intervals
            )
    return tables, seconds


def _write_take(into: Path, take: Take, number: int) -> str:
    """Write one recording in one of the formats that studies mix; return its name in the folder."""
    if take.sensor is EMPATICA:
        head = f"{take.start.timestamp():.6f}", f"{take.sensor.rate_hz:.6f}"
        lines = [", ".join([text] * 3) for text in head]
        lines += [f"{x},{y},{z}" for x, y, z in np.rint(take.values / take.sensor.step_g).astype(int)]
        (into / take.recording).mkdir()
        (into / take.recording / "ACC.csv").write_text("\n".join(lines) + "\n")
        return take.recording
    seconds = np.arange(len(take.values)) / take.sensor.rate_hz
    if take.sensor is WATCH and number % 3 == 0:
        frame = pd.DataFrame(np.rint(take.values * 1000).astype(int), columns=["acc_x", "acc_y", "acc_z"])
        frame.insert(0, "time", seconds)
        name = f"{take.recording}.csv.gz"
        write_csv_gz(into / name, frame)
        return name
    began = int(take.start.timestamp() * 1000)
    stamps = began + np.rint(seconds * 1000).astype(np.int64)
    axes = {name: take.values[:, i].astype(np.float32) for i, name in enumerate("xyz")}
    name = f"{take.recording}.parquet"
    write_parquet(into / name, pa.array(stamps, pa.timestamp("ms", tz="UTC")), axes)
    return name


def _is_study(folder: Path) -> bool:
    readme = folder / "README.md"
    return readme.is_file() and readme.read_text(errors="replace").startswith(HEADING)


def _readme(participants: int, seed: int) -> str:
    return f"""{HEADING}

{participants} participants, nobody real: drawn and simulated by

    wearcli sample DIR --participants {participants} --seed {seed}

which writes this folder again. The code is `wearcli/simulation/` (people, walking, activities, takes,
sample). Free of rights: CC0 1.0.

| file | what |
|---|---|
| `P01_daily.*` | wrist, 50 Hz, seven activities of about a minute each; intervals in `labels.csv` |
| `P01_walks.*` | lower back, 100 Hz, six walks of {CORRIDOR_M:g} m, each at its pace; truth in `gait.csv` |
| `recordings.csv`, `participants.csv` | who wore which sensor where, at what rate, since when |

Formats are mixed as in a real study: Parquet in g with time stamps, `.csv.gz` in mg with seconds, and
Empatica E4 folders (32 Hz, steps of 1/64 g, clipped at 2 g) for each tenth participant.

What is in the signal: the two feet's forces on the ground make the body's acceleration, so stride time,
stance and double support can be read from it; heel strikes ring; each person has a step length for a
cadence, an asymmetry, an arm swing, a way to wear the sensor and to hold still; sensors are askew, slip,
and have gain, offset and noise. cadence = 120 / stride time; stance = 50 + double support / 2; speed =
step length x cadence / 60, and step length grows with height and cadence; double support falls with speed.

What is not: falls, non-wear, gaps, free living. Scores on this study say that the commands work, nothing
about people.
"""
