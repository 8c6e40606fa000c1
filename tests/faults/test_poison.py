"""Clips that kill, starve or hold up whoever opens them, and messages that are none."""

from __future__ import annotations

import json
import os
import pickle
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from earmark.admin.retry import retry
from earmark.clips import State
from earmark.messaging.messages import LIVE
from tests.faults.scene import Scene, names
from tests.household import Running, wait_until
from tests.wavs import drop, wav

POISON = "poison: the worker died each time that it opened this clip"


@pytest.mark.long
def test_14_what_is_no_wav_or_kills_its_reader_fails_and_harms_nobody(scene: Scene) -> None:
    inbox = scene.house.inbox
    mates = scene.drop(*names("mate", 20))
    reasons = {
        "empty.wav": "the file is empty",
        "text.wav": "it is no wav file",
        "truncated.wav": "the file is truncated",
        "memory-1.wav": "there is too little memory to read it",
        "exit-1.wav": POISON,
        "segv-1.wav": POISON,
    }
    contents = {"empty.wav": b"", "text.wav": b"no wav" * 20, "truncated.wav": wav()[:44]}
    for name in reasons:
        drop(inbox / name, contents.get(name, wav(hertz=700 + len(name))))
    os.mkfifo(inbox / "fifo.wav")
    (inbox / "link.wav").symlink_to("/etc/passwd")
    with scene.worker(), scene.producer(), scene.recovery("14 poison among 20 mates"):
        pass

    assert all(scene.state(mate) is State.LABELLED for mate in mates)
    for name, reason in reasons.items():
        [record] = scene.store.clips.records([name])
        assert record is not None
        assert record.state is State.FAILED
        assert reason in str(record.reason)
        assert (inbox / name).exists()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["loop", "stuck"])
def test_14_a_decoder_that_never_comes_back_is_ended(scene: Scene, kind: str) -> None:
    mates = scene.drop(*names("mate", 5))
    scene.drop(f"{kind}-1.wav")
    with scene.worker(), scene.producer(), scene.recovery(f"14 decoder {kind} for ever"):
        pass

    [record] = scene.store.clips.records([f"{kind}-1.wav"])
    assert record is not None
    assert (record.state, record.reason) == (State.FAILED, POISON)
    assert all(scene.state(mate) is State.LABELLED for mate in mates)


@pytest.mark.long
def test_a_poisoned_clip_can_be_tried_again(scene: Scene) -> None:
    scene.drop("again-1.wav")
    batch = scene.send("again-1.wav")
    scene.store.clips.claim(batch.clips, 0.0)
    for _ in range(3):
        scene.store.clips.strike("again-1.wav", 0.0)
    with scene.worker(), scene.producer():
        scene.wait_until_kept()
        assert scene.state("again-1.wav") is State.FAILED

        assert retry(scene.store.clips, limit=64).clips == 1

        wait_until(lambda: scene.state("again-1.wav") is State.LABELLED, "labelled after all")


def _message(body: bytes, task: str, content_type: str) -> bytes:
    import base64

    headers = {"lang": "py", "task": task, "id": "x", "root_id": "x", "parent_id": None}
    properties = {
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": LIVE},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "x",
    }
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary" if "pickle" in content_type else "utf-8",
            "content-type": content_type,
            "headers": headers,
            "properties": properties,
        }
    ).encode()


class _Evil:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._mark),)


def test_15_strange_messages_are_dropped_and_the_worker_goes_on(scene: Scene) -> None:
    mark = scene.house.home / "pickled"
    strange = [
        _message(b"[[], {}, {}]", "no.such.task", "application/json"),
        _message(pickle.dumps(_Evil(mark)), "worker.label", "application/x-python-serialize"),
        _message(b"[[5], {}, {}]", "worker.label", "application/json"),
        _message(b"no json", "worker.label", "application/json"),
    ]
    with scene.worker() as worker:
        for message in strange:
            scene.store.connection.lpush(f"earmark:celery:{LIVE}", message)
        wait_until(lambda: scene.waiting() == 0, "all strange messages taken")
        with scene.producer():
            scene.drop("a.wav")
            scene.wait_until_kept()

        assert worker.process.poll() is None
        assert not mark.exists()


@pytest.mark.long
def test_15_bytes_that_are_no_message_end_a_worker_and_lose_nothing(scene: Scene) -> None:
    with scene.producer(), scene.worker() as worker:
        scene.store.connection.lpush(f"earmark:celery:{LIVE}", b"\x00 garbage")
        scene.drop("a.wav")
        with scene.recovery("15 bytes that are no message"), ExitStack() as others:
            if _ended_or_done(scene, worker):
                others.enter_context(scene.worker())
            scene.wait_until_kept()


def _ended_or_done(scene: Scene, worker: Running) -> bool:
    wait_until(
        lambda: worker.process.poll() is not None or scene.state("a.wav") is State.LABELLED,
        "the worker ended, or went on",
        seconds=30,
    )
    return worker.process.poll() is not None


@pytest.mark.long
def test_a_healthy_clip_survives_the_kernel_killing_its_worker_twice(scene: Scene) -> None:
    with scene.producer():
        scene.drop("hold-1.wav")
        for _ in range(2):
            with scene.worker() as worker:
                scene.wait_until_held()
                os.kill(worker.process.pid, signal.SIGKILL)
                worker.process.wait(10)
                (scene.house.home / "held").unlink()
        scene.go()
        with scene.worker():
            scene.wait_until_kept()
        assert scene.state("hold-1.wav") is State.LABELLED
