"""Models and trainings: what there is, which one is live, and how to change it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from dashboard.api.clips import told
from dashboard.context import House
from earmark.errors import ModelError
from earmark.model.version_folders import CARD
from earmark.recipe_names import RecipeName


class Model(BaseModel):
    """A published version in short."""

    version: str
    live: bool
    recipe: str | None = None
    created_at: str | None = None
    clips: int | None = None
    known_voices: float | None = None
    new_voices: float | None = None
    verdict: str | None = None


class Live(BaseModel):
    version: str


class Training(BaseModel):
    """What to train."""

    recipe: RecipeName | None = None
    force: bool = False


class Asked(BaseModel):
    after: str = Field(description="The end of the training is an event behind this one.")


def summaries(house: House) -> list[Model]:
    """All versions, newest first; one whose card cannot be read says so as its verdict."""
    try:
        live = house.registry.live()
    except ModelError:
        live = ""
    return [_summary(house, version, live) for version in reversed(house.registry.promotable())]


def routes(house: House) -> APIRouter:
    """The endpoints about models."""
    router = APIRouter(prefix="/api", tags=["models"])

    @router.get("/models")
    def list_models() -> list[Model]:
        """All versions, newest first."""
        return summaries(house)

    @router.get("/models/{version}", responses=told(404))
    def show_model(version: str) -> dict[str, Any]:
        """A version's card: data, splits, measurements, settings, checksums."""
        try:
            return house.registry.card(version)
        except (ModelError, ValueError) as error:
            raise HTTPException(404, str(error)) from error

    @router.get("/models/{version}/files/{name}", response_class=FileResponse, responses=told(404))
    def model_file(version: str, name: str) -> Response:
        """One of a version's files: the model itself, its card, a picture."""
        try:
            folder = house.registry.path(version)
            if name != CARD and name not in house.registry.card(version)["checksums"]:
                raise ModelError("there is no such file")
        except (ModelError, ValueError, KeyError) as error:
            raise HTTPException(404, str(error)) from error
        return FileResponse(folder / name)

    @router.post("/models/{version}/promote", responses=told(404, 503))
    def promote(version: str) -> Live:
        """Make a version the live one."""
        try:
            house.promote(version)
        except (ModelError, ValueError) as error:
            raise HTTPException(404, str(error)) from error
        return Live(version=version)

    @router.post("/rollback", responses=told(409, 503))
    def rollback() -> Live:
        """Make the version before the live one the live one."""
        try:
            return Live(version=house.rollback())
        except ModelError as error:
            raise HTTPException(409, str(error)) from error

    @router.post("/trainings", status_code=202, responses=told(400, 503))
    def train(training: Training) -> Asked:
        """Ask for a training; it publishes only what is not worse than the live model."""
        return Asked(after=house.train(recipe=training.recipe, force=training.force))

    @router.get("/trainings", responses=told(503))
    def trainings() -> dict[str, Any]:
        """How far the running training is, and how the last one ended."""
        training = house.store.training
        return {"running": training.training(), "last": training.last_training()}

    return router


def _summary(house: House, version: str, live: str) -> Model:
    try:
        card = house.registry.card(version)
        known, new = (_accuracy(card, side) for side in ("known_voices", "new_voices"))
        return Model(
            version=version,
            live=version == live,
            recipe=card["recipe"]["name"],
            created_at=card.get("created_at"),
            clips=card["data"]["clips"],
            known_voices=known,
            new_voices=new,
            verdict=card.get("verdict"),
        )
    except (ModelError, KeyError) as error:
        return Model(version=version, live=version == live, verdict=f"unreadable: {error}")


def _accuracy(card: dict[str, Any], side: str) -> float | None:
    measured = card["metrics"].get(side)
    return measured["accuracy"] if measured else None
