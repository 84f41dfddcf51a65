"""Put a trained run's model among those that come with wearcli.

    python -m recipes.bundle RUN NAME

Adds to its config what `recipes/NAME.json` says (notes, scores, robustness) and the people of its run, whose
sets are public; writes the card anew; stores the embeddings of the fixed windows of the golden test.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from tests.embedding.test_golden import GOLDEN, fixed_windows
from wearcli.embedding.encoder import Encoder
from wearcli.models.card import card
from wearcli.models.folder import BUNDLED, CARD_NAME, CONFIG_NAME, DEFAULT_MODEL, ONNX_NAME, load_model


def main() -> None:
    """Write the bundled folder and, of the default, the golden embeddings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    options = parser.parse_args()
    config = json.loads((options.run / "model" / CONFIG_NAME).read_text())
    people = json.loads((options.run / "people.json").read_text())
    facts = json.loads((Path(__file__).parent / f"{options.name}.json").read_text())
    for each in config["training_sets"]:
        each["people"] = people["training"][each["name"]]
    aside = "; ".join(f"{name}: {', '.join(names)}" for name, names in people["validation"].items())
    told = f"Validated only (count them as seen when you choose people to score the model on): {aside}."
    config |= facts | {"name": options.name, "notes": [told, *facts.get("notes", [])]}
    folder = BUNDLED / options.name
    folder.mkdir(exist_ok=True)
    shutil.copy(options.run / "model" / ONNX_NAME, folder)
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    (folder / CARD_NAME).write_text(card(config))
    if options.name == DEFAULT_MODEL:
        model = load_model(options.name)
        np.savez(GOLDEN, sha256=config["sha256"], embedding=Encoder(model)(fixed_windows()))


if __name__ == "__main__":
    main()
