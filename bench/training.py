"""The recipe `scaled` against the notebook's own fit, on the same clips, in one process.

Run as `python -m bench.training [--quick]`. TensorFlow stays in a process of its own: nothing
forks from it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.limit import LIMITS
from bench.parts import Setting, run_alone
from bench.rig import REPOSITORY
from bench.table import Part, Row

if TYPE_CHECKING:
    from trainer.data.splits import Split

ROUNDS, ROUNDS_QUICK = 3, 1
TIMES_FASTER = 3.0
SEED = 0
RUN_SECONDS = 400


@dataclass(frozen=True)
class Trained:
    """One way of training, its fastest round."""

    seconds: float
    known_voices: float
    """Accuracy, 0 to 1."""
    new_voices: float


def part(setting: Setting) -> Part:
    """All rows of the trainer."""
    found = _in_a_process(setting)
    notebook, ours = Trained(**found["notebook"]), Trained(**found["scaled"])
    return Part(
        [
            Row(
                what=f"training on {found['clips']:,} clips (peer: the notebook's fit)",
                unit="s",
                ours=ours.seconds,
                peer=notebook.seconds,
                least_ratio=TIMES_FASTER,
            ),
            _accuracy("known voices", ours.known_voices, notebook.known_voices),
            _accuracy("new voices", ours.new_voices, notebook.new_voices),
        ]
    )


def _accuracy(voices: str, ours: float, notebook: float) -> Row:
    return Row(
        what=f"accuracy on {voices} (peer: the same)",
        unit="%",
        ours=ours * 100,
        peer=notebook * 100,
        more_is_better=True,
        least_ratio=1,
    )


def _in_a_process(setting: Setting) -> dict[str, Any]:
    folder = setting.spare / "named"
    folder.mkdir()
    for path in setting.corpus.paths:
        (folder / path.name).symlink_to(path)
    rounds = ROUNDS_QUICK if setting.quick else ROUNDS
    done = subprocess.run(
        [sys.executable, "-m", "bench.training", "--measure", str(folder), str(rounds)],
        cwd=REPOSITORY,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # TensorFlow talks even when all is well
        timeout=RUN_SECONDS,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Train both ways by turns, and keep each one's fastest round."""
    from earmark.datasets.table import from_folder
    from earmark.frontends import FRONT_ENDS
    from trainer.data.splits import split
    from trainer.recipes import SCALED

    table = from_folder(folder, FRONT_ENDS["mfcc-mean"], LIMITS)
    sides = split(table, earlier={}, always_train=(), validation_share=SCALED.validation_share)
    _scaled(sides)
    ways = {"notebook": _notebook, "scaled": _scaled}
    fastest: dict[str, Trained] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            trained = _timed(way, sides)
            if name not in fastest or trained.seconds < fastest[name].seconds:
                fastest[name] = trained
    clips = len(sides.train) + len(sides.validation)
    return {name: asdict(way) for name, way in fastest.items()} | {"clips": clips}


def _timed(way: Callable[[Split], Any], sides: Split) -> Trained:
    began = time.perf_counter()
    model = way(sides)
    seconds = time.perf_counter() - began
    return Trained(
        seconds, _share_right(model, sides.known_voices), _share_right(model, sides.new_voices)
    )


def _notebook(sides: Split) -> Any:
    """The notebook's cell: arrays, Keras's defaults, 100 epochs in batches of 32."""
    import pandas as pd

    from trainer.data.samples import Samples
    from trainer.net.architecture import build
    from trainer.recipes import NOTEBOOK

    train = Samples.of(pd.concat([sides.train, sides.validation]))
    model = build(NOTEBOOK, train.vectors, seed=SEED)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        train.vectors,
        train.digits,
        batch_size=NOTEBOOK.batch_size,
        epochs=NOTEBOOK.epochs,
        verbose=0,
    )
    return model


def _scaled(sides: Split) -> Any:
    from trainer.data.samples import Samples
    from trainer.net.fit import fit
    from trainer.recipes import SCALED

    return fit(SCALED, Samples.of(sides.train), Samples.of(sides.validation), seed=SEED).model


def _share_right(model: Any, table: Any) -> float:
    from trainer.data.samples import Samples
    from trainer.net.fit import probabilities

    if not len(table):
        return float("nan")
    side = Samples.of(table)
    heard = probabilities(model, side.vectors).argmax(axis=1)
    return float((heard == side.digits).mean())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        run_alone(part, __doc__)
