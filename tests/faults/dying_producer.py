"""A producer that dies at one step of its way: `python -m tests.faults.dying_producer STEP`."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from earmark.messaging.sender import Sender
from earmark.settings import Settings
from earmark.store.ledger import Ledger
from producer.service import watch

STEPS = {
    "before the ledger": (Ledger, "note", "before"),
    "after the ledger": (Ledger, "note", "after"),
    "before publishing": (Sender, "label", "before"),
    "after publishing": (Sender, "label", "after"),
    "after accepting": (Ledger, "accept", "after"),
}


def main(step: str) -> None:
    owner, name, when = STEPS[step]
    original = getattr(owner, name)

    def dying(*args: Any, **options: Any) -> None:
        if when == "after":
            original(*args, **options)
        os._exit(9)

    setattr(owner, name, dying)
    watch(Settings.load(), threading.Event())


if __name__ == "__main__":
    main(sys.argv[1])
