"""Commands about files that need no server: label, features, inspect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.app import AsJson, app, print_json, say
from earmark.cli.output import (
    bar,
    chosen_front_end,
    end,
    note_refused,
    passing,
    print_answers,
    reasons,
    vector_text,
)
from earmark.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earmark.analysis.explain import Explanation
    from earmark.audio.reader import Failed
    from earmark.frontends import FrontEnd
    from earmark.frontends.extract import Extracted
    from earmark.settings import Settings

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Wav files, or folders of them.")
]


Jobs = Annotated[int, typer.Option(min=1, help="Processes that extract.")]


@app.command()
def label(files: Files, as_json: AsJson = False) -> None:
    """Label files here and now with the live model; needs no server.

    Exit code 1 when any of them cannot be labelled.

    Example: earmark label memo.wav --json
    """
    from earmark.clips import State
    from earmark.model.predict import hear, live_classifier
    from earmark.settings import Settings

    settings = Settings.load()
    found, classifier = list(settings.discovery.clips(files)), live_classifier(settings)
    with bar(len(found), "labelling") as progress:
        heard = list(passing(hear(found, classifier, settings.limits), progress))
    failed = [each for each in heard if each.state is State.FAILED]
    rows = [each.as_json() for each in heard if each.state is not State.FAILED]
    rows += [each.as_json() for each in failed]
    if as_json:
        print_json(rows)
    else:
        print_answers(rows, ("path", "label", "confidence", "state"))
    end(failed)


@app.command()
def features(
    files: Files,
    frontend: Annotated[str, typer.Option(help="Which features.")] = "mfcc-mean",
    out: Annotated[Path | None, typer.Option(help="Write them into it: .parquet or .csv.")] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Extract the vectors of files; needs no server.

    Exit code 1 when any of them has none.

    Example: earmark features recordings --out vectors.parquet --jobs 4
    """
    from earmark.audio.reader import Failed
    from earmark.datasets.export import insist_on_form, write_vectors
    from earmark.frontends.extract import Extracted, extract_files
    from earmark.settings import Settings

    chosen, settings = chosen_front_end(frontend), Settings.load()
    if out is not None:
        insist_on_form(out)
    found = list(settings.discovery.clips(files))
    failed = [item for item in found if isinstance(item, Failed)]
    readable = [item for item in found if isinstance(item, Path)]
    outcomes = extract_files(readable, chosen, settings.limits, jobs=jobs)
    with bar(len(readable), "extracting") as progress:
        if out is not None:
            failed += write_vectors(passing(outcomes, progress), out, chosen)
        else:
            done = list(passing(outcomes, progress))
    if out is not None:
        _tell_written(out, len(found) - len(failed), failed, as_json=as_json)
    else:
        failed += [each for each in done if isinstance(each, Failed)]
        _tell_vectors([each for each in done if isinstance(each, Extracted)], failed, as_json)
    end(failed)


def _tell_written(file: Path, clips: int, failed: Sequence[Failed], *, as_json: bool) -> None:
    if as_json:
        print_json({"out": str(file), "clips": clips, "failed": reasons(failed)})
    else:
        note_refused(failed)
        say(
            f"{counted(clips, 'vector')} written into {file}; "
            f"{counted(len(failed), 'file')} without one"
        )


def _tell_vectors(done: Sequence[Extracted], failed: Sequence[Failed], as_json: bool) -> None:
    failures = [
        {"path": str(each.path), "state": "failed", "reason": each.reason} for each in failed
    ]
    rows = [{"path": str(each.path), "vector": each.vector.tolist()} for each in done]
    if as_json:
        print_json([*rows, *failures])
        return
    texts = [{"path": str(each.path), "vector": vector_text(each.vector.tolist())} for each in done]
    print_answers([*texts, *failures], ("path", "vector"))


@app.command()
def inspect(
    file: Annotated[
        Path | None,
        typer.Argument(help="A wav file; with --digit or --random, a folder to choose from."),
    ] = None,
    digit: Annotated[
        int | None,
        typer.Option(min=0, max=9, help="A clip of this digit; without a folder, of the inbox."),
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Any clip there, or any of the digit.")
    ] = False,
    digits: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="One sheet of ten digits instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="PNG", help="Where the picture goes.")] = None,
) -> None:
    """Draw waveform and MFCCs of a clip, and tell what the model hears in it.

    Example: earmark inspect 7_theo_0.wav --out theo.png

    Example: earmark inspect recordings --digit 3 --random
    """
    chosen = digit is not None or random
    if (file is not None or chosen) == (digits is not None):
        raise typer.BadParameter("give a FILE, or --digits FOLDER, or choose by --digit, --random")
    if digits is not None:
        _inspect_digits(digits, _target(out, "digits"))
        return
    clip = _chosen(file, digit, random=random) if chosen or file is None else file
    _inspect_clip(clip, _target(out, clip.stem))


