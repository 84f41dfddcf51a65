"""`wearcli` once for each list of words in WEARCLI_TEST_RUNS, in processes that start and join once.

Most of the time of a small run under torchrun is the start of Python. The export of the model has tests of
its own and is left out.
"""

import json
import os
import sys
from contextlib import nullcontext

import torch.distributed as dist

from wearcli.cli.app import main
from wearcli.training import pretrain as module


def run_all(commands: list[list[str]]) -> None:
    """Run the commands in order, up to the first that fails."""
    module.write_model = lambda *arguments: None
    module.draw_curves = lambda *arguments: None
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        dist.init_process_group("gloo")
        module.joined = nullcontext
    for words in commands:
        sys.argv = ["wearcli", *words]
        try:
            main()
        except SystemExit as done:
            if done.code:
                raise
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    run_all(json.loads(os.environ["WEARCLI_TEST_RUNS"]))
