"""The settings: one table of name, default, unit and help, read once and passed on.

Each setting is an environment variable `EARMARK_<NAME>`, the content of the file that
`EARMARK_<NAME>_FILE` names, or a key of `earmark.toml` in the working directory; the environment
wins.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from earmark.audio.decode import Limits
from earmark.audio.discovery import IGNORED, Discovery
from earmark.environment.cores import usable_cores
from earmark.environment.variables import PREFIX, Environment, refuse_misspelt
from earmark.errors import SettingsError
from earmark.masking import shown_setting
from earmark.recipe_names import RecipeName

FILE = "earmark.toml"

SOCKET_PATH_LIMIT = 100
"""Unix socket paths end at 104 (macOS) or 108 (Linux) characters, the final zero included."""


class Settings(BaseSettings):
    """All settings; frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        toml_file=FILE,
        extra="forbid",
        allow_inf_nan=False,
    )

    inbox: Path = Field(Path("inbox"), description="folder that is watched for wav files")
    data: Path = Field(Path("var"), description="folder for the store's files, labels and logs")
    models: Path = Field(Path("models"), description="folder of the published models")
    redis_url: str | None = Field(
        None,
        description="the store and broker (redis://, rediss:// or unix://); "
        "unset: the embedded server of the data folder",
    )
    workers: int = Field(
        default_factory=usable_cores, ge=1, description="worker processes of a host"
    )
    watch: Literal["events", "poll"] = Field(
        "events", description="how the inbox is watched; poll for network shares"
    )
    ignore: Annotated[tuple[str, ...], NoDecode] = Field(
        IGNORED,
        description="names of files and folders that are passed over, as patterns separated by "
        "commas",
    )
    settle_seconds: float = Field(
        0.2, ge=0, description="how long a file must not change when nobody said it was closed"
    )
    patience_seconds: float = Field(
        60, ge=0, description="how long a file that is shorter than it declares may stand still"
    )
    reconcile_seconds: float = Field(
        60, gt=0, description="how often folder and store are compared"
    )
    lease_seconds: float = Field(
        30, gt=0, description="how long a queued clip may stay silent before it is queued again"
    )
    queue_limit: int = Field(
        2048, ge=64, description="clips that may be queued and unfinished at one time"
    )
    max_seconds: float = Field(30, gt=0, description="longest clip that is labelled")
    max_megabytes: float = Field(64, gt=0, description="largest file that is read")
    confidence: float = Field(
        0.6, ge=0, le=1, description="below this confidence a clip is unsure: a person should look"
    )
    precision: float = Field(
        0.99,
        gt=0,
        le=1,
        description="share of the labels of each digit that must be right to be sure",
    )
    recipe: RecipeName = Field(
        RecipeName.TIME, description="recipe that the scheduled trainings follow"
    )
    synthetic_voices: int = Field(
        80,
        ge=0,
        le=400,
        description="synthetic voices that join the training side (extra `samples`); 0: none",
    )
    retrain_cron: str = Field("0 3 * * *", description="when to retrain, as a crontab line")
    retrain_after: int = Field(
        500, ge=1, description="new clips with a truth that trigger a retraining"
    )
    always_train: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="speakers that are never held out for testing, separated by commas"
    )
    floor: float = Field(
        0.6, ge=0, le=1, description="accuracy on known voices below which nothing is published"
    )
    seed: int = Field(0, ge=0, description="seed of every training")
    dashboard_host: str = Field(
        "127.0.0.1",
        description="address the dashboard listens on; one that others can reach needs a token",
    )
    dashboard_port: int = Field(
        8765, ge=0, le=65535, description="port of the dashboard; 0: `earmark up` runs none"
    )
    dashboard_token: str | None = Field(
        None, min_length=8, description="what people and programmes show the dashboard to come in"
    )
    webhook_url: str | None = Field(
        None, description="where the dashboard posts every event to, as JSON"
    )
    webhook_secret: str | None = Field(
        None, description="signs what is posted to the webhook (HMAC-SHA256)"
    )
    retrain_drift: float = Field(
        0, ge=0, description="drift (median stability index) that triggers a retraining; 0: none"
    )

    @field_validator("inbox", "data", "models")
    @classmethod
    def _at_home(cls, value: Path) -> Path:
        try:
            return value.expanduser()
        except RuntimeError as error:
            raise ValueError(f"there is no such home folder: {error}") from error

    @field_validator("always_train", "ignore", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("ignore")
    @classmethod
    def _names_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any("/" in pattern for pattern in value):
            raise ValueError("a pattern is one of names, without folders: there is no / in it")
        return value

    @field_validator("retrain_cron")
    @classmethod
    def _crontab_line(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError("a crontab line has five fields, such as '0 3 * * *'")
        from celery.schedules import ParseException, crontab

        try:
            crontab.from_string(value)
        except (ParseException, ValueError) as error:
            raise ValueError(f"it is no crontab line: {error}") from error
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_scheme(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("it starts with redis://, rediss:// or unix://")
        if value is not None and not value.startswith("unix://") and not _has_port(value):
            raise ValueError(
                "its port is no number up to 65535; "
                "a password's special characters are written as %40 (@), %2F (/), %3A (:)"
            )
        return value

    @field_validator("webhook_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("it starts with http:// or https://")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, Environment(settings_cls), TomlConfigSettingsSource(settings_cls)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment and `earmark.toml`.

        Raises
        ------
        SettingsError
            When a name is misspelt or a value cannot be; names key, value and rule.
        """
        refuse_misspelt(environ if environ is not None else os.environ, cls.model_fields)
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError(_explain(error)) from error
        except ValueError as error:
            raise SettingsError(f"{FILE} cannot be read: {error}") from error

    @property
    def limits(self) -> Limits:
        return Limits(max_bytes=int(self.max_megabytes * 1024 * 1024), max_seconds=self.max_seconds)

    @property
    def discovery(self) -> Discovery:
        """What tells clips from other files; a new one remembers no content yet."""
        return Discovery(self.ignore)

    @property
    def embedded(self) -> bool:
        """Whether the store is this machine's own embedded server."""
        return self.redis_url is None

    @property
    def store_url(self) -> str:
        return self.redis_url or f"unix://{self.runtime_folder / 'store.sock'}"

    @property
    def runtime_folder(self) -> Path:
        """Where sockets stand: in the data folder, or in a short place if its path is too long."""
        inside = self.data.absolute() / "run"
        if len(str(inside / "supervisor-events.sock")) <= SOCKET_PATH_LIMIT:
            return inside
        name = blake2b(str(inside).encode(), digest_size=6).hexdigest()
        return Path(tempfile.gettempdir()) / f"earmark-{os.getuid()}-{name}"

    @property
    def labels_file(self) -> Path:
        return self.data / "labels.csv"

    @property
    def logs(self) -> Path:
        return self.data / "logs"


def _has_port(url: str) -> bool:
    """Whether an address has a port, or none at all, where its port stands."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


def _explain(error: ValidationError) -> str:
    return "; ".join(_explain_one(dict(detail)) for detail in error.errors())


def _explain_one(detail: dict[str, object]) -> str:
    location = detail["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else "?"
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.6)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{name} in {FILE} is no setting{hint}"
    rule = str(detail["msg"]).removeprefix("Value error, ")
    shown = shown_setting(name, detail["input"])
    given = repr(detail["input"] if shown == str(detail["input"]) else shown)
    return f"{PREFIX}{name.upper()} is {given}: {rule}"
