"""Messages, queues and the configuration that services share."""

from __future__ import annotations

import pytest
from celery.schedules import crontab

from earmark.clips import Revision
from earmark.errors import StoreUnreachable
from earmark.messaging.celery_app import broker_url, configuration, schedule
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
        ("rediss://store:6380/0", "rediss://store:6380/0?ssl_cert_reqs=required"),
        ("rediss://s/0?ssl_ca_certs=a", "rediss://s/0?ssl_ca_certs=a&ssl_cert_reqs=required"),
        ("rediss://store/0?ssl_cert_reqs=none", "rediss://store/0?ssl_cert_reqs=none"),
        ("unix:///run/store.sock", "redis+socket:///run/store.sock?virtual_host=0"),
        ("unix:///run/store.sock?db=2", "redis+socket:///run/store.sock?virtual_host=2"),
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


def test_a_broker_that_does_not_accept_is_told_without_its_password() -> None:
    sender = Sender(Settings(redis_url="redis://ann:secret@127.0.0.1:1/0"))

    with pytest.raises(StoreUnreachable, match=r"redis://\*\*\*@127.0.0.1:1/0") as caught:
        sender.label(Batch((("a.wav", Revision(1, 1)),)), LIVE)

    assert "secret" not in str(caught.value)


def test_queue_depths_of_a_broker_that_is_away_are_our_error() -> None:
    with pytest.raises(StoreUnreachable):
        Sender(Settings(redis_url="redis://127.0.0.1:1/0")).depths()
