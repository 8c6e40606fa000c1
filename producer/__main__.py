"""`python -m producer`: the producer in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from earmark.errors import EarmarkError
from earmark.services.processes import LAST_SECONDS, LOG_FORMAT, end_within
from earmark.services.service_log import make_printable
from earmark.settings import Settings
from producer.service import watch


def main() -> int:
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    make_printable(logging.getLogger())
    stop = threading.Event()

    def leave(*_: object) -> None:
        stop.set()
        end_within(LAST_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, leave)
    try:
        watch(Settings.load(), stop)
    except EarmarkError as error:
        logging.getLogger("producer").error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
