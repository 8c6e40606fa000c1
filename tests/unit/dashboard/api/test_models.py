"""The endpoints about models and trainings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.app import build
from dashboard.context import House
from earmark.settings import Settings


def posted(app: Any, path: str, told: dict[str, Any]) -> httpx.Response:
    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(path, json=told)

    return asyncio.run(post())


@pytest.mark.usefixtures("online")
def test_a_recipe_that_there_is_not_is_refused_with_the_names_that_there_are(
    store_url: str,
) -> None:
    house = House.of(Settings(redis_url=store_url, models=Path("models"), data=Path("var")))

    refused = posted(build(house, token=None, beat=lambda: None), "/api/trainings", {"recipe": "x"})

    assert refused.status_code == 422
    assert "'notebook', 'scaled' or 'time'" in refused.json()["detail"][0]["msg"]
