"""What `import earmark` gives to scripts and notebooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import earmark
from earmark.errors import ClipError
from tests.fixture_types import Tone


def test_importing_earmark_loads_nothing_else(repository: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import earmark\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "['earmark']"


def test_scripts_label_one_file_or_several(home: Path, tone: Tone) -> None:
    loud, faint = tone(home / "loud.wav"), tone(home / "faint.wav", amplitude=0.02)

    assert earmark.label(loud).label == 7
    assert earmark.label(str(loud)).as_json()["state"] == "labelled"
    assert [heard.label for heard in earmark.label([loud, faint])] == [7, 3]
    assert earmark.label(home / "missing.wav").state == "failed"


def test_scripts_extract_one_vector_or_several(home: Path, tone: Tone) -> None:
    one, other = tone(home / "a.wav"), tone(home / "b.wav", hertz=800)

    assert earmark.features(one).shape == (40,)
    assert earmark.features([one, other]).shape == (2, 40)
    assert earmark.features([]).shape == (0, 40)
    with pytest.raises(ClipError, match=r"missing\.wav: "):
        earmark.features([one, home / "missing.wav"])


def test_the_version_is_told_only_when_asked_for() -> None:
    assert isinstance(earmark.__version__, str)
    with pytest.raises(AttributeError):
        earmark.nothing  # noqa: B018
