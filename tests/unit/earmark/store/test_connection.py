"""A client whose errors are ours, and which shows no password."""

from __future__ import annotations

from typing import Any

import pytest

from earmark.errors import StoreUnreachable
from earmark.masking import without_password
from earmark.store.connection import Connection


def test_an_error_of_the_client_is_one_of_ours() -> None:
    away = Connection.to("unix:///nowhere/at/all.sock")
    with pytest.raises(StoreUnreachable, match=r"all\.sock does not answer"):
        away.ping()
    pipeline: Any = away.pipeline()
    pipeline.ping()
    with pytest.raises(StoreUnreachable):
        pipeline.execute()


def test_a_password_is_never_shown() -> None:
    assert without_password("redis://ann:secret@host:6379/0") == "redis://***@host:6379/0"
    assert without_password("unix:///run/store.sock") == "unix:///run/store.sock"
