"""The command line's frame: one app, how answers are printed, how errors end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from earmark.terminal import note, print_json, print_table, say

__all__ = ["COMMANDS", "AsJson", "app", "note", "print_json", "print_table", "say"]

COMMANDS: Mapping[str, str] = {
    "samples": "samples",
    "ingest": "ingest",
    "label": "label",
    "features": "label",
    "sort": "sort",
    "backup": "backup",
    "restore": "backup",
    "forget": "forget",
    "inspect": "label",
    "train": "train",
    "crossval": "train",
    "up": "services",
    "producer": "services",
    "worker": "services",
    "trainer": "services",
    "scheduler": "services",
    "demo": "demo",
    "status": "status",
    "doctor": "doctor",
    "dashboard": "services",
    "clips": "clips",
    "dataset": "dataset",
    "models": "models",
}
"""The module of each command or command group, in the order in which help lists them."""


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in COMMANDS if name in self.commands]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # An empty path means this folder to Python: a variable that is not set would do anything
        # to all that is in it.
        if any(not each or (each.startswith("--") and each.endswith("=")) for each in args):
            raise typer.BadParameter("an argument is empty; this folder is written as a dot")
        return list(super().parse_args(ctx, args))


def _print_version(wanted: bool) -> None:
    if wanted:
        from earmark import __version__

        say(f"earmark {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=_Commands,
    name="earmark",
    help="Listens to a folder: drop a wav of a spoken digit into it, and it gets its label.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show it.")
    ] = False,
) -> None:
    pass


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
