"""One RQ job for each file; RQ forks for each, librosa is warm beforehand.

`python -m bench.peers.rq_naive` is one worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers.work import connection, extract_and_store, warm_up

QUEUE = "naive"


def submit(paths: Sequence[str]) -> None:
    from rq import Queue

    queue = Queue(QUEUE, connection=connection())
    for path in paths:
        queue.enqueue(extract_and_store, path)


def main() -> None:
    from rq import Worker

    warm_up()
    Worker([QUEUE], connection=connection()).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
