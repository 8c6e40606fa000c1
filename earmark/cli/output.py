"""Answers as a person reads them: bars while work lasts, lines and tables when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from earmark.cli.app import note, print_table
from earmark.wording import counted

if TYPE_CHECKING:
    from earmark.audio.reader import Failed
    from earmark.frontends import FrontEnd

Item = TypeVar("Item")

_MOST_NAMED = 20
"""Failures that are named to a person; `--json` names all."""
_ROW_ENDS = 3


@contextmanager
def bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar with its rate, on stderr if that is a terminal; yields what advances it."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would make the forks of a process pool unsafe
    with tqdm(total=total, desc=what, unit="clip", disable=None) as shown:

        def advance(clips: int) -> None:
            shown.update(clips)

        yield advance


def tracked(what: str) -> Callable[[Sequence[Item]], Iterator[Item]]:
    """Passes items through under a progress bar."""

    def track(items: Sequence[Item]) -> Iterator[Item]:
        with bar(len(items), what) as progress:
            yield from passing(items, progress)

    return track


def passing(items: Iterable[Item], progress: Callable[[int], None]) -> Iterator[Item]:
    """Passes items through, and tells of each."""
    for item in items:
        yield item
        progress(1)


def print_answers(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print one row a file, with reasons where any failed."""
    failed = any("reason" in row for row in rows)
    print_table(rows, (*columns, "reason") if failed else columns)


def note_refused(refused: Sequence[Failed]) -> None:
    """Name what was refused, and why."""
    for each in refused[:_MOST_NAMED]:
        note(f"refused: {each.path}: {each.reason}")
    if len(refused) > _MOST_NAMED:
        note(f"... and {len(refused) - _MOST_NAMED:,} more; --json names all")


def reasons(failed: Iterable[Failed]) -> list[dict[str, str]]:
    """Paths and reasons as plain values."""
    return [{"path": str(each.path), "reason": each.reason} for each in failed]


def ingested_line(seen: Mapping[str, Any], inbox: object) -> str:
    """What an ingestion did, in one line."""
    brought = counted(seen["linked"] + seen["copied"], "clip")
    line = (
        f"{brought} into {inbox} ({seen['linked']:,} linked, {seen['copied']:,} copied), "
        f"{seen['already']:,} there already, {len(seen['refused']):,} refused, "
        f"{counted(seen['labels'], 'new label')}"
    )
    states = seen.get("states")
    return f"{line}; {_counted(states)}" if states else line


def sorted_line(seen: Mapping[str, Any], folder: object) -> str:
    """What a sorting did, in one line."""
    placed = _counted({how: seen[how] for how in ("linked", "copied", "already")})
    laid_out = counted(sum(seen["folders"].values()), "clip")
    return (
        f"{laid_out} in {folder}: {placed}; {seen['gone']:,} gone, "
        f"{seen['changed']:,} rewritten since, {len(seen['refused']):,} refused"
    )


def dataset_lines(seen: Mapping[str, Any]) -> Iterator[str]:
    """What the store holds, as the notebook showed its data frame."""
    clips, columns = seen["shape"]
    yield f"shape     {counted(clips, 'clip')} x {columns} columns (class and {seen['front_end']})"
    yield f"digits    {_by_name(seen['digits'])}"
    yield f"speakers  {_by_name(seen['speakers'])}"
    yield "values    " + ", ".join(
        f"{name} {value:,.4g}" for name, value in seen["describe"].items()
    )
    if seen["lacking"]:
        yield f"lacking   {counted(seen['lacking'], 'clip')} whose vectors are not there yet"
    if "picture" in seen:
        yield f"picture   {seen['picture']}"


def vector_text(vector: Sequence[float]) -> str:
    """The beginning and the end of a vector."""
    first, last = vector[:_ROW_ENDS], vector[-1:]
    return " ".join(f"{value:.2f}" for value in first) + f" ... {last[0]:.2f} ({len(vector)})"


def _by_name(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in counts.items()) or "none"


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def chosen_front_end(name: str) -> FrontEnd:
    """The front end that an option names."""
    from earmark.frontends import front_end

    try:
        return front_end(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--frontend") from error


def end(failed: Sequence[object]) -> None:
    """Exit code 1 when anything failed."""
    if failed:
        raise typer.Exit(1)


def percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def status_lines(seen: Mapping[str, Any]) -> Iterator[str]:
    """The status, one line a subject."""
    from earmark.audio.kinds import passed_line

    yield "clips     " + ", ".join(f"{count:,} {state}" for state, count in seen["states"].items())
    if seen["passed_over"]:
        yield f"no clips  passed over {passed_line(seen['passed_over'])}"
    yield "queues    " + ", ".join(f"{count} in {queue}" for queue, count in seen["queues"].items())
    yield "services  " + ", ".join(_service(*item) for item in seen["services"].items())
    yield f"speed     {seen['clips_per_second']} clips/s over the last minute"
    yield "model     " + _model(seen["model"])
    heard = seen["live_accuracy"]
    yield "heard     " + _heard(heard)
    yield from _training(seen["training"], seen["last_training"])


def _heard(measured: Mapping[str, Any]) -> str:
    if measured["accuracy"] is None:
        return "not measured: no clip with a truth that the model was not trained on"
    clips = counted(measured["clips"], "clip")
    return f"{percent(measured['accuracy'])} right of {clips} with a truth"


def _service(name: str, count: int) -> str:
    return f"{name} MISSING" if count == 0 else f"{count} {name}"


def _model(model: Mapping[str, Any] | None) -> str:
    if model is None:
        return "none is announced yet"
    known, new = percent(model["known_voices"]), percent(model["new_voices"])
    return f"{model['version']}: {known} on known voices, {new} on new voices"


def _training(running: Mapping[str, Any] | None, last: Mapping[str, Any] | None) -> Iterator[str]:
    if running:
        yield f"training  epoch {running.get('epoch', 0)} of {running.get('epochs', '?')}"
    if last:
        yield f"trained   {last['reason']}"
