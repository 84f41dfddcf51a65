"""An outside set of recordings, embedded like the table on which a probe is fitted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from wearcli.embedding.embed import embed
from wearcli.embedding.table import open_batches, read_metadata
from wearcli.errors import InputError, UsageError
from wearcli.existence import holds_parts
from wearcli.leftovers import scratch
from wearcli.models.folder import bundled_models, load_model


@contextmanager
def outside_tables(
    tests: Sequence[Path], fitted: Path | Literal["-"]
) -> Iterator[tuple[list[Path], list[str]]]:
    """Give the embeddings table of each outside set, and warnings about recordings that failed.

    Tables are used as they are. A folder of recordings is embedded, by the model and stride of `fitted`, into
    a temporary table of the folder's name.

    Args:
        tests: Embeddings tables, or folders of recordings.
        fitted: The table on which the probe is fitted, "-" for a stream.

    Yields:
        The tables and the warnings.

    Raises:
        UsageError: The model of `fitted` is not a bundled one.
    """
    with scratch() as place:
        tables, warnings = [], []
        for test in tests:
            if not test.is_dir() or holds_parts(test):
                tables.append(test)
                continue
            if fitted == "-":
                raise UsageError(f"--test {test}: with a stream give the outside set as an embeddings table")
            with open_batches(fitted) as batches:
                metadata = read_metadata(batches.schema, batches.name)
            model = metadata.model
            if model.name is None or model.name not in bundled_models():
                raise UsageError(
                    f"--test {test}: {fitted} was embedded by {model.name}, no bundled model: embed the "
                    "outside set with it, and give the table"
                )
            if load_model(model.name).config.sha256 != model.sha256:
                raise UsageError(
                    f"--test {test}: {fitted} was embedded by another {model.name} than the one here: "
                    "embed both anew"
                )
            table = place / f"{len(tables)}" / f"{test.resolve().name}.parquet"
            result = embed(
                [test],
                table,
                model=model.name,
                stride_s=metadata.stride_s,
                features=metadata.arguments.features,
            )
            if result.interrupted:
                raise KeyboardInterrupt
            if not result.output:
                raise InputError(
                    f"--test {test}: not one of its recordings could be embedded: see 'wearcli embed'"
                )
            warnings += [
                f"{test}: failed: {failure['recording']}: {failure['error']}" for failure in result.failed
            ]
            tables.append(table)
        yield tables, warnings
