"""The `earmark` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an error of ours becomes one line and exit code 1."""
    from earmark.cli import clips, files, looking, models, running  # noqa: F401
    from earmark.cli.app import app
    from earmark.errors import EarmarkError, SettingsError

    try:
        app()
    except SettingsError as error:
        print(f"earmark: {error}", file=sys.stderr)
        sys.exit(2)
    except EarmarkError as error:
        print(f"earmark: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
