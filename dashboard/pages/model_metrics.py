"""What was measured of a model, in tables and curves."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from dashboard.context import House
from dashboard.pages.layout import clips_url, html, percent, section, table
from earmark.wording import counted

_INK = "#7b8494"
SIDES = {"known_voices": "Known voices", "new_voices": "New voices"}


def show_measured(house: House, version: str, card: dict[str, Any]) -> None:
    """Accuracies, confusion, curves, reliability, speakers, data."""
    measured = {side: card["metrics"].get(side) for side in SIDES}
    _accuracies(measured)
    for side, found in measured.items():
        if found and found.get("confusion"):
            section(f"Confusion, {SIDES[side].lower()}")
            html(_confusion(found["confusion"], version), "scroll").props(
                f'tabindex=0 role=region aria-label="Confusion matrix, {SIDES[side]}"'
            )
    if card.get("history"):
        section("Learning curves")
        _curves(card["history"])
    _reliability(reliabilities(house, version, card))
    _speakers(measured)
    _data(version, card)


def _accuracies(measured: dict[str, Any]) -> None:
    tiles = []
    for side, found in measured.items():
        told = (
            "not measured"
            if not found
            else f"{found.get('correct', '?')} of {found.get('clips', '?')} right"
        )
        low, high = (found or {}).get("interval", (None, None))
        interval = f", 95% interval {percent(low)} to {percent(high)}" if low is not None else ""
        accuracy = percent(found["accuracy"] if found else None)
        tiles.append(
            f'<div class="tile"><h2>{SIDES[side]}</h2><p class="big">{accuracy}</p>'
            f'<p class="dim">{told}{interval}</p></div>'
        )
    html("".join(tiles), "tiles")


def _confusion(counts: list[list[int]], version: str) -> str:
    """Rows are truth, columns what was heard; each cell leads to its clips."""
    head = "".join(f'<th scope="col">{digit}</th>' for digit in range(len(counts)))
    rows = []
    for truth, row in enumerate(counts):
        total = max(sum(row), 1)
        cells = "".join(
            _cell(truth, heard, count, count / total) for heard, count in enumerate(row)
        )
        rows.append(f'<tr><th scope="row">{truth}</th>{cells}</tr>')
    return (
        '<table class="confusion">'
        f"<caption>Rows: truth. Columns: heard by {escape(version)}. "
        "A number leads to the clips in the store with that truth that were heard so.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(truth: int, heard: int, count: int, share: float) -> str:
    kind = "right" if truth == heard else "wrong"
    link = escape(clips_url(truth=truth, label=heard), quote=True)
    name = f"{counted(count, 'clip')} of {truth} heard as {heard}"
    inner = f'<a href="{link}" aria-label="{name}">{count}</a>' if count else "·"
    return f'<td class="{kind}" style="--share:{share:.3f}">{inner}</td>'


def _curves(history: dict[str, Any]) -> None:
    names = {"loss": "loss", "val_loss": "validation loss", "accuracy": "accuracy",
             "val_accuracy": "validation accuracy"}  # fmt: skip
    series = [
        {"name": words, "type": "line", "showSymbol": False, "data": history[name],
         "yAxisIndex": int("accuracy" in name)}
        for name, words in names.items()
        if history.get(name)
    ]  # fmt: skip
    epochs = list(range(1, len(history.get("loss", [])) + 1))
    axis = {
        "axisLabel": {"color": _INK},
        "nameTextStyle": {"color": _INK},
        "splitLine": {"show": False},
    }
    ui.echart({
        "tooltip": {"trigger": "axis"}, "legend": {"top": 0, "textStyle": {"color": _INK}},
        "xAxis": {"type": "category", "data": epochs, "name": "epoch", **axis},
        "yAxis": [{"type": "value", "name": "loss", **axis},
                  {"type": "value", "name": "accuracy", "max": 1, **axis}],
        "grid": {"left": 50, "right": 50, "bottom": 40}, "series": series,
        "aria": {"enabled": True},
    }).classes("chart")  # fmt: skip


def reliabilities(
    house: House, version: str, card: dict[str, Any]
) -> dict[str, list[tuple[float, float, int]]]:
    """Confidence, share that was right, and clips: on each test set, and on clips since then."""
    measured = card.get("calibration", {}).get("reliability", {})
    found = {
        f"{name.lower()}, before it was published": list(
            zip(told["confidence"], told["accuracy"], told["clips"], strict=True)
        )
        for side, name in SIDES.items()
        if (told := measured.get(side))
    }
    live = [
        (round(each["confidence"], 3), round(each["accuracy"], 3), each["clips"])
        for each in house.index.reliability(version)
    ]
    return found | ({"clips that came since": live} if live else {})


def _reliability(found: dict[str, list[tuple[float, float, int]]]) -> None:
    section("Reliability")
    if not found:
        html(
            "<p>It was not measured, and there is no clip with a truth yet that this model "
            "labelled without having been trained on it.</p>",
            "dim",
        )
        return
    axis = {"type": "value", "min": 0, "max": 1, "axisLabel": {"color": _INK},
            "nameTextStyle": {"color": _INK}, "nameLocation": "middle", "nameGap": 30}  # fmt: skip
    ui.echart({
        "tooltip": {"trigger": "item"},
        "legend": {"top": 0, "textStyle": {"color": _INK}, "data": list(found)},
        "xAxis": {**axis, "name": "confidence"}, "yAxis": {**axis, "name": "share that was right"},
        "grid": {"left": 60, "right": 20, "bottom": 50, "top": 80}, "aria": {"enabled": True},
        "series": [
            {"type": "line", "data": [[0, 0], [1, 1]], "showSymbol": False, "silent": True,
             "lineStyle": {"type": "dashed", "color": _INK}},
            *({"type": "line", "name": name, "data": points, "symbolSize": 7}
              for name, points in found.items()),
        ],
    }).classes("chart square")  # fmt: skip
    html(
        "<p>On the dashed line, a confidence of 80% is right in 80 of 100 cases. A point tells "
        "confidence, share that was right, and of how many clips.</p>",
        "dim",
    )


def _speakers(measured: dict[str, Any]) -> None:
    rows = [
        [escape(name), SIDES[side], f"<b>{percent(each['accuracy'])}</b>",
         f"{each['correct']} of {each['clips']}"]
        for side, found in measured.items()
        for name, each in ((found or {}).get("per_speaker") or {}).items()
    ]  # fmt: skip
    if rows:
        section("Speakers")
        table(["Speaker", "Test set", "Accuracy", "Right"], rows, "Accuracy by speaker")


def _data(version: str, card: dict[str, Any]) -> None:
    data, splits = card.get("data", {}), card.get("splits", {})
    facts = {
        "Data snapshot": f"<code>{escape(str(data.get('snapshot', '-')))}</code>",
        "Clips": f"{data.get('clips', 0):,} by {data.get('speakers', '?')} speakers",
        "Voices held out": escape(", ".join(splits.get("new_voices", [])) or "none"),
        "Recipe": escape(str(card["recipe"]["name"])),
        "Front end": escape(str(card["front_end"]["name"])),
        "Confidence threshold": str(card.get("confidence", "-")),
        "Seed": str(card.get("seed", "-")),
        "Libraries": escape(", ".join(f"{k} {v}" for k, v in card.get("versions", {}).items())),
        "Files": " · ".join(
            f'<a href="/api/models/{quote(version)}/files/{quote(name)}">{escape(name)}</a>'
            for name in card.get("checksums", {})
        ),
    }
    section("Data and settings")
    table(["", "Value"], [[name, value] for name, value in facts.items()], "Data and settings")
