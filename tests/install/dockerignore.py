"""Which files a `.dockerignore` lets into a build, as the engine decides it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|\\?.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: what it matches, and whether it lets that in again."""

    told: str
    matches: re.Pattern[str]
    admits: bool

    def may_admit_below(self, folder: str) -> bool:
        return self.admits and ("*" in self.told or self.told.startswith(f"{folder}/"))


def patterns(text: str) -> list[Pattern]:
    """The lines of a `.dockerignore` that say something, in their order."""
    lines = [line.strip() for line in text.splitlines()]
    return [_pattern(line) for line in lines if line and not line.startswith("#")]


def is_admitted(path: str, given: Sequence[Pattern]) -> bool:
    """Whether a file enters the build: the last line that matches it, or a folder above, decides.

    Examples
    --------
    >>> only_code = patterns("*\\n!code\\n**/*.pyc")
    >>> is_admitted("code/deep/a.py", only_code), is_admitted("code/deep/a.pyc", only_code)
    (True, False)
    >>> is_admitted("notes/code", only_code)
    False
    """
    pure = PurePosixPath(path)
    names = [str(pure), *(str(above) for above in pure.parents if above.name)]
    deciding = [each for each in given if any(map(each.matches.fullmatch, names))]
    return not deciding or deciding[-1].admits


def admitted(folder: Path) -> Iterator[str]:
    """The paths of all files and links below a folder that its `.dockerignore` admits."""
    given = patterns((folder / ".dockerignore").read_text())
    for above, folders, names in os.walk(folder):
        relative = Path(above).relative_to(folder)
        folders[:] = sorted(name for name in folders if _is_entered(relative / name, given))
        paths = [(relative / name).as_posix() for name in sorted(names)]
        yield from (path for path in paths if is_admitted(path, given))


def copy_context(source: Path, target: Path) -> None:
    """Copy what a build is given into an empty folder."""
    for path in admitted(source):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path, follow_symlinks=False)


def _is_entered(folder: Path, given: Sequence[Pattern]) -> bool:
    path = folder.as_posix()
    return is_admitted(path, given) or any(each.may_admit_below(path) for each in given)


def _pattern(line: str) -> Pattern:
    admits, plain = line.startswith("!"), line.removeprefix("!").strip().strip("/")
    matches = re.compile("".join(map(_translated, _TOKEN.findall(plain))), re.DOTALL)
    return Pattern(plain, matches, admits)


def _translated(token: str) -> str:
    if token.startswith("[") and len(token) > 1:
        return token
    return _WILDCARDS.get(token) or re.escape(token.removeprefix("\\") or token)
