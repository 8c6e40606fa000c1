"""The environment as a source of settings: whose names count, what comes from files."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource

from earmark.errors import SettingsError

PREFIX = "EARMARK_"
KNOWN_STRANGERS = frozenset({"EARMARK_FSDD", "EARMARK_SUPERVISED"})
"""Names that are no settings: the tests' recordings, and what `earmark up` tells its services."""

_FROM_FILE = "_FILE"
_INJECTED = (
    (re.compile(r"\w+_SERVICE_HOST"), re.compile(r".*")),
    (re.compile(r"\w+_SERVICE_PORT(_\w+)?"), re.compile(r"\d+")),
    (re.compile(r"\w+_PORT(_\d+_(TCP|UDP|SCTP))?"), re.compile(r"(tcp|udp|sctp)://.*")),
    (re.compile(r"\w+_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)"), re.compile(r".*")),
)
"""Names and values that Kubernetes gives every pod for a Service called `earmark-...`."""


class Environment(EnvSettingsSource):
    """The environment without what is not ours, and with what stands in files.

    Raises
    ------
    SettingsError
        When a setting is given both as a value and as a file, or the file cannot be read.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        given = {name: value for name, value in self.env_vars.items() if value}
        self.env_vars = _with_files(given, settings_cls.model_fields)


def refuse_misspelt(environ: Mapping[str, str], fields: Collection[str]) -> None:
    """Stop at a name that is almost a setting's, and warn of any other stranger with our prefix.

    Raises
    ------
    SettingsError
        Names the setting that may be meant.
    """
    names = [*fields, *(f"{field}{_FROM_FILE.lower()}" for field in fields)]
    for name in sorted(environ):
        key = name.upper().removeprefix(PREFIX).lower()
        if not name.upper().startswith(PREFIX) or name in KNOWN_STRANGERS or key in names:
            continue
        if is_injected(name, environ[name]):
            continue
        close = difflib.get_close_matches(key, names, n=1, cutoff=0.75)
        if close:
            raise SettingsError(f"{name} is no setting; did you mean {PREFIX}{close[0].upper()}?")
        warnings.warn(f"{name} is no setting of Earmark and is ignored", stacklevel=4)


def is_injected(name: str, value: str) -> bool:
    """Whether a variable has the form that Kubernetes gives those of a Service."""
    return any(
        names.fullmatch(name.upper()) and values.fullmatch(value) for names, values in _INJECTED
    )


def _with_files(given: Mapping[str, str], fields: Collection[str]) -> dict[str, str | None]:
    kept: dict[str, str | None] = {
        name: value for name, value in given.items() if not is_injected(name, value)
    }
    for field in fields:
        name = f"{PREFIX}{field}".lower()
        file = kept.pop(name + _FROM_FILE.lower(), None)
        if file is None:
            continue
        if name in kept:
            raise SettingsError(
                f"{name.upper()} and {name.upper()}{_FROM_FILE} are both set: unset one of them"
            )
        kept[name] = _content(f"{name.upper()}{_FROM_FILE}", file)
    return kept


def _content(name: str, file: str) -> str:
    try:
        content = Path(file).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{name} names {file!r}, which cannot be read: {reason}") from error
    if not content:
        raise SettingsError(f"{name} names {file!r}, which is empty")
    return content
