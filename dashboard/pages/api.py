"""The interface's own description, drawn from its OpenAPI schema: nothing comes from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import FastAPI
from nicegui import ui

from dashboard.pages.layout import frame, heading, html, section, table

_FIRST = """curl -F file=@7_theo_0.wav 'http://127.0.0.1:8765/api/clips?wait=5'
curl http://127.0.0.1:8765/api/clips?state=unsure
curl -H 'content-type: application/json' -d '{"path": "memo.wav", "digit": 7}' \\
     http://127.0.0.1:8765/api/corrections
curl -N http://127.0.0.1:8765/api/events"""


def add(app: FastAPI) -> None:
    """Register the page."""

    @ui.page("/api")
    def api() -> None:
        schema = app.openapi()
        with frame("Interface", "/api"):
            heading(
                "Interface for programmes",
                'The same as <a href="/api/openapi.json">OpenAPI schema</a>. Where a token is set, '
                "send it as <code>Authorization: Bearer …</code>.",
            )
            html(f"<pre tabindex=0>{escape(_FIRST)}</pre>")
            for path, methods in schema["paths"].items():
                for method, told in methods.items():
                    _show(path, method.upper(), told)


def _show(path: str, method: str, told: dict[str, Any]) -> None:
    section(f"{method} {path}")
    html(f"<p>{escape(told.get('description') or told['summary'])}</p>")
    parameters = told.get("parameters", [])
    if parameters:
        rows = [
            [f"<code>{escape(each['name'])}</code>", each["in"], _kind(each.get("schema", {}))]
            for each in parameters
        ]
        table(["Parameter", "In", "Kind"], rows, f"Parameters of {method} {path}")


def _kind(schema: dict[str, Any]) -> str:
    kinds = schema.get("anyOf", [schema])
    words = [each.get("type", each.get("$ref", "")) for each in kinds if each.get("type") != "null"]
    return escape(", ".join(dict.fromkeys(words)))
