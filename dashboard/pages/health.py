"""Health: what `earmark doctor` knows, the services, drift, settings, the last errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from nicegui import ui

from dashboard.context import House
from dashboard.index.query import Query
from dashboard.monitoring.drift import Drift, newest
from dashboard.pages.layout import clip_link, frame, heading, html, percent, section, table
from earmark.admin.doctor import Finding, examine
from earmark.environment.variables import PREFIX
from earmark.errors import EarmarkError
from earmark.masking import shown_setting, without_password
from earmark.settings import Settings
from earmark.wording import counted

_TAIL_BYTES = 64 * 1024
_LOG_LINES = 15


def add(house: House) -> None:
    """Register the page."""

    @ui.page("/health")
    async def health() -> None:
        findings, alive, errors = await asyncio.to_thread(_seen, house)
        with frame("Health", "/health"):
            bad = sum(not finding.good for finding in findings)
            heading("Health", "Everything is well." if not bad else f"{bad} things need attention.")
            _findings(findings)
            section("Processes")
            table(["Process", "Last sign of life"], alive, "Processes that are alive")
            _drift(newest(house))
            _failed(house)
            section("Last errors and warnings in the logs")
            if errors:
                html(f"<pre tabindex=0>{escape(chr(10).join(errors))}</pre>", "logs")
            else:
                html("<p>None.</p>", "dim")
            section("Settings in force")
            table(
                ["Setting", "Value", ""], list(settings_rows(house.settings)), "Settings in force"
            )


def _seen(house: House) -> tuple[list[Finding], list[list[str]], list[str]]:
    findings = list(examine(house.settings, house.clock()))
    try:
        alive = house.store.heartbeats.alive(house.clock())
    except EarmarkError:
        alive = {}
    rows = [[escape(name), f"{age:.0f} s ago"] for name, age in alive.items()]
    return findings, rows, last_errors(house.settings.logs)


def _findings(findings: list[Finding]) -> None:
    rows = "".join(
        f'<li><span class="dot {"good" if each.good else "bad"}" aria-hidden="true"></span>'
        f'<span class="unseen">{"well" if each.good else "not well"}:</span>'
        f"<b>{escape(str(each.what))}</b> {escape(each.told)}"
        + (f"<br><code>{escape(each.remedy)}</code>" if each.remedy else "")
        + "</li>"
        for each in findings
    )
    html(f'<ul class="findings">{rows}</ul>', "card")


def _drift(drift: Drift) -> None:
    html('<h2 id="drift">Drift</h2>')
    if drift.median is None:
        html(
            "<p>Not known yet: it compares the last 500 clips with the live model's training data, "
            "and needs 100 of each.</p>",
            "dim",
        )
        return
    html(
        f'<p><span class="pill {drift.verdict}">{drift.verdict}</span> Population stability '
        f"index of {counted(drift.clips, 'clip')} against {drift.reference} of the training data: "
        f"median {drift.median:.2f}, most {drift.most:.2f}, of the confidence "
        f"{drift.confidence:.2f}; {percent(drift.unsure)} unsure. Below 0.1 nothing has "
        "changed, above 0.25 a good deal has.</p>"
    )
    ui.echart({
        "xAxis": {"type": "category", "name": "feature",
                  "data": list(range(len(drift.features))),
                  "axisLabel": {"color": "#7b8494"}},
        "yAxis": {"type": "value", "axisLabel": {"color": "#7b8494"}},
        "grid": {"left": 50, "right": 60, "top": 20, "bottom": 30}, "tooltip": {},
        "series": [{"type": "bar", "data": list(drift.features),
                    "itemStyle": {"color": "#2f9e8f"}}],
        "aria": {"enabled": True},
    }).classes("chart low")  # fmt: skip


def _failed(house: House) -> None:
    rows = house.index.page(Query(states=("failed",)), limit=10).rows
    section("Clips that failed last")
    if not rows:
        html("<p>None.</p>", "dim")
        return
    cells = [[clip_link(row["path"]), escape(row["reason"] or "-")] for row in rows]
    table(["Clip", "Why"], cells, "Clips that failed last")
    html(
        "<p><code>earmark clips retry</code> tries all failed clips again; "
        "each clip's page, one.</p>"
    )


def settings_rows(settings: Settings) -> Iterator[list[str]]:
    """Name, value and meaning of every setting; secrets are masked."""
    for name, field in type(settings).model_fields.items():
        shown = masked(name, getattr(settings, name))
        yield [
            f"<code>{PREFIX}{name.upper()}</code>",
            escape(shown),
            escape(field.description or ""),
        ]


def masked(name: str, value: Any) -> str:
    """A setting's value as it may be shown."""
    if value is None or value == ():
        return "not set"
    return shown_setting(name, value)


def last_errors(logs: Path) -> list[str]:
    """The last warnings and errors of all services' logs."""
    lines: list[str] = []
    for file in sorted(logs.glob("*.log")) if logs.is_dir() else []:
        try:
            with file.open("rb") as handle:
                handle.seek(max(0, file.stat().st_size - _TAIL_BYTES))
                text = handle.read().decode(errors="replace")
        except OSError:
            continue
        found = [
            line for line in text.splitlines() if re.search(r"\b(ERROR|WARNING|CRITICAL)\b", line)
        ]
        lines += [f"{file.stem}: {line}" for line in found[-_LOG_LINES:]]
    return [without_password(line) for line in lines[-3 * _LOG_LINES :]]
