"""Part a study's people into those who train a model and those who score it.

    python -m recipes.hold_out STUDY OUT [--share 0.333 | --people REGEX]

writes OUT/train/STUDY and OUT/held/STUDY, each with links to its recordings and its rows of the tables. A
person is held out whose name's SHA-256 is among the lowest `share` of all numbers, so that the part does not
depend on who else is there; or, with --people, whose name the expression finds.
"""

import argparse
import hashlib
import re
from pathlib import Path

import pandas as pd


def held_out(person: str, share: float) -> bool:
    """Whether a person is held out."""
    number = int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big")
    return number < share * 2**64


def main() -> None:
    """Write both parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=1 / 3)
    parser.add_argument("--people")
    args = parser.parse_args()
    recordings = pd.read_csv(args.study / "recordings.csv", dtype=str)
    people = {
        name: bool(re.search(args.people, name)) if args.people else held_out(name, args.share)
        for name in recordings["participant"].unique()
    }
    for part, wanted in (("train", False), ("held", True)):
        folder = args.out / part / args.study.name
        folder.mkdir(parents=True)
        part_recordings = recordings[recordings["participant"].map(people) == wanted]
        part_recordings.to_csv(folder / "recordings.csv", index=False)
        for name in part_recordings["file"]:
            (folder / name).symlink_to((args.study / name).resolve())
        for name in ("participants", "labels", "heart", "gait"):
            if (args.study / f"{name}.csv").is_file():
                table = pd.read_csv(args.study / f"{name}.csv", dtype=str)
                key = "participant" if name == "participants" else "recording"
                table[table[key].isin(part_recordings[key])].to_csv(folder / f"{name}.csv", index=False)
        people_count = part_recordings["participant"].nunique()
        print(f"{folder}: {people_count} people, {part_recordings['recording'].nunique()} recordings")


if __name__ == "__main__":
    main()
