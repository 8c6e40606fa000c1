"""The `earmark` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; an error of ours becomes one line and exit code 1, of settings 2."""
    from earmark.cli.app import app
    from earmark.terminal import run

    load_commands()
    run("earmark", app)


def load_commands() -> None:
    """Let every module of commands register its own with the app."""
    from importlib import import_module

    from earmark.cli.app import COMMANDS

    for module in COMMANDS.values():
        import_module(f"earmark.cli.{module}")
