"""The command that gives the tour."""

from __future__ import annotations

from earmark.cli.app import app


@app.command()
def demo() -> None:
    """The tour: synthetic voices, a training, new clips, and a table of what was heard.

    Everything happens in a temporary folder, which is removed at the end.

    Example: earmark demo
    """
    from earmark.cli.demo_steps import tour

    tour()
