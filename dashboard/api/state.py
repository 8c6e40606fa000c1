"""How Earmark is: status, findings, drift, health for monitors, metrics for Prometheus."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from dashboard.api.clips import told
from dashboard.context import House
from dashboard.monitoring.drift import newest
from dashboard.monitoring.prometheus import Metrics
from earmark.admin.doctor import examine
from earmark.admin.status import status
from earmark.errors import EarmarkError
from earmark.services.heartbeat import service_counts
from earmark.services.processes import ServiceName


def routes(house: House, metrics: Metrics) -> APIRouter:
    """The endpoints about the whole."""
    router = APIRouter(tags=["state"])

    @router.get("/api/status", responses=told(503))
    def show_status() -> dict[str, Any]:
        """States, queues, services, the live model and how well it does."""
        return status(house.store, house.sender, house.clock())

    @router.get("/api/findings")
    def findings() -> list[dict[str, Any]]:
        """What `earmark doctor` finds, and what to do about it."""
        return [asdict(each) for each in examine(house.settings, house.clock())]

    @router.get("/api/drift")
    def drift() -> dict[str, Any]:
        """How far the last clips are from the training data; measured twice a minute."""
        return newest(house).as_json()

    @router.get("/healthz")
    def healthz() -> dict[str, Any]:
        """200 while the dashboard itself answers; names what is missing elsewhere."""
        return {"alive": True, "missing": missing(house)}

    @router.get("/readyz", responses=told(503))
    def readyz() -> JSONResponse:
        """200 when clips would be labelled now; 503, and what is missing, when not."""
        absent = [name for name in missing(house) if name in ("store", "model", *_NEEDED)]
        return JSONResponse({"ready": not absent, "missing": absent}, 503 if absent else 200)

    @router.get("/metrics", response_class=Response)
    def show_metrics() -> Response:
        """For Prometheus."""
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


_NEEDED = (ServiceName.PRODUCER.value, ServiceName.WORKER.value)


def missing(house: House) -> list[str]:
    """What is not there: services without a sign of life, the store, a model."""
    try:
        counts = service_counts(house.store.heartbeats.alive(house.clock()))
        absent = [name for name, count in counts.items() if not count]
        return absent if house.store.board.live() else [*absent, "model"]
    except EarmarkError:
        return ["store"]
