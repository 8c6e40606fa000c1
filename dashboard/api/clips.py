"""Clips: bring them, list them, read them, correct them, try them again."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, UploadFile
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from dashboard.context import House, person
from dashboard.index.query import Query as Wanted
from dashboard.index.query import read_mark
from dashboard.plots import portrait, sound_of
from dashboard.uploads import bring, settled, together
from earmark.audio.conversion import WAV_SUFFIXES
from earmark.audio.reader import inside
from earmark.errors import ClipError, LabelError
from earmark.terminal import printable
from earmark.truth import Truth

LONGEST_WAIT_SECONDS = 60.0

State = Literal["pending", "queued", "labelled", "unsure", "failed"]
Digit = Annotated[int, Field(ge=0, le=9)]


class Clip(BaseModel):
    """All that is known of a clip."""

    path: str
    state: str | None
    label: int | None = None
    confidence: float | None = None
    top: list[list[float]] | None = Field(
        None, description="Likeliest digits and their probabilities."
    )
    model: str | None = None
    truth: int | str | None = None
    truth_by: str | None = None
    speaker: str | None = None
    score: str | None = None
    reason: str | None = None
    digest: str | None = None
    seconds: float | None = None
    rate: int | None = None
    noted_at: float | None = None
    done_at: float | None = None
    gone: bool = False


class Refused(BaseModel):
    name: str
    reason: str


class Brought(BaseModel):
    clips: list[Clip]
    refused: list[Refused]


class Listed(BaseModel):
    clips: list[Clip]
    after: str | None = Field(description="Give this as `after` for the next page.")


class Correction(BaseModel):
    path: str = Field(max_length=4096, examples=["memo.wav"])
    digit: Digit | Literal["none"] = Field(description="0 to 9, or `none`: it is no digit.")
    speaker: str | None = Field(None, max_length=200)
    by: str | None = Field(None, max_length=200, description="Who says so.")


class Retry(BaseModel):
    paths: list[str] | None = Field(None, max_length=10_000, description="Default: all failed.")


class Retried(BaseModel):
    retried: int


def routes(house: House) -> APIRouter:
    """The endpoints about clips."""
    router = APIRouter(prefix="/api", tags=["clips"])

    @router.post("/clips", status_code=201, responses=_told(400, 413, 503))
    async def bring_clips(
        file: list[UploadFile],
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_SECONDS)] = 0,
    ) -> Brought:
        """Bring wavs, or zips of them, into the inbox; `wait` seconds for their labels."""
        work = [asyncio.to_thread(bring, house, each.filename or "", each.file) for each in file]
        brought = together([await each for each in work])
        records = await settled(house, brought.clips, wait)
        clips = [
            Clip(**record.as_json()) if record else Clip(path=path, state=None)
            for path, record in records.items()
        ]
        refused = [Refused(name=name, reason=why) for name, why in brought.refused.items()]
        return Brought(clips=clips, refused=refused)

    @router.get("/clips", responses=_told(400))
    def list_clips(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        search: Annotated[str | None, Query(max_length=500)] = None,
        state: Annotated[list[State] | None, Query()] = None,
        label: Annotated[int | None, Query(ge=0, le=9)] = None,
        truth: Annotated[str | None, Query(pattern="^([0-9]|none|any)$")] = None,
        score: Literal["right", "wrong"] | None = None,
        speaker: Annotated[str | None, Query(max_length=200)] = None,
        model: Annotated[str | None, Query(max_length=200)] = None,
        at_least: Annotated[float | None, Query(ge=0, le=1)] = None,
        at_most: Annotated[float | None, Query(ge=0, le=1)] = None,
        since: float | None = None,
        until: float | None = None,
        after: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    ) -> Listed:
        """Clips that fit, newest first, a page at a time."""
        wanted = Wanted(
            search=search, states=tuple(state or ()), label=label, truth=truth, score=score,
            speaker=speaker, model=model, at_least=at_least, at_most=at_most, since=since,
            until=until,
        )  # fmt: skip
        _checked_mark(after)
        page = house.index.page(wanted, after=after, limit=limit)
        return Listed(clips=[Clip(**row) for row in page.rows], after=page.after)

    @router.get("/clips/{path:path}", responses=_told(404, 503))
    def show_clip(path: str) -> Clip:
        """All that is known of one clip."""
        return Clip(**_record(house, path))

    @router.get("/audio/{path:path}", response_class=FileResponse, responses=_told(404))
    def hear_clip(path: str, download: bool = False) -> Response:
        """The wav file itself."""
        try:
            file = inside(house.settings.inbox.resolve(), path)
            if not house.settings.discovery.is_clip(file):
                raise ClipError("there is no such clip")
        except (ClipError, ValueError, OSError) as error:
            raise HTTPException(404, "there is no such clip") from error
        kind = "attachment" if download else "inline"
        media_type = "audio/wav" if file.suffix.lower() in WAV_SUFFIXES else None
        name = printable(file.name)
        return FileResponse(
            file, media_type=media_type, filename=name, content_disposition_type=kind
        )

    @router.get("/pictures/{path:path}", response_class=Response, responses=_told(404))
    def see_clip(path: str) -> Response:
        """Waveform and mel spectrogram as SVG."""
        try:
            drawn = portrait(sound_of(house.settings, path))
        except (ClipError, OSError) as error:
            raise HTTPException(404, str(error)) from error
        headers = {"cache-control": "private, max-age=60"}
        return Response(drawn, media_type="image/svg+xml", headers=headers)

    @router.post("/corrections", responses=_told(400, 404, 503))
    def correct_clip(correction: Correction) -> Clip:
        """Say what is spoken in a clip: truth for the next training, at once."""
        digit: Truth = correction.digit
        by = correction.by or person()
        try:
            record = house.correct(
                _plain(correction.path), digit, speaker=correction.speaker, by=by
            )
        except LabelError as error:
            raise HTTPException(404, str(error)) from error
        house.pulse.replace(record.as_json())
        return Clip(**record.as_json())

    @router.post("/retries", responses=_told(400, 503))
    def retry_clips(retry: Retry) -> Retried:
        """Let failed clips be tried again."""
        paths = None if retry.paths is None else [_plain(path) for path in retry.paths]
        return Retried(retried=0 if paths == [] else house.retry(paths))

    return router


def _record(house: House, path: str) -> dict[str, Any]:
    [record] = house.store.clips.records([_plain(path)])
    if record is None:
        raise HTTPException(404, "there is no such clip")
    return record.as_json()


def _plain(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise HTTPException(404, "there is no such clip") from error
    return path


def _checked_mark(after: str | None) -> None:
    try:
        read_mark(after or "0_0")
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, "`after` is no mark of a page") from error


def _told(*codes: int) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "properties": {"detail": {}}}
    content = {"application/json": {"schema": schema}}
    words = {
        400: "what was asked makes no sense", 404: "there is none", 409: "it cannot be done now",
        413: "too large", 503: "the store does not answer",
    }  # fmt: skip
    return {code: {"description": words[code], "content": content} for code in codes}


told = _told
