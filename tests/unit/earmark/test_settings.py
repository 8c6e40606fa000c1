"""The settings: names, values, files, and what is said about wrong ones."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from pathlib import Path

import pytest

from earmark.audio.kinds import Kind
from earmark.environment.cores import usable_cores
from earmark.errors import SettingsError
from earmark.settings import SOCKET_PATH_LIMIT, Settings


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `earmark.toml`, and an environment without our names."""
    for name in os.environ:
        if name.startswith("EARMARK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.load()

    assert (settings.inbox, settings.data, settings.models) == (
        Path("inbox"),
        Path("var"),
        Path("models"),
    )
    assert settings.embedded
    assert settings.workers == usable_cores()


def test_the_environment_wins_over_the_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "earmark.toml").write_text('inbox = "from-file"\nseed = 7\n')
    monkeypatch.setenv("EARMARK_INBOX", "from-environment")

    settings = Settings.load()

    assert (settings.inbox, settings.seed) == (Path("from-environment"), 7)


def test_a_recipe_that_there_is_not_is_refused_with_the_names_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EARMARK_RECIPE", "moon")

    with pytest.raises(SettingsError, match=r"'moon'.*'notebook', 'scaled' or 'time'"):
        Settings.load()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_REDIS_URL", "")

    assert Settings.load().redis_url is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("EARMARK_INBX", "EARMARK_INBOX"),
        ("EARMARK_REDISURL", "EARMARK_REDIS_URL"),
        ("EARMARK_RETRAIN_CORN", "EARMARK_RETRAIN_CRON"),
        ("EARMARK_MAX_SECOND", "EARMARK_MAX_SECONDS"),
        ("earmark_inbx", "EARMARK_INBOX"),
    ],
)
def test_a_misspelt_variable_stops_with_the_right_name(
    monkeypatch: pytest.MonkeyPatch, wrong: str, right: str
) -> None:
    monkeypatch.setenv(wrong, "1")

    with pytest.raises(SettingsError, match=f"{wrong} is no setting; did you mean {right}"):
        Settings.load()


def test_a_stranger_only_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_ZZZ", "tcp://10.0.0.1:6379")

    with pytest.warns(UserWarning, match="EARMARK_ZZZ is no setting"):
        Settings.load()


def test_what_earmark_tells_its_own_processes_is_no_stranger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EARMARK_SUPERVISED", "1")
    monkeypatch.setenv("EARMARK_FSDD", "/clips")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Settings.load()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('inbx = "x"', "inbx in earmark.toml is no setting; did you mean inbox?"),
        ("zzz = 1", "zzz in earmark.toml is no setting"),
        ("inbox = ", "earmark.toml cannot be read: "),
        ("workers = 0", "workers.* is 0: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_line_of_the_file_stops_with_key_and_rule(bare: Path, line: str, told: str) -> None:
    (bare / "earmark.toml").write_text(line + "\n")

    with pytest.raises(SettingsError, match=re.compile(told, re.IGNORECASE)):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("WORKERS", "many", "valid integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("CONFIDENCE", "60", "less than or equal to 1"),
        ("CONFIDENCE", "nan", ""),
        ("MAX_SECONDS", "0", "greater than 0"),
        ("MAX_SECONDS", "inf", "finite"),
        ("MAX_MEGABYTES", "inf", "finite"),
        ("QUEUE_LIMIT", "1", "greater than or equal to 64"),
        ("WATCH", "sometimes", "'events' or 'poll'"),
        ("REDIS_URL", "localhost:6379", "redis://, rediss:// or unix://"),
        ("REDIS_URL", "redis://host:port/0", "port"),
        ("RETRAIN_CRON", "nightly", "five fields"),
        ("RETRAIN_CRON", "61 * * * *", "61"),
        ("RETRAIN_CRON", "0 3 * * someday", "someday"),
        ("SEED", "-1", "greater than or equal to 0"),
    ],
)
def test_an_impossible_value_stops_with_name_value_and_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(f"EARMARK_{name}", value)

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    told = str(caught.value)
    assert told.startswith(f"EARMARK_{name} is '{value}': ")
    assert rule in told.partition(": ")[2]


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_WORKERS", "0")
    monkeypatch.setenv("EARMARK_FLOOR", "2")

    with pytest.raises(SettingsError, match=r"EARMARK_WORKERS is '0': .*; EARMARK_FLOOR is '2'"):
        Settings.load()


def test_a_password_in_a_wrong_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_REDIS_URL", "http://ann:secret@host:6379/0")

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    assert "secret" not in str(caught.value)


def test_speakers_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_ALWAYS_TRAIN", "theo, ann ,")

    assert Settings.load().always_train == ("theo", "ann")


def test_speakers_may_be_a_list_in_the_file(bare: Path) -> None:
    (bare / "earmark.toml").write_text('always_train = ["theo", "ann"]\n')

    assert Settings.load().always_train == ("theo", "ann")


def test_patterns_of_what_is_passed_over_take_the_place_of_the_default_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.load().discovery.by_path("a.wav.crdownload") is Kind.IGNORED
    monkeypatch.setenv("EARMARK_IGNORE", "test*, *.bak")

    settings = Settings.load()

    assert settings.ignore == ("test*", "*.bak")
    assert settings.discovery.by_path("Test 1.wav") is Kind.IGNORED
    assert settings.discovery.by_path(".a.wav") is Kind.CLIP


def test_a_pattern_of_a_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_IGNORE", "old/*.wav")

    with pytest.raises(SettingsError, match=r"EARMARK_IGNORE is .*: a pattern is one of names"):
        Settings.load()


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().seed = 3  # type: ignore[misc]


def test_sizes_are_told_in_megabytes_and_used_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_MAX_MEGABYTES", "0.5")

    assert Settings.load().limits.max_bytes == 512 * 1024


def test_the_embedded_store_is_a_socket_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory(prefix="em-") as short:
        monkeypatch.chdir(short)

        settings = Settings(data=Path("var"))

        assert settings.store_url == f"unix://{Path(short).resolve()}/var/run/store.sock"


def test_a_long_data_folder_gets_its_sockets_in_a_short_one(bare: Path) -> None:
    long = Settings(data=bare / ("long" * 30))
    other = Settings(data=bare / ("else" * 30))

    assert len(str(long.runtime_folder / "store.sock")) <= SOCKET_PATH_LIMIT
    assert long.runtime_folder == Settings(data=long.data).runtime_folder
    assert long.runtime_folder != other.runtime_folder


def test_every_setting_has_a_help_text() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
