"""The readings on which `make test-install` stands: of .dockerignore, Dockerfile and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.install.dockerfile import parse
from tests.install.dockerignore import admitted, copy_context, is_admitted, patterns
from tests.install.stages import Builder, StepFailed
from tests.install.variables import Missing, expand, interpolate, read_env

DOCKERFILE = """
# Two stages, and a step over two lines.
FROM python:3.11-slim AS base
ENV GREETING=hello \\
    PATH=/opt/bin:$PATH

FROM base AS maker
ARG NAME=world
WORKDIR /source
COPY . .
RUN echo "$GREETING $NAME from $(cat words.txt)" \\
    && mkdir -p /made \\
    && python -c 'print("{}")' > /made/out

FROM base AS end
COPY --from=maker /made /taken/made
USER 10:20
ENTRYPOINT ["some", "command"]
CMD ["--help"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "words.txt").write_text("a file")
    return folder


@pytest.mark.parametrize(
    ("lines", "path", "enters"),
    [
        ("*\n!code", "code/a/b.py", True),
        ("*\n!code", "other/code", False),
        ("*\n!code\ncode/live", "code/live", False),
        ("!code\n*", "code/a.py", False),
        ("**/__pycache__", "a/b/__pycache__/c.pyc", False),
        ("**/__pycache__", "__pycache__", False),
        ("*/temp*", "a/temporary", False),
        ("*/temp*", "a/b/temporary", True),
        ("temp?", "temps", False),
        ("temp?", "temp", True),
        ("*.md\n!README.md", "README.md", True),
        ("*.md", "docs/a.md", True),
        ("# *\n\n", "a", True),
        ("/top/", "top/a", False),
        ("[ab].txt", "a.txt", False),
        ("a.b", "axb", True),
        ("docs/**", "docs/a/b", False),
    ],
)
def test_the_last_line_that_matches_a_file_decides_whether_it_enters(
    lines: str, path: str, enters: bool
) -> None:
    assert is_admitted(path, patterns(lines)) is enters


def test_a_file_below_an_ignored_folder_enters_when_a_later_line_admits_it(tmp_path: Path) -> None:
    for name in ("a/keep/one", "a/drop/two", "b/three"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text("*\n!a/keep\n")

    assert list(admitted(tmp_path)) == ["a/keep/one"]


def test_all_that_the_wheel_is_made_of_enters_a_build_and_nothing_else(
    repository: Path, tmp_path: Path
) -> None:
    copy_context(repository, tmp_path / "context")

    tops = {path.name for path in (tmp_path / "context").iterdir()}
    code = {"earmark", "producer", "worker", "trainer", "dashboard", "models", "locks"}
    assert tops == code | {"pyproject.toml", "README.md", "LICENSE"}
    assert not list((tmp_path / "context").rglob("__pycache__"))


def test_a_stage_is_performed_below_a_folder_of_its_own(context: Path, tmp_path: Path) -> None:
    builder = Builder(parse(DOCKERFILE), context, tmp_path / "stages")

    end = builder.build("end", {"NAME": "you"})

    assert (end.root / "taken/made/out").read_text() == "{}\n"
    assert (end.user, end.entrypoint) == ("10:20", ("some", "command"))
    assert end.environ["PATH"].startswith(f"{end.root}/opt/bin:{end.root}/usr/local/bin:")
    assert not Path("/made").exists()


def test_a_stage_sees_nothing_of_one_that_it_does_not_rest_on(
    context: Path, tmp_path: Path
) -> None:
    builder = Builder(parse(DOCKERFILE), context, tmp_path / "stages")

    builder.build("maker", {})

    assert not (builder.build("base", {}).root / "made").exists()
    assert (builder.build("maker", {}).root / "source/words.txt").exists()


def test_only_what_takes_arguments_is_built_again_for_others(context: Path, tmp_path: Path) -> None:
    builder = Builder(parse(DOCKERFILE), context, tmp_path / "stages")

    one, other = ({"NAME": name} for name in ("one", "other"))
    assert builder.build("maker", one).root != builder.build("maker", other).root
    assert builder.build("base", one) is builder.build("base", other)


def test_a_step_that_fails_tells_what_it_printed(context: Path, tmp_path: Path) -> None:
    failing = DOCKERFILE.replace("words.txt)", "nothing.txt) $(exit 3)").replace("echo", "false ||")
    builder = Builder(parse(failing), context, tmp_path / "stages")

    with pytest.raises(StepFailed, match=r"nothing\.txt"):
        builder.build("maker", {})


def test_an_instruction_that_is_not_performed_is_no_silent_success(
    context: Path, tmp_path: Path
) -> None:
    builder = Builder(parse("FROM x AS a\nADD b c\n"), context, tmp_path / "stages")

    with pytest.raises(StepFailed, match="ADD"):
        builder.build("a", {})


def test_each_instruction_of_the_dockerfile_is_one_that_is_performed(repository: Path) -> None:
    stages = parse((repository / "Dockerfile").read_text())
    names = {step.name for stage in stages.values() for step in stage.steps}

    performed = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "RUN", "USER", "WORKDIR"}
    assert names <= performed
    assert {"slim", "dashboard", "trainer"} <= stages.keys()


def test_a_variable_that_must_be_set_is_refused_with_the_files_own_words() -> None:
    assert expand("${A:?say it}", {"A": "x"}) == "x"
    for given in ({}, {"A": ""}):
        with pytest.raises(Missing, match="A: say it"):
            expand("${A:?say it}", given)


def test_variables_are_put_into_texts_at_every_depth() -> None:
    loaded = {"a": ["${X}", {"${X}": "${Y:-no}"}], "b": 3}

    assert interpolate(loaded, {"X": "1"}) == {"a": ["1", {"${X}": "no"}], "b": 3}


def test_an_env_file_is_read_line_by_line() -> None:
    assert read_env("# no\nA=1\nB='x y'\n\nC=a=b\n") == {"A": "1", "B": "x y", "C": "a=b"}
