"""The machine's time zone: taken from TZ, and refused by name where there is no such zone."""

from __future__ import annotations

import zoneinfo
from pathlib import Path

import pytest

from earmark.environment.time_zone import local_zone
from earmark.errors import SettingsError


def test_the_zone_is_the_one_that_tz_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")

    assert str(local_zone()) == "America/New_York"


def test_a_file_without_a_name_is_a_zone_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (Path(folder) / "Europe/Berlin" for folder in zoneinfo.TZPATH)
    zone = next(place for place in places if place.is_file())
    (tmp_path / "localtime").write_bytes(zone.read_bytes())
    monkeypatch.setenv("TZ", f":{tmp_path}/localtime")

    assert local_zone() is not None


@pytest.mark.parametrize(
    "given", ['"America/New_York"', "Mars/Olympus", "x y", "../etc", "Europe", "/etc/passwd", "€"]
)
def test_what_is_no_zone_is_told_with_its_value(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", given)

    with pytest.raises(SettingsError, match="it names no time zone") as caught:
        local_zone()

    assert str(caught.value).startswith(f"TZ is {given!r}: ")


def test_quotation_marks_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "'Europe/Berlin'")

    with pytest.raises(SettingsError, match="without quotation marks"):
        local_zone()
