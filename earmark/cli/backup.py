"""Commands that write and bring back a backup."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.app import AsJson, app, print_json, say
from earmark.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earmark.admin.backup import House


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Is written anew.")],
    as_json: AsJson = False,
) -> None:
    """Write all that Earmark knows into one file, while it runs.

    Records, vectors, corrections, labels.csv and models; not the recordings, which lie in the
    inbox. The file is a tar.gz that only you can read.

    Example: earmark backup earmark-2026-11-23.tar.gz
    """
    from earmark.admin.backup import back_up

    counts = back_up(_house(), file, datetime.now(UTC))
    _tell(counts, f"written into {file}", as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `earmark backup` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Bring a backup back, while Earmark runs: what is missing is added, nothing is overwritten.

    A clip's record comes back where the store knows nothing of the clip or has not heard the same
    revision yet; of what was said about a clip the newest word wins; models and the pointer to
    the live one come back where there are none. What was forgotten stays forgotten. The whole
    file is checked first.

    Example: earmark restore earmark-2026-11-23.tar.gz
    """
    from earmark.admin.restore import restore as bring_back
    from earmark.model.registry import Registry
    from earmark.settings import Settings

    Registry.of(Settings.load()).insist_on_its_folder()
    counts = bring_back(_house(), file, datetime.now(UTC))
    _tell(counts, f"came back from {file}", as_json)


def _tell(counts: Mapping[str, int], what: str, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        listed = (counted(count, name.removesuffix("s")) for name, count in counts.items())
        say(", ".join(listed) + f" {what}")


def _house() -> House:
    from earmark.admin.backup import House
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    return House(Store.at(settings.store_url), settings.data, settings.models)
