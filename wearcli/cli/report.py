"""`wearcli report`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wearcli.cli.options import OUTPUT, Json, Overwrite, Seed
from wearcli.words import counted

CONTENT = "Content of the page of a probe"


def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a probe or of a comparison.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Page to write. Default: FOLDER/report.html.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder for a PNG (300 dpi) and an SVG of each figure, for papers.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    map_: Annotated[
        Literal["pca", "tsne", "umap", "none"],
        typer.Option("--map", help="Projection of the embeddings to a map.", rich_help_panel=CONTENT),
    ] = "pca",
    embeddings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Table to map; may be given again. Default: the tables that the probe was fitted on.",
            rich_help_panel=CONTENT,
        ),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Recording of the timeline. Default: the one with most classes and samples.",
            rich_help_panel=CONTENT,
        ),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option(
            metavar="PROBE", help="Probe that the figures show. Default: the first.", rich_help_panel=CONTENT
        ),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Write one HTML page with the results of a probe or a comparison.

    The page needs no network, opens from disk, follows the light or dark scheme, and prints.
    """
    from wearcli.existence import check_results

    check_results(folder)

    from wearcli.cli.console import print_json, say
    from wearcli.reporting.report import report as run

    result = run(
        folder,
        output,
        overwrite=overwrite,
        figures=figures,
        map=map_,
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
    say(
        f"Written to {result.output}: {counted(len(result.sections), 'section')}, {result.bytes / 1e6:.2f} MB"
    )
    if result.figures_folder is not None:
        say(f"Written to {result.figures_folder}: {counted(len(result.figures), 'file')}")
    if json:
        print_json(result.to_json())
