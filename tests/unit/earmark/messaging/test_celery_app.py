"""Messages, queues and the configuration that services share."""

from __future__ import annotations

import pytest
from celery.schedules import crontab

from earmark.clips import Revision
from earmark.errors import SettingsError, StoreUnreachable
from earmark.messaging.celery_app import broker_url, configuration, make_app, schedule
from earmark.messaging.messages import BULK, LIVE, TRAIN, TRAIN_IF_DUE, TRAINING, Batch
from earmark.messaging.sender import Sender
from earmark.settings import Settings

REMOTE = Settings(redis_url="redis://ann:secret@store:6379/3")


def test_a_batch_survives_a_message() -> None:
    batch = Batch((("ünï/a b.wav", Revision(10, 20)), ("b.wav", Revision(0, 1))))

    assert batch.to_json() == [["ünï/a b.wav", "10-20"], ["b.wav", "0-1"]]
    assert Batch.from_json(batch.to_json()) == batch


@pytest.mark.parametrize("garbage", [[["a.wav"]], [["a.wav", "new"]], [["a.wav", "1-2", "3"]]])
def test_a_message_that_is_no_batch_is_refused(garbage: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"unpack|int\(\)"):
        Batch.from_json(garbage)


@pytest.mark.parametrize(
    ("store", "broker"),
    [
        ("redis://ann:secret@store:6379/3", "redis://ann:secret@store:6379/3"),
        ("redis://store:6379/0?username=ann&password=s%40t", "redis://ann:s%40t@store:6379/0"),
        ("redis://store/1?password=pw&socket_timeout=3", "redis://:pw@store/1"),
        ("redis://:pw@store/1?db=4&password=other", "redis://:pw@store/4"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("rediss://store:6380/0", "rediss://store:6380/0?ssl_cert_reqs=required"),
        ("rediss://s/0?ssl_ca_certs=a", "rediss://s/0?ssl_ca_certs=a&ssl_cert_reqs=required"),
        ("rediss://store/0?ssl_cert_reqs=none", "rediss://store/0?ssl_cert_reqs=none"),
        ("unix:///run/store.sock", "redis+socket:///run/store.sock?virtual_host=0"),
        ("unix:///run/store.sock?db=2", "redis+socket:///run/store.sock?virtual_host=2"),
        ("unix:///a/s.sock?db=2&password=pw", "redis+socket://:pw@/a/s.sock?virtual_host=2"),
    ],
)
def test_the_broker_is_the_store(store: str, broker: str) -> None:
    assert broker_url(store) == broker


def test_workers_drain_live_before_bulk() -> None:
    configured = configuration(REMOTE, (LIVE, BULK))

    assert [queue.name for queue in configured["task_queues"]] == [LIVE, BULK]
    assert configured["broker_transport_options"]["queue_order_strategy"] == "priority"


def test_only_json_is_taken_and_a_task_is_acknowledged_when_it_is_done() -> None:
    configured = configuration(REMOTE, (LIVE, BULK))

    assert configured["accept_content"] == ["json"]
    assert configured["task_acks_late"]
    assert configured["worker_prefetch_multiplier"] == 1


def test_the_schedule_asks_for_trainings_at_the_set_time_and_when_they_are_due() -> None:
    entries = schedule(Settings(retrain_cron="30 4 * * 1"))

    assert entries["retrain"]["task"] == TRAIN
    assert entries["retrain"]["schedule"] == crontab("30", "4", "1")
    assert entries["retrain-after-new-clips"]["task"] == TRAIN_IF_DUE
    assert {entry["options"]["queue"] for entry in entries.values()} == {TRAINING}


def test_the_scheduler_runs_this_schedule_and_keeps_what_it_has_sent() -> None:
    configured = configuration(REMOTE, (TRAINING,))

    assert set(configured["beat_schedule"]) == {"retrain", "retrain-after-new-clips"}
    assert configured["beat_scheduler"] == "trainer.schedule:Scheduler"
    assert configured["beat_sync_every"] == 1
    assert configured["beat_schedule_filename"] == "var/schedule.json"


def test_a_broker_that_does_not_accept_is_told_without_its_password() -> None:
    sender = Sender(Settings(redis_url="redis://ann:secret@127.0.0.1:1/0"))

    with pytest.raises(StoreUnreachable, match=r"redis://\*\*\*@127.0.0.1:1/0") as caught:
        sender.label(Batch((("a.wav", Revision(1, 1)),)), LIVE)

    assert "secret" not in str(caught.value)


def test_queue_depths_of_a_broker_that_is_away_are_our_error() -> None:
    with pytest.raises(StoreUnreachable):
        Sender(Settings(redis_url="redis://127.0.0.1:1/0")).depths()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SettingsError("TZ is 'x': it names no time zone"), "TZ is 'x': it names no time zone"),
        (KeyError("zone"), "the settings cannot be read: KeyError: 'zone'"),
        (AttributeError("no such"), "the settings cannot be read: AttributeError: no such"),
        (MemoryError("no room"), "the settings cannot be read: MemoryError: no room"),
    ],
)
def test_a_configuration_that_cannot_be_read_ends_the_process_with_one_line(
    error: Exception,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("earmark.messaging.celery_app.configuration", fail)

    for ask in ("broker_url", "timezone"):
        with pytest.raises(SystemExit) as caught:
            make_app("test").conf.get(ask, "a default")
        assert caught.value.code == 2

    assert capsys.readouterr().err.splitlines() == [f"earmark: {told}"] * 2


def test_a_sender_uses_the_settings_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_REDIS_URL", "no address at all")

    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1"):
        Sender(REMOTE.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})).depths()


def test_a_sender_says_what_is_wrong_with_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Mars/Olympus")

    with pytest.raises(SettingsError, match="TZ is 'Mars/Olympus'"):
        Sender(REMOTE)


@pytest.mark.parametrize(
    "form", ["redis://ann:s3cret@{}", "redis://{}?username=ann&password=s3cret"]
)
def test_a_broker_that_is_away_is_told_without_its_password_in_any_form(form: str) -> None:
    sender = Sender(Settings(redis_url=form.format("127.0.0.1:1/0")))

    for ask in (sender.depths, lambda: sender.relabel(["a.wav"])):
        with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1/0") as caught:
            ask()
        assert "s3cret" not in str(caught.value)
