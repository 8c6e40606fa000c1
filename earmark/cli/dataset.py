"""Commands that look closely: at one clip, and at all that the store holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, print_json, print_table
from earmark.cli.output import chosen_front_end, dataset_lines, tracked

if TYPE_CHECKING:
    from earmark.analysis.explain import Explanation
    from earmark.datasets.table import Stored
    from earmark.frontends import FrontEnd
    from earmark.frontends.extract import Extracted
    from earmark.settings import Settings

dataset = typer.Typer()
app.add_typer(dataset, name="dataset")


@app.command()
def inspect(
    file: Annotated[Path | None, typer.Argument(help="A wav file.")] = None,
    digits: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="One sheet of ten digits instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="PNG", help="Where the picture goes.")] = None,
) -> None:
    """Draw waveform and MFCCs of a clip, and tell what the model hears in it.

    Example: earmark inspect 7_theo_0.wav --out theo.png
    """
    if (file is None) == (digits is None):
        raise typer.BadParameter("give a FILE, or --digits FOLDER")
    if file is not None:
        _inspect_clip(file, out or Path(f"{file.stem}.inspect.png"))
    elif digits is not None:
        _inspect_digits(digits, out or Path("digits.inspect.png"))


@dataset.callback(invoke_without_command=True)
def show_dataset(
    context: typer.Context,
    frontend: Annotated[str | None, typer.Option(help="Default: the live model's.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw it too, into this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the store holds of clips with a truth: shape, head, describe, counts.

    Example: earmark dataset --out dataset.png
    """
    if context.invoked_subcommand is not None:
        return
    from earmark.datasets.table import head

    stored, chosen = _stored(frontend)
    seen: dict[str, Any] = {
        "front_end": chosen.name,
        **head(stored.table),
        "lacking": len(stored.lacking),
    }
    if out is not None:
        from earmark.analysis.plots import draw_dataset

        draw_dataset(stored.table, chosen, out)
        seen["picture"] = str(out.absolute())
    if as_json:
        print_json(seen)
        return
    print_table(seen["head"], ("path", "digest", "digit", "speaker"))
    print("\n".join(dataset_lines(seen)))


@dataset.command()
def export(
    file: Annotated[Path, typer.Argument(help="Ends in .parquet or .csv.")],
    frontend: Annotated[str | None, typer.Option(help="Default: the live model's.")] = None,
) -> None:
    """Write the clips with a truth and their vectors into a file.

    Example: earmark dataset export clips.parquet
    """
    from earmark.datasets.export import write_table

    stored, chosen = _stored(frontend)
    write_table(stored.table, file, chosen)
    print(f"{len(stored.table):,} clips with {chosen.name} vectors are in {file}")


@dataset.command()
def suspects(
    folder: Annotated[
        Path | None, typer.Argument(help="Wavs named {digit}_{speaker}_{take}.wav.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List clips whose truth may be wrong: models that never saw them are sure of another digit.

    Without a folder it looks at the clips in the store. It trains four models, which takes minutes.

    Example: earmark dataset suspects --json
    """
    import sys

    from earmark.services.processes import environment, run

    arguments = [] if folder is None else [str(folder)]
    arguments += ["--json"] if as_json else []
    run([sys.executable, "-m", "trainer.offline.label_errors", *arguments], environment())


def _inspect_clip(file: Path, out: Path) -> None:
    from earmark.analysis.plots import HOP, RATE, draw_clip, portray
    from earmark.settings import Settings

    settings = Settings.load()
    portrait = portray(file, settings.limits)
    explanation, why = _explained(file, settings)
    draw_clip(portrait, out, explanation)
    print(f"clip      {portrait.seconds:.3f} seconds at {portrait.sound.rate:,} Hz")
    print(
        f"MFCC      {portrait.mfcc.shape}: coefficients x frames, a frame each "
        f"{1000 * HOP / RATE:.1f} ms at {RATE:,} Hz"
    )
    print(f"heard     {_heard_text(file, settings)}")
    for line in why:
        print(line)
    print(f"picture   {out.absolute()}")


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
    from earmark.audio.discovery import printable
    from earmark.datasets.table import from_store
    from earmark.errors import EarmarkError
    from earmark.store import Store

    try:
        table = from_store(Store.at(settings.store_url), front_end).table
    except EarmarkError:
        return []
    others = table[table["digest"] != clip.digest]
    return [
        f"like      {printable(each.path)} (a {each.digit}, distance {each.distance:.1f})"
        for each in nearest(clip.vector, others)
    ]


def _inspect_digits(folder: Path, out: Path) -> None:
    from earmark.analysis.plots import digits_of, draw_digits
    from earmark.settings import Settings

    portraits = digits_of(folder, Settings.load().limits)
    draw_digits(portraits, out)
    for digit, portrait in sorted(portraits.items()):
        print(f"{digit}         {portrait.title}, MFCC {portrait.mfcc.shape}")
    print(f"picture   {out.absolute()}")


def _heard_text(file: Path, settings: Settings) -> str:
    from earmark.errors import ModelError
    from earmark.model.predict import hear, live_classifier

    try:
        [heard] = hear([file], live_classifier(settings), settings.limits)
    except ModelError as error:
        return f"nothing: {error}"
    best = ", ".join(f"{digit} ({share:.2f})" for digit, share in heard.top)
    return f"{best} by model {heard.model}: {heard.state}"


def _stored(frontend: str | None) -> tuple[Stored, FrontEnd]:
    """The table in the store, of at least one clip, and its front end."""
    from earmark.datasets.table import from_store
    from earmark.errors import NotEnoughClips
    from earmark.settings import Settings
    from earmark.store import Store

    store = Store.at(Settings.load().store_url)
    live = store.board.live()
    chosen = chosen_front_end(frontend or (live.front_end if live else "mfcc-mean"))
    stored = from_store(store, chosen, track=tracked("reading"))
    if stored.table.empty:
        raise NotEnoughClips(
            f"the store holds no {chosen.name} vector of a clip with a truth: ingest clips named "
            "{digit}_{speaker}_{take}.wav, or tell it with `earmark clips correct`"
        )
    return stored, chosen
