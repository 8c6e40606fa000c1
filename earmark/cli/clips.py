"""Commands about the clips that the store knows."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.app import AsJson, app, note, print_json, print_table
from earmark.wording import counted

if TYPE_CHECKING:
    from earmark.clips import State
    from earmark.store.ledger import Ledger

clips = typer.Typer(help="List clips, retry failed ones, correct labels.", no_args_is_help=True)
app.add_typer(clips, name="clips")


@clips.command("list")
def list_clips(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Paths in the inbox; default: all clips.")
    ] = None,
    *,
    state: Annotated[str | None, typer.Option(help="pending, queued, labelled, ...")] = None,
    label: Annotated[int | None, typer.Option(min=0, max=9, help="What was heard.")] = None,
    truth: Annotated[str | None, typer.Option(help="What is known: 0 to 9, or none.")] = None,
    speaker: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List clips; in no order, unless they are named. Says so when there are more.

    Example: earmark clips list memo.wav
    """
    from earmark.annotations.labels_csv import parse_digit
    from earmark.store.query import Wanted, find

    wanted = Wanted(
        paths=paths,
        state=_state(state) if state else None,
        label=label,
        truth=parse_digit(truth) if truth else None,
        speaker=speaker,
    )
    found = [record.as_json() for record in find(_ledger(), wanted, limit + 1)]
    rows = found[:limit]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("path", "state", "label", "confidence", "truth", "reason"))
    if len(found) > limit:
        note(f"there are more than these {limit:,}: --limit shows more of them")


@clips.command()
def retry(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Default: all failed that there is room for.")
    ] = None,
) -> None:
    """Queue failed clips again.

    Example: earmark clips retry
    """
    from earmark.admin.retry import retry as retry_clips
    from earmark.settings import Settings

    limit = Settings.load().queue_limit
    retried = retry_clips(_ledger(), paths or None, limit=limit)
    note(f"{counted(retried.clips, 'clip')} will be tried again")
    if retried.left:
        note(f"{retried.left} more failed, and the queue has room for {limit}: ask again later")


@clips.command()
def correct(
    clip: Annotated[str, typer.Argument(help="The clip's path in the inbox.")],
    digit: Annotated[str, typer.Argument(help="0 to 9, or none for what is no digit.")],
    speaker: Annotated[str | None, typer.Option(help="Who speaks.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so; default: you.")] = None,
) -> None:
    """Tell what is spoken in a clip: truth for the next training, from now on.

    Example: earmark clips correct memo.wav 7
    """
    from datetime import UTC, datetime

    from earmark.annotations.corrections import correct as correct_clip
    from earmark.annotations.labels_csv import parse_digit, statement
    from earmark.settings import Settings

    line = statement(
        clip, parse_digit(digit), speaker=speaker, by=by or getpass.getuser(), at=datetime.now(UTC)
    )
    record = correct_clip(_ledger(), Settings.load().labels_file, line)
    note(f"{clip} is {record.truth}; the model heard {record.label}")


@clips.command()
def relabel(
    state: Annotated[str, typer.Option(help="Clips of this state.")] = "labelled",
) -> None:
    """Label clips anew with the live model, from their stored vectors.

    Example: earmark clips relabel
    """
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings

    paths = list(_ledger().in_state(_state(state)))
    Sender(Settings.load()).relabel(paths)
    note(f"{counted(len(paths), 'clip')} will be labelled anew")


def _ledger() -> Ledger:
    from earmark.settings import Settings
    from earmark.store import Store

    return Store.at(Settings.load().store_url).clips


def _state(value: str) -> State:
    from earmark.clips import State

    try:
        return State(value)
    except ValueError as error:
        raise typer.BadParameter(f"{value!r} is none of: {', '.join(State)}") from error
