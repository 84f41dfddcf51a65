"""`wearcli report`."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from wearcli.cli.options import Json, Overwrite, Seed


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a probe, or of a comparison.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The page. Default: FOLDER/report.html.")
    ] = None,
    overwrite: Overwrite = False,
    figures: Annotated[
        Path | None, typer.Option(help="A folder for a PNG (300 dpi) and an SVG of each figure, for papers.")
    ] = None,
    map_: Annotated[
        str,
        typer.Option("--map", metavar="pca|tsne|umap|none", help="How the embeddings become a map."),
    ] = "pca",
    embeddings: Annotated[
        list[Path] | None,
        typer.Option(help="Table to map; may be given again. Default: those that the probe was fitted on."),
    ] = None,
    recording: Annotated[
        str | None, typer.Option(help="Of the timeline. Default: that of most classes and samples.")
    ] = None,
    probe: Annotated[
        str | None, typer.Option(metavar="linear|mlp|features", help="Shown in figures. Default: the first.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Write one HTML page that tells what a probe or a comparison found.

    It needs no network, opens from disk, follows the light or dark scheme, and prints.
    """
    from wearcli.cli.console import print_json, say
    from wearcli.reporting.report import report as run

    result = run(
        folder,
        output,
        overwrite=overwrite,
        figures=figures,
        map=cast(Any, map_),
        embeddings=list(embeddings) if embeddings else None,
        recording=recording,
        probe=probe,
        seed=seed,
    )
    for line in result.headline:
        say(line)
    for line in result.left_out:
        say(f"left out: {line}")
    if result.recording is not None:
        say(f"timeline: {result.recording}")
    say(f"Written to {result.output}: {len(result.sections)} sections, {result.bytes / 1e6:.2f} MB")
    if result.figures_folder is not None:
        say(f"Written to {result.figures_folder}: {len(result.figures)} files")
    if json:
        print_json(result.to_json())