def _target(out: Path | None, name: str) -> Path:
    from earmark.files import insist_on_target

    picture = out or Path(f"{name}.inspect.png")
    insist_on_target(picture)
    return picture


def _chosen(folder: Path | None, digit: int | None, *, random: bool) -> Path:
    from random import Random

    from earmark.analysis.choice import choose
    from earmark.settings import Settings
    from earmark.terminal import printable

    if folder is not None and not folder.is_dir():
        raise typer.BadParameter(f"{printable(folder)} is no folder to choose a clip from")
    clip = choose(folder, digit, Settings.load(), Random() if random else None)
    say(f"file      {printable(clip)}")
    return clip


def _inspect_clip(file: Path, out: Path) -> None:
    from earmark.analysis.plots import HOP, RATE, draw_clip, portray
    from earmark.errors import ClipError
    from earmark.settings import Settings
    from earmark.terminal import printable

    settings = Settings.load()
    try:
        portrait = portray(file, settings.limits)
    except ClipError as error:
        raise ClipError(f"{printable(file)}: {error.reason}") from error
    explanation, why = _explained(file, settings)
    draw_clip(portrait, out, explanation)
    say(f"clip      {portrait.seconds:.3f} seconds at {portrait.sound.rate:,} Hz")
    say(
        f"MFCC      {portrait.mfcc.shape}: coefficients x frames, a frame each "
        f"{1000 * HOP / RATE:.1f} ms at {RATE:,} Hz"
    )
    say(f"heard     {_heard_text(file, settings)}")
    for line in why:
        say(line)
    say(f"picture   {out.absolute()}")


def _explained(file: Path, settings: Settings) -> tuple[Explanation | None, list[str]]:
    """What the label rests on, for the picture and in lines."""
    from earmark.analysis.explain import explain
    from earmark.errors import EarmarkError
    from earmark.frontends.extract import Extracted, extract_files
    from earmark.model.predict import live_classifier

    try:
        classifier = live_classifier(settings)
        [outcome] = extract_files([file], classifier.front_end, settings.limits)
    except EarmarkError:
        return None, []  # the line of what is heard says why
    if not isinstance(outcome, Extracted):
        return None, []
    explanation = explain(classifier, outcome.vector)
    lines = [] if explanation is None else [_moments_line(explanation)]
    return explanation, [*lines, *_neighbour_lines(outcome, classifier.front_end, settings)]


def _moments_line(explanation: Explanation) -> str:
    first, last = explanation.moments
    return f"because   most of what speaks for it lies at {first:.0%} to {last:.0%} of the word"


def _neighbour_lines(clip: Extracted, front_end: FrontEnd, settings: Settings) -> list[str]:
    """The nearest clips with a truth, when the store answers."""
    from earmark.analysis.explain import nearest
    from earmark.datasets.table import from_store
    from earmark.errors import EarmarkError
    from earmark.store import Store

    try:
        table = from_store(Store.at(settings.store_url), front_end).table
    except EarmarkError:
        return []
    others = table[table["digest"] != clip.digest]
    return [
        f"like      {each.path} (a {each.digit}, distance {each.distance:.1f})"
        for each in nearest(clip.vector, others)
    ]


def _inspect_digits(folder: Path, out: Path) -> None:
    from earmark.analysis.plots import digits_of, draw_digits
    from earmark.settings import Settings

    settings = Settings.load()
    portraits = digits_of(folder, settings.limits, settings.discovery)
    draw_digits(portraits, out)
    for digit, portrait in sorted(portraits.items()):
        say(f"{digit}         {portrait.title}, MFCC {portrait.mfcc.shape}")
    say(f"picture   {out.absolute()}")


def _heard_text(file: Path, settings: Settings) -> str:
    from earmark.errors import ModelError
    from earmark.model.predict import hear, live_classifier

    try:
        [heard] = hear([file], live_classifier(settings), settings.limits)
    except ModelError as error:
        return f"nothing: {error}"
    best = ", ".join(f"{digit} ({share:.2f})" for digit, share in heard.top)
    return f"{best} by model {heard.model}: {heard.state}"
