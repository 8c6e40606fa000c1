"""What README and docs name is what the program has."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from earmark.cli import load_commands
from earmark.cli.app import app
from earmark.environment.variables import PREFIX
from earmark.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_SHOWN = re.compile(
    r"^(?:    |\$ )(?:[A-Z_]+=\S+ )*(earmark .+?)(?:\s{2,}.*|\s+#.*)?$", re.MULTILINE
)


@pytest.fixture(scope="module")
def command() -> TyperGroup:
    load_commands()
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def shown_commands() -> Iterator[str]:
    for page in PAGES:
        yield from _SHOWN.findall(page.read_text())


def names_of(group: TyperGroup) -> Iterator[str]:
    for name, command in group.commands.items():
        yield name
        if isinstance(command, TyperGroup):
            yield from command.commands


@pytest.mark.parametrize("line", sorted(set(shown_commands())))
def test_a_command_that_the_docs_show_can_be_given(line: str, command: TyperGroup) -> None:
    words = shlex.split(line, comments=True)[1:]
    found: Any = command
    while isinstance(found, TyperGroup) and words:
        found = found.commands[words.pop(0)]

    with found.make_context(found.name, words, resilient_parsing=False) as context:
        assert context.command is found


def test_the_docs_show_commands_at_all() -> None:
    assert len(set(shown_commands())) > 10


def test_the_readme_names_every_command(command: TyperGroup) -> None:
    table = (ROOT / "README.md").read_text().partition("## Commands")[2]

    assert [name for name in names_of(command) if name not in table] == []


def test_the_readme_lists_every_setting_with_its_help() -> None:
    readme = (ROOT / "README.md").read_text()

    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `{PREFIX}{name.upper()}` \| .+ \| (.+) \|$", readme, re.MULTILINE)
        assert row is not None, f"{PREFIX}{name.upper()} is not in the README's table"
        assert row[1] == field.description


def test_a_setting_that_the_docs_name_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"EARMARK_FSDD"}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in Settings.model_fields}
    for page in PAGES:
        named = set(re.findall(r"EARMARK_[A-Z_]+[A-Z]", page.read_text()))
        assert named <= known, f"{page.name} names {sorted(named - known)}"


def test_a_link_within_the_docs_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_shows_an_example(command: TyperGroup) -> None:
    def leaves(group: TyperGroup) -> Iterator[Any]:
        for each in group.commands.values():
            yield from leaves(each) if isinstance(each, TyperGroup) else [each]

    assert [each.name for each in leaves(command) if "Example: " not in (each.help or "")] == []


def known_tests(*folders: str) -> set[str]:
    files = (file for folder in folders for file in (ROOT / "tests" / folder).rglob("test_*.py"))
    trees = (ast.parse(file.read_text()) for file in files)
    found = (node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
    return {each.name for each in found if each.name.startswith("test_")}


def test_every_row_about_reliability_names_the_tests_that_show_it() -> None:
    page = (ROOT / "docs/reliability.md").read_text()
    rows = re.findall(r"^\| (?!-|\|* *fault|condition).*\|$", page, re.MULTILINE)
    named = [set(re.findall(r"`(test_\w+)`", row.rsplit("|", 2)[1])) for row in rows]

    assert len(rows) > 40
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    assert set().union(*named) <= known_tests("faults", "integration", "unit")


def test_every_test_of_a_fault_is_told_of() -> None:
    page = (ROOT / "docs/reliability.md").read_text()
    faults = {name for name in known_tests("faults") if re.match(r"test_\d", name)}

    assert {name for name in faults if f"`{name}`" not in page} == set()
