"""A Dockerfile's own steps, performed in folders of this machine instead of by an engine.

A stage becomes a folder, and each absolute path in its steps a path below that folder. `FROM` an
image gives the folder this machine's Python; `COPY --from` links instead of copying. The network,
the confinement and the users' names are the engine's own, and are not there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.install.dockerfile import Stage, Step
from tests.install.variables import expand

# The engine's cache mounts spare the network; here the caches of this machine do.
_CACHES = ("PIP_NO_CACHE_DIR", "UV_NO_CACHE")
_NOT_PASSED_ON = ("EARMARK_", "PYTHON", "VIRTUAL_ENV", "CELERY")
_ABSOLUTE = re.compile(r"(?<![\w./}*:-])/(?=\w)")
_AFTER_COLON = re.compile(r"(?<=:)/(?=\w)")


class StepFailed(Exception):
    """A step of a Dockerfile ended badly; tells the step and what it printed."""


@dataclass(slots=True)
class Built:
    """A stage that was performed: its folder, and what its processes run with."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()

    def inside(self, text: str) -> str:
        """A text with each absolute path led below the stage's folder.

        Examples
        --------
        >>> Built(Path("/tmp/x")).inside("PATH=/a/bin:/b/bin cp b/c redis://host:1/0 /d/*.e")
        'PATH=/tmp/x/a/bin:/tmp/x/b/bin cp b/c redis://host:1/0 /tmp/x/d/*.e'
        """
        return _AFTER_COLON.sub(f"{self.root}/", _ABSOLUTE.sub(f"{self.root}/", text))

    @property
    def working(self) -> Path:
        return Path(self.inside(self.folder))


class Builder:
    """Performs stages, each once for the arguments that it takes.

    Parameters
    ----------
    context
        What `.dockerignore` admits.
    home
        Where the stages' folders are made; others must be able to enter it.
    """

    def __init__(self, stages: Mapping[str, Stage], context: Path, home: Path) -> None:
        self._stages = stages
        self._context = context
        self._home = home
        self._built: dict[str, Built] = {}

    def build(self, name: str, arguments: Mapping[str, str]) -> Built:
        """Perform a stage and all that it rests on.

        Parameters
        ----------
        arguments
            What `ARG`s are set to.

        Raises
        ------
        StepFailed
            When one of its `RUN` steps does.
        """
        folder = "-".join([name, *arguments.values()]) if self._takes_arguments(name) else name
        if folder not in self._built:
            stage = self._stages[name]
            self._built[folder] = self._start(stage, self._home / folder, arguments)
            for step in stage.steps:
                self._perform(step, self._built[folder], arguments)
        return self._built[folder]

    def _takes_arguments(self, name: str) -> bool:
        if name not in self._stages:
            return False
        stage = self._stages[name]
        takes = any(step.name == "ARG" for step in stage.steps)
        return takes or self._takes_arguments(stage.base)

    def _start(self, stage: Stage, root: Path, arguments: Mapping[str, str]) -> Built:
        if stage.base not in self._stages:
            _lay_python(root)
            paths = {"PATH": f"{root}/usr/local/bin:/usr/bin:/bin"}
            return Built(root, paths | {"LD_LIBRARY_PATH": f"{root}/usr/local/lib"})
        base = self.build(stage.base, arguments)
        _link_all(base.root, root)
        environ = {
            key: value.replace(f"{base.root}/", f"{root}/") for key, value in base.environ.items()
        }
        return Built(root, environ, base.folder, base.user, base.entrypoint)

    def _perform(self, step: Step, built: Built, arguments: Mapping[str, str]) -> None:
        match step.name:
            case "RUN":
                _run(built, step.told)
            case "COPY":
                self._copy(built, shlex.split(step.told), arguments)
            case "ENV":
                for name, value in _assignments(step.told):
                    built.environ[name] = expand(built.inside(value), built.environ)
            case "ARG":
                name, _, default = step.told.partition("=")
                built.environ[name] = arguments.get(name, default)
            case "WORKDIR":
                built.folder = step.told
                built.working.mkdir(parents=True, exist_ok=True)
            case "USER":
                built.user = expand(step.told, built.environ)
            case "ENTRYPOINT":
                built.entrypoint = tuple(_words(step.told))
            case "CMD" | "EXPOSE":
                pass
            case _:
                raise StepFailed(f"{step.name} is an instruction that nothing here performs")

    def _copy(self, built: Built, words: Sequence[str], arguments: Mapping[str, str]) -> None:
        flags, (*sources, target) = [w for w in words if w[:2] == "--"], _plain(words)
        place = Path(built.inside(target)) if target[0] == "/" else built.working / target
        if flags:
            [other] = [flag.removeprefix("--from=") for flag in flags]
            [source] = sources
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self.build(other, arguments).inside(source))
            return
        for source in sources:
            _copy_from_context(self._context / source, place)


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word[:2] != "--"]


def _copy_from_context(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _run(built: Built, told: str) -> None:
    passed = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    environ = {k: v for k, v in built.environ.items() if k not in _CACHES}
    process = subprocess.Popen(
        ["/bin/sh", "-c", built.inside(told)],
        env=passed | environ,
        cwd=built.working,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:  # whoever ends us ends what the shell has started, too
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise StepFailed(f"RUN {told}\nended with {process.returncode}:\n{output[-4_000:]}")


def _lay_python(root: Path) -> None:
    """Give a folder this machine's Python, as the image `python` has it, and a `/tmp`."""
    (root / "tmp").mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    executable = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    if _others_may_enter(executable):
        (root / "usr/local/bin").mkdir(parents=True)
    else:  # one that stands in somebody's home, and is whole in its folder
        shutil.copytree(
            sys.base_prefix,
            root / "usr/local",
            symlinks=True,
            copy_function=_link_or_copy,
            ignore=shutil.ignore_patterns("site-packages", "test"),
        )
        (root / "usr/local/lib" / f"python3.{sys.version_info.minor}/site-packages").mkdir()
        executable = root / "usr/local/bin" / executable.name
    python = root / "usr/local/bin/python"
    python.unlink(missing_ok=True)
    python.symlink_to(executable)


def _link_all(source: Path, target: Path) -> None:
    """Make a folder of the same files, with the same owners of the folders."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    for above, _, _ in os.walk(source):
        status = os.stat(above)
        os.chown(target / Path(above).relative_to(source), status.st_uid, status.st_gid)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _others_may_enter(path: Path) -> bool:
    return all(above.stat().st_mode & 0o001 for above in (path, *path.parents))


def _assignments(told: str) -> list[tuple[str, str]]:
    pairs = [word.partition("=") for word in shlex.split(told)]
    return [(name, value) for name, _, value in pairs]


def _words(told: str) -> list[str]:
    return [word.strip(" \"'") for word in told.strip("[]").split(",")]
