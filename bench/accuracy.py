"""How well each recipe hears: the tables of docs/accuracy.md.

python -m bench.accuracy [DIR] [--quick]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.rejection import CONFIDENCE, Rejected, measure, new_voices
from earmark.errors import EarmarkError
from earmark.settings import Settings
from trainer.data.folds import By
from trainer.data.material import Material
from trainer.data.synthetic_voices import NOTHING, Additions
from trainer.offline.crossval_cli import read
from trainer.offline.crossvalidate import crossval, jobs_of, summary
from trainer.recipes import NOTEBOOK, SCALED, TIME, Recipe

if TYPE_CHECKING:
    import pandas as pd

    from trainer.data.samples import Samples

FSDD = Path("../shared/data/fsdd/recordings")
PAGE = Path("docs/accuracy.md")
_PROTOCOLS = {
    By.SPEAKER: "new voices: one speaker left out",
    By.CLIP: "known voices: four random quarters",
    By.OFFICIAL: "known voices: takes 0 to 4",
    By.SYNTHETIC: "new voices: no recording trained on",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    by: By
    recipe: Recipe
    synthetic: bool = False
    quick: bool = True
    """Whether it is measured in the quick run too."""


CASES = (
    Case(By.SPEAKER, NOTEBOOK),
    Case(By.SPEAKER, SCALED),
    Case(By.SPEAKER, TIME),
    Case(By.SPEAKER, TIME, synthetic=True),
    Case(By.SYNTHETIC, TIME, synthetic=True),
    Case(By.OFFICIAL, NOTEBOOK),
    Case(By.OFFICIAL, SCALED),
    Case(By.OFFICIAL, TIME, quick=False),
    Case(By.OFFICIAL, TIME, synthetic=True),
    Case(By.CLIP, NOTEBOOK, quick=False),
    Case(By.CLIP, TIME, synthetic=True, quick=False),
)
CURVE = (1, 2, 3, 4, 5)
"""Numbers of speakers that are trained on."""


@dataclass(frozen=True, slots=True)
class Hall:
    """The clips of a folder as one recipe hears them."""

    table: pd.DataFrame
    samples: Samples
    additions: Additions


@dataclass(frozen=True, slots=True)
class Bench:
    """Measures one case after another."""

    folder: Path
    settings: Settings
    seeds: int
    rejected_voices: int
    """How many new voices' digits are rejected."""

    def rows(self, cases: Sequence[Case]) -> Iterator[tuple[Case, dict[str, Any]]]:
        for case in cases:
            hall = self.hall(case.recipe)
            additions = hall.additions if case.synthetic else _without_voices(hall.additions)
            work = crossval(
                hall.table,
                case.recipe,
                case.by,
                seeds=self.seeds,
                samples=hall.samples,
                additions=additions,
            )
            found = summary(list(work))
            _tell(f"{case.by.value:<10} {case.recipe.name:<10} {found['mean']:.4f}")
            yield case, found

    def curve(self) -> Iterator[tuple[int, bool, dict[str, Any]]]:
        """The default recipe on voices that it never heard, by the number of those it knows."""
        hall = self.hall(TIME)
        for synthetic in (False, True):
            additions = hall.additions if synthetic else _without_voices(hall.additions)
            for speakers in CURVE:
                work = crossval(
                    hall.table,
                    TIME,
                    By.SPEAKER,
                    samples=hall.samples,
                    additions=additions,
                    speakers=speakers,
                )
                found = summary(list(work))
                _tell(f"{speakers} speakers, synthetic {synthetic}: {found['mean']:.4f}")
                yield speakers, synthetic, found

    def rejection(self) -> tuple[list[Rejected], Rejected]:
        """By score on known voices; and by the one in use on new voices."""
        known, new = (
            jobs_of(hall.table, TIME, by, seed=0, samples=hall.samples, additions=hall.additions)
            for by in (By.OFFICIAL, By.SPEAKER)
            for hall in [self.hall(TIME)]
        )
        scores = list(measure(next(known)))
        return scores, new_voices(islice(new, self.rejected_voices))

    def hall(self, recipe: Recipe) -> Hall:
        table, samples = read(self.folder, recipe, self.settings)
        material = Material.of_folder(self.settings)
        additions = material.additions(recipe, self.settings.synthetic_voices)
        return Hall(table, samples, additions)


