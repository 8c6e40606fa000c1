"""Commands about what the store holds to train on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, print_json, print_table, say
from earmark.cli.output import chosen_front_end, dataset_lines, tracked
from earmark.wording import counted

if TYPE_CHECKING:
    from earmark.datasets.table import Stored
    from earmark.frontends import FrontEnd

dataset = typer.Typer()
app.add_typer(dataset, name="dataset")


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
    from earmark.files import insist_on_target

    if out is not None:
        insist_on_target(out)
    stored, chosen = _stored(frontend, empty=as_json and out is None)
    seen: dict[str, Any] = {
        "front_end": chosen.name,
        **head(stored.table, chosen),
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
    for line in dataset_lines(seen):
        say(line)


@dataset.command()
def export(
    file: Annotated[Path, typer.Argument(help="Ends in .parquet or .csv.")],
    frontend: Annotated[str | None, typer.Option(help="Default: the live model's.")] = None,
) -> None:
    """Write the clips with a truth and their vectors into a file.

    Example: earmark dataset export clips.parquet
    """
    from earmark.datasets.export import insist_on_form, write_table

    insist_on_form(file)
    stored, chosen = _stored(frontend)
    write_table(stored.table, file, chosen)
    say(f"{counted(len(stored.table), 'clip')} with {chosen.name} vectors written into {file}")


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


def _stored(frontend: str | None, *, empty: bool = False) -> tuple[Stored, FrontEnd]:
    """The table in the store and its front end; of at least one clip unless it may be empty."""
    from earmark.datasets.table import from_store, some_from_store
    from earmark.settings import Settings
    from earmark.store import Store

    store = Store.at(Settings.load().store_url)
    live = store.board.live()
    chosen = chosen_front_end(frontend or (live.front_end if live else "mfcc-mean"))
    read = from_store if empty else some_from_store
    return read(store, chosen, track=tracked("reading")), chosen
