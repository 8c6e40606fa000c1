"""The notebook runs from top to bottom, and is kept without what it answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

READ: Callable[..., NotebookNode] = nbformat.read


@pytest.fixture(scope="module")
def kept(repository: Path) -> NotebookNode:
    return READ(repository / "docs/notebook.ipynb", as_version=4)


@pytest.fixture(scope="module")
def executed(
    repository: Path, kept: NotebookNode, tmp_path_factory: pytest.TempPathFactory
) -> NotebookNode:
    """Run in a folder of its own, with nothing configured; a cell that fails raises here."""
    here = tmp_path_factory.mktemp("here")
    notebook = deepcopy(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(repository))
        for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("jupyter")))
        resources = {"metadata": {"path": str(here)}}
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    assert list(here.iterdir()) == []
    return notebook


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def answers(notebook: NotebookNode, beginning: str) -> list[NotebookNode]:
    """What the cell whose source holds some text has put out."""
    [cell] = [cell for cell in code(notebook) if beginning in cell.source]
    return list(cell.outputs)


def text(notebook: NotebookNode, beginning: str) -> str:
    """The same as text, without the commands that colour it."""
    shown = "".join(
        output.get("text") or output.data.get("text/plain", "")
        for output in answers(notebook, beginning)
    )
    return re.sub(r"\x1b\[[\d;]*m", "", shown)


def pictures(notebook: NotebookNode, beginning: str) -> int:
    return sum("image/png" in each.get("data", {}) for each in answers(notebook, beginning))


def test_it_is_kept_without_outputs(kept: NotebookNode) -> None:
    assert [cell.outputs for cell in code(kept)] == [[]] * len(code(kept))
    assert {cell.execution_count for cell in code(kept)} == {None}
    assert [cell.metadata for cell in kept.cells if cell.metadata] == []
    assert kept.metadata.kernelspec.name == "python3"


def test_its_links_lead_somewhere(repository: Path, kept: NotebookNode) -> None:
    told = "".join(cell.source for cell in kept.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", told)

    assert links
    assert [link for link in links if not (repository / "docs" / link).exists()] == []


@pytest.mark.timeout(300)
def test_it_goes_through_all_that_the_original_did(executed: NotebookNode) -> None:
    ten = answers(executed, "display(earmark.inspect(path))")
    assert [each.data["text/html"].count("<audio") for each in ten] == [1] * 10
    assert "MFCC           (40, " in text(executed, "clip.mfcc.shape")
    assert text(executed, "desc=f").count("clips of ") == 10
    assert text(executed, "table.head()").splitlines()[0].split()[0] == "class"
    assert text(executed, "table.shape") == "(400, 41)"
    assert {"count", "mean", "std", "max"} <= set(text(executed, "table.describe()").split())
    assert len(re.findall(r"^\d +40$", text(executed, "value_counts"), re.MULTILINE)) == 10
    assert text(executed, "train_test_split(X") == "((300, 40), (100, 40), (300,), (100,))"
    assert "Total params: 25,310" in text(executed, "model.summary()")
    assert re.search(r"saved after epoch \d+ of 100", text(executed, "curves.index"))
    assert pictures(executed, "curves.index") == 1
    assert pictures(executed, "ConfusionMatrixDisplay.from_predictions") == 1
    report = text(executed, "print(classification_report")
    assert all(re.search(rf"^ +{digit} +[\d.]+", report, re.MULTILINE) for digit in range(10))
    heard = re.search(r"([\d.]+) of 100 clips heard right", text(executed, "load_model(best)"))
    assert heard is not None
    assert float(heard[1]) > 0.7
    assert text(executed, "earmark.label(ten)").count("labelled") >= 8