def page(
    bench: Bench,
    rows: Sequence[tuple[Case, dict[str, Any]]],
    curve: Sequence[tuple[int, bool, dict[str, Any]]],
    rejected: tuple[Sequence[Rejected], Rejected],
    minutes: float,
) -> str:
    """The page as Markdown."""
    clips, speakers = rows[0][1]["pooled"]["clips"] // bench.seeds, len(rows[0][1]["folds"])
    made = "make accuracy-quick" if not curve else "make accuracy"
    parts = [
        "# How well it hears",
        f"Written by `{made}` on {datetime.now(UTC):%Y-%m-%d} in {minutes:.0f} minutes: "
        f"{clips:,} clips of the Free Spoken Digit Dataset by {speakers // bench.seeds} speakers "
        f"(CC BY-SA 4.0), {bench.seeds} seed{'s' if bench.seeds > 1 else ''}. Intervals are "
        "Wilson's, 95%, over clips; voices differ more than clips do, so for new voices look at "
        "the folds. Nothing synthetic and no other view of a clip is ever tested on.",
        _table(rows, bench.seeds),
        "`time+` is the recipe `time` with synthetic voices in its training side "
        "(`EARMARK_SYNTHETIC_VOICES`), `time` the same without. ECE is the expected calibration "
        "error of the confidence, in 15 bins.",
        "## Voice by voice",
        "New voices: each speaker is heard by a net that was trained on all others.",
        _voices(rows),
    ]
    if curve:
        parts += [
            "## What more speakers would bring",
            "The recipe `time` on one speaker that it never heard, trained on so many of the "
            "others; one seed.",
            _curve(curve),
        ]
    parts += ["## What is no digit", _rejected(*rejected)]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[tuple[Case, dict[str, Any]]], seeds: int) -> str:
    head = (
        "| protocol | recipe | front end | net | accuracy | 95% interval | folds | ECE | seeds | "
        "seconds a fit |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    return "\n".join([head, *(_row(case, found, seeds) for case, found in rows)])


def _row(case: Case, found: dict[str, Any], seeds: int) -> str:
    folds = [fold["accuracy"] for fold in found["folds"]]
    low, high = found["pooled"]["interval"]
    net = "Dense " + "-".join(str(width) for width in case.recipe.layers)
    net += f", {case.recipe.branches} branches" if case.recipe.branches > 1 else ""
    return (
        f"| {_PROTOCOLS[case.by]} | `{_name(case)}` | `{case.recipe.front_end}` | {net} | "
        f"**{found['mean']:.3f}** | {low:.3f} to {high:.3f} | {min(folds):.3f} to "
        f"{max(folds):.3f} | {found['calibration_error']:.3f} | {seeds} | "
        f"{found['fit_seconds'] / len(folds):.0f} |"
    )


def _voices(rows: Sequence[tuple[Case, dict[str, Any]]]) -> str:
    chosen = [(case, found) for case, found in rows if case.by is By.SPEAKER]
    names = sorted({fold["fold"] for _, found in chosen for fold in found["folds"]})
    head = f"| recipe | {' | '.join(names)} |\n|---|{'---|' * len(names)}"
    lines = [
        f"| `{_name(case)}` | " + " | ".join(f"{_mean(found, name):.3f}" for name in names) + " |"
        for case, found in chosen
    ]
    return "\n".join([head, *lines])


def _mean(found: dict[str, Any], name: str) -> float:
    own = [fold["accuracy"] for fold in found["folds"] if fold["fold"] == name]
    return float(sum(own) / len(own))


def _curve(curve: Sequence[tuple[int, bool, dict[str, Any]]]) -> str:
    lines = [
        "| speakers trained on | new voices, without synthetic voices | with them |",
        "|---|---|---|",
    ]
    for number in CURVE:
        plain, synthetic = (
            next(f["mean"] for n, kind, f in curve if (n, kind) == (number, wanted))
            for wanted in (False, True)
        )
        lines.append(f"| {number} | {plain:.3f} | {synthetic:.3f} |")
    return "\n".join(lines)


def _rejected(scores: Sequence[Rejected], new: Rejected) -> str:
    kinds = list(new.shares)
    chosen = max(scores, key=lambda each: each.validated)
    told = (
        "Sounds that are no digit, and the share of them that a score rejects with a threshold "
        "that rejects 5% of the validation part's digits. Known voices: takes 0 to 4. The sounds "
        "are synthetic; the words and voices were not trained on, the other sounds are of the "
        "kinds that were. *Chosen on* are other such sounds with other words, and the digits are "
        f"the validation part's; by them the best score is **{chosen.score}**. In use is "
        f"**{CONFIDENCE}**, the confidence that every label has."
    )
    head = (
        f"| score | chosen on | digits rejected | {' | '.join(kinds)} | mean |\n"
        f"|---|---|---|{'---|' * (len(kinds) + 1)}"
    )
    lines = [_rejection(each.score, each) for each in scores]
    voices = _rejection(f"{CONFIDENCE}: new voices", new)
    return "\n\n".join([told, "\n".join([head, *lines, voices])])


def _rejection(name: str, found: Rejected) -> str:
    shares = found.shares.values()
    cells = " | ".join(f"{share:.2f}" for share in shares)
    return (
        f"| {name} | {found.validated:.3f} | {found.digits:.3f} | {cells} | "
        f"**{sum(shares) / len(shares):.2f}** |"
    )


def _name(case: Case) -> str:
    return f"{case.recipe.name}+" if case.synthetic else case.recipe.name


def _without_voices(additions: Additions) -> Additions:
    return Additions(others=additions.others) if additions is not NOTHING else NOTHING


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    default = Path(os.environ.get("EARMARK_FSDD", FSDD))
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--quick", action="store_true", help="one seed, fewer rows, no curve")
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args(arguments)
    started = time.monotonic()
    bench = Bench(
        asked.folder,
        Settings.load(),
        seeds=1 if asked.quick else 3,
        rejected_voices=2 if asked.quick else 6,
    )
    try:
        rows = list(bench.rows([case for case in CASES if case.quick or not asked.quick]))
        rejected = bench.rejection()
        curve = [] if asked.quick else list(bench.curve())
    except EarmarkError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 1
    minutes = (time.monotonic() - started) / 60
    asked.out.write_text(page(bench, rows, curve, rejected, minutes), encoding="utf-8")
    print(f"accuracy: {asked.out} is written, in {minutes:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
