"""The command that makes synthetic clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.app import app, say
from earmark.cli.output import bar
from earmark.wording import counted


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets a folder a speaker.")],
    speakers: Annotated[int, typer.Option(min=1, help="How many voices.")] = 60,
    takes: Annotated[int, typer.Option(min=1, help="How often each says each digit.")] = 5,
    seed: Annotated[int, typer.Option(help="Another seed gives other voices.")] = 0,
) -> None:
    """Make clips of synthetic speech, named like AudioMNIST's.

    Example: earmark samples voices --speakers 60 --takes 5 --seed 0
    """
    from earmark.synthesis import DIGITS, synthesise

    with bar(speakers * takes * len(DIGITS), "speaking") as progress:
        clips = synthesise(folder, speakers=speakers, takes=takes, seed=seed, progress=progress)
    say(f"{counted(clips, 'clip')} of {counted(speakers, 'speaker')} are in {folder}")
