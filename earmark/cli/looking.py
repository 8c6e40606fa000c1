"""Commands that look closely: at one clip, and at all that the store holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, print_json, print_table
from earmark.cli.telling import chosen_front_end, dataset_lines

if TYPE_CHECKING:
    from earmark.dataset import Stored
    from earmark.features import FrontEnd
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
    as_json: AsJson = False,
) -> None:
    """Show what the store holds of clips with a truth: shape, head, describe, counts.

    Example: earmark dataset --json
    """
    if context.invoked_subcommand is not None:
        return
    from earmark.dataset import head

    stored, chosen = _stored(frontend)
    seen: dict[str, Any] = {
        "front_end": chosen.name,
        **head(stored.table),
        "lacking": len(stored.lacking),
    }
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
    from earmark.exporting import write_table

    stored, chosen = _stored(frontend)
    write_table(stored.table, file, chosen)
    print(f"{len(stored.table):,} clips with {chosen.name} vectors are in {file}")


def _inspect_clip(file: Path, out: Path) -> None:
    from earmark.pictures import HOP, RATE, draw_clip, portray
    from earmark.settings import Settings

    settings = Settings.load()
    portrait = portray(file, settings.limits)
    draw_clip(portrait, out)
    print(f"clip      {portrait.seconds:.3f} seconds at {portrait.sound.rate:,} Hz")
    print(
        f"MFCC      {portrait.mfcc.shape}: coefficients x frames, a frame each "
        f"{1000 * HOP / RATE:.1f} ms at {RATE:,} Hz"
    )
    print(f"heard     {_heard_text(file, settings)}")
    print(f"picture   {out.absolute()}")


def _inspect_digits(folder: Path, out: Path) -> None:
    from earmark.pictures import digits_of, draw_digits
    from earmark.settings import Settings

    portraits = digits_of(folder, Settings.load().limits)
    draw_digits(portraits, out)
    for digit, portrait in sorted(portraits.items()):
        print(f"{digit}         {portrait.title}, MFCC {portrait.mfcc.shape}")
    print(f"picture   {out.absolute()}")


def _heard_text(file: Path, settings: Settings) -> str:
    from earmark.errors import ModelError
    from earmark.hearing import hear, live_classifier

    try:
        [heard] = hear([file], live_classifier(settings), settings.limits)
    except ModelError as error:
        return f"nothing: {error}"
    best = ", ".join(f"{digit} ({share:.2f})" for digit, share in heard.top)
    return f"{best} by model {heard.model}: {heard.state}"


def _stored(frontend: str | None) -> tuple[Stored, FrontEnd]:
    """The table in the store, of at least one clip, and its front end."""
    from earmark.dataset import from_store
    from earmark.errors import NotEnoughClips
    from earmark.settings import Settings
    from earmark.store import Store

    store = Store.at(Settings.load().store_url)
    live = store.board.live()
    chosen = chosen_front_end(frontend or (live.front_end if live else "mfcc-mean"))
    stored = from_store(store, chosen)
    if stored.table.empty:
        raise NotEnoughClips(
            f"the store holds no {chosen.name} vector of a clip with a truth: ingest clips named "
            "{digit}_{speaker}_{take}.wav, or tell it with `earmark clips correct`"
        )
    return stored, chosen
