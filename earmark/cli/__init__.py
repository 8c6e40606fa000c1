"""The `earmark` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an error of ours becomes one line and exit code 1, of settings 2."""
    from earmark.cli.app import app
    from earmark.errors import EarmarkError, SettingsError

    load_commands()
    try:
        app()
    except EarmarkError as error:
        print(f"earmark: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def load_commands() -> None:
    """Let every module of commands register its own with the app."""
    from importlib import import_module

    from earmark.cli.app import COMMANDS

    for module in COMMANDS.values():
        import_module(f"earmark.cli.{module}")
