"""The workers as they were when all queues had one exchange, and answered remote control."""

from __future__ import annotations

from kombu import Queue

from earmark.messaging.messages import BULK, LIVE
from worker.app import app

app.conf.task_queues = [Queue(LIVE), Queue(BULK)]
app.conf.worker_enable_remote_control = True
