"""What is shown of addresses and settings: no secret, whatever form it has."""

from __future__ import annotations

import pytest

from earmark.masking import shown_setting, without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://ann:secret@host:6379/0", "redis://***@host:6379/0"),
        ("redis://:se/cr@et@host:6379/0", "redis://***@host:6379/0"),
        ("redis://host:6379/0?password=secret", "redis://host:6379/0?password=***"),
        (
            "rediss://h/0?db=1&Password=s%40t&ssl_ca_certs=/a",
            "rediss://h/0?db=1&Password=***&ssl_ca_certs=/a",
        ),
        ("unix:///run/store.sock", "unix:///run/store.sock"),
        ("unix:///run/a@b/store.sock", "unix:///run/a@b/store.sock"),
        ("unix:///run/store.sock?db=2&password=secret", "unix:///run/store.sock?db=2&password=***"),
        (
            "Cannot reach 'redis://a:secret@h/0': and http://h/?access_token=secret&a=1",
            "Cannot reach 'redis://***@h/0': and http://h/?access_token=***&a=1",
        ),
        ("clip a@b.wav at http://127.0.0.1:8765", "clip a@b.wav at http://127.0.0.1:8765"),
    ],
)
def test_passwords_and_tokens_in_addresses_are_hidden(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("dashboard_token", "of-the-house", "***"),
        ("webhook_secret", "s", "***"),
        ("webhook_url", "https://u:secret@hooks.example/T0/secret?token=secret", None),
        ("redis_url", "ann:secret@host:6379", "***@host:6379"),
        ("redis_url", "redis://h/0?password=secret", "redis://h/0?password=***"),
        ("seed", 7, "7"),
    ],
)
def test_a_settings_secret_is_hidden(name: str, value: object, shown: str | None) -> None:
    expected = "https://hooks.example/***" if shown is None else shown

    assert shown_setting(name, value) == expected
