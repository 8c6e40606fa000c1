"""One RQ job for each file; RQ forks for each, librosa imported beforehand.

`python -m bench.peers.rq_naive` is one worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers.work import connection, extract_and_store

QUEUE = "naive"


def submit(paths: Sequence[str]) -> None:
    from rq import Queue

    queue = Queue(QUEUE, connection=connection())
    for path in paths:
        queue.enqueue(extract_and_store, path)


def main() -> None:
    import librosa.feature  # noqa: F401
    from rq import Worker

    Worker([QUEUE], connection=connection()).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
