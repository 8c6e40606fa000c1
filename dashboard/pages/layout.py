"""What all pages share: head, navigation, light or dark, and small pieces of text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import ui

from earmark import __version__

PAGES = (
    ("/", "Live"), ("/review", "Review"), ("/clips", "Clips"), ("/models", "Models"),
    ("/map", "Map"), ("/health", "Health"),
)  # fmt: skip
_HEAD = """
<link rel="stylesheet" href="/static/earmark.css?v={version}">
<script src="/static/theme.js?v={version}"></script>
<script>document.documentElement.lang = "en"</script>
"""


@contextmanager
def frame(title: str, here: str) -> Iterator[None]:
    """The page's frame; what is made inside stands in its main part."""
    ui.add_head_html(_HEAD.format(version=__version__))
    ui.page_title(f"{title} - Earmark")
    ui.html('<a class="skip" href="#main">Skip to content</a>', sanitize=False)
    with ui.header(elevated=False, wrap=True).classes("top"):
        ui.html('<a class="brand" href="/">Earmark</a>', sanitize=False)
        links = "".join(_nav(path, name, here) for path, name in PAGES)
        ui.html(f'<nav aria-label="Pages">{links}</nav>', sanitize=False)
        ui.html('<button id="theme" class="quiet" type="button">Theme</button>', sanitize=False)
    with tag("div", "main").props("id=main tabindex=-1"):
        yield
    with tag("div", "foot"):
        ui.html(f'Earmark {escape(__version__)} · <a href="/api">Interface for programmes</a>',
                sanitize=False)  # fmt: skip


def tag(name: str, classes: str = "") -> ui.element:
    """An element of a given kind."""
    return ui.element(name).classes(classes)


def html(words: str, classes: str = "") -> ui.html:
    """Our own HTML, in which all that comes from elsewhere is escaped already."""
    return ui.html(words, sanitize=False).classes(classes)


def heading(words: str, lead: str = "") -> None:
    """The page's title, and a sentence below it."""
    told = f"<p>{lead}</p>" if lead else ""
    html(f"<h1>{escape(words)}</h1>{told}", "heading")


def section(words: str) -> None:
    html(f"<h2>{escape(words)}</h2>")


def empty(words: str, then: str) -> None:
    """What stands where nothing is yet: what it would be, and what to do next."""
    html(f"<p><strong>{escape(words)}</strong></p><p>{then}</p>", "empty")


def ago(moment: float | None, now: float) -> str:
    """A moment as people say it, with the exact time on hover."""
    if not moment:
        return '<span class="dim">-</span>'
    exact = datetime.fromtimestamp(moment, UTC).astimezone()
    words = spoken(now - moment)
    return (
        f'<time datetime="{exact.isoformat(timespec="seconds")}" '
        f'title="{exact:%Y-%m-%d %H:%M:%S}">{words}</time>'
    )


def spoken(seconds: float) -> str:
    """How long ago, in words.

    Examples
    --------
    >>> spoken(3), spoken(90), spoken(7300), spoken(200000)
    ('3 s ago', '1 min ago', '2 h ago', '2 days ago')
    """
    if seconds < 60:
        return f"{max(0, int(seconds))} s ago"
    if seconds < 3600:
        return f"{int(seconds / 60)} min ago"
    if seconds < 172_800:
        return f"{int(seconds / 3600)} h ago"
    return f"{int(seconds / 86400)} days ago"


def percent(share: float | None, places: int = 1) -> str:
    return "-" if share is None else f"{share:.{places}%}"


def state_pill(state: Any) -> str:
    return f'<span class="pill {escape(str(state))}">{escape(str(state))}</span>'


def confidence_bar(confidence: float | None) -> str:
    """A bar that says its value in words too."""
    if confidence is None:
        return '<span class="dim">-</span>'
    share = round(100 * confidence)
    return (
        f'<span class="bar" aria-hidden="true"><i style="width:{share}%"></i></span>'
        f'<span class="num">{share}%</span>'
    )


def clip_link(path: str) -> str:
    """A link to a clip's own page."""
    return f'<a href="/clip/{quote(path)}">{escape(path)}</a>'


def clips_url(**wanted: Any) -> str:
    """The address of the clips that fit."""
    return "/clips?" + urlencode({key: value for key, value in wanted.items() if value is not None})


def table(columns: list[str], rows: list[list[str]], caption: str) -> None:
    """A table of our own HTML, which scrolls sideways on narrow screens."""
    head = "".join(_head(column) for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    html(
        f'<table><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        "scroll",
    ).props("tabindex=0 role=region").props(f'aria-label="{escape(caption)}"')


def _head(column: str) -> str:
    return f'<th scope="col">{escape(column)}</th>' if column else "<td></td>"


def _nav(path: str, name: str, here: str) -> str:
    current = ' aria-current="page"' if path == here else ""
    return f'<a href="{path}"{current}>{name}</a>'
