"""One Dramatiq message for each file; processes of one thread each."""

from __future__ import annotations

from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers.work import extract_and_store, store_url

dramatiq.set_broker(RedisBroker(url=store_url()))  # type: ignore[no-untyped-call]


@dramatiq.actor
def label(path: str) -> None:
    extract_and_store(path)


def submit(paths: Sequence[str]) -> None:
    for path in paths:
        label.send(path)
