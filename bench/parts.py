"""What every part of the benchmarks is given, and how one part is run alone."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import Corpus, corpus
from bench.models import trained
from bench.table import Part, table
from earmark.model.version_folders import shipped_models


@dataclass(frozen=True)
class Setting:
    """What is measured on."""

    quick: bool
    """Fewer clips and rounds."""
    corpus: Corpus
    models: Path
    """A registry with a model on the notebook's front end."""
    shipped: Path
    """The registry that the program comes with."""
    spare: Path
    """A folder that goes away."""


@contextmanager
def setting(quick: bool) -> Iterator[Setting]:
    """Clips and a model, in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="em-bench-") as folder:
        spare = Path(folder)
        clips = corpus(spare)
        yield Setting(quick, clips, trained(spare, clips), shipped_models(), spare)


def run_alone(part: Callable[[Setting], Part], about: str | None) -> None:
    """Print one part's table and notes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="fewer clips and rounds")
    with setting(parser.parse_args().quick) as given:
        found = part(given)
    print(table(found.rows))
    for note in found.notes:
        print(f"- {note}")
