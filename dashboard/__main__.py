"""The dashboard as a process: `earmark dashboard`."""

from __future__ import annotations

import logging
import sys
from functools import partial

from dashboard.auth import insist_on_token
from earmark.errors import EarmarkError
from earmark.services.heartbeat import sign_of_life, sign_off
from earmark.services.processes import LOG_FORMAT, ServiceName
from earmark.services.service_log import make_printable
from earmark.settings import Settings


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    make_printable(logging.getLogger())
    for chatty in ("httpx", "python_multipart", "nicegui"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        _serve(Settings.load())
    except EarmarkError as error:
        sys.exit(f"earmark: {error}")


def _serve(settings: Settings) -> None:
    host, token = settings.dashboard_host, settings.dashboard_token
    insist_on_token(host, token)
    from dashboard.app import build, serve
    from dashboard.context import House
    from dashboard.monitoring.webhook import Webhook

    house = House.of(settings)
    webhook = None
    if settings.webhook_url:
        secret = settings.webhook_secret
        webhook = Webhook(house.store, house.index, settings.webhook_url, secret)
    beat = partial(sign_of_life, ServiceName.DASHBOARD)
    app = build(house, token=token, beat=beat, webhook=webhook)
    try:
        serve(app, host, settings.dashboard_port)
    finally:
        sign_off(ServiceName.DASHBOARD)


if __name__ == "__main__":
    main()
