"""A graph has the sizes that its config states, or it is refused before anything is embedded."""

import json
import shutil
from pathlib import Path

import pytest

from wearcli.errors import InputError
from wearcli.models.encoder import Encoder
from wearcli.models.folder import BUNDLED, load_model


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"dimension": 255}, "it gives embeddings of 256, and config.json says 255"),
        ({"rate_hz": 100, "samples": 500}, "it takes windows of 250 x 3, and config.json says 500 x 3"),
    ],
)
def test_a_config_that_lies_about_the_graph_is_one_line(
    tmp_path: Path, change: dict[str, int], problem: str
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(BUNDLED / "simclr-fast-v1", folder)
    document = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(document | change))
    with pytest.raises(InputError) as error:
        Encoder(load_model(folder))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
