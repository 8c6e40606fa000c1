"""The answers as a folder tree: one folder a digit, each clip in the one that was heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earmark.audio.names import on_disk
from earmark.audio.reader import Failed, inside
from earmark.clips import Record, Revision, State
from earmark.errors import ClipError, EarmarkError
from earmark.files import Placed, insist_on_hope, place

UNSURE = "unsure"


@dataclass(kw_only=True)
class Sorted:
    """What a sorting did."""

    folders: Counter[str] = field(default_factory=Counter)
    """Clips of each folder, those included that stood there already."""
    placed: Counter[Placed] = field(default_factory=Counter)
    gone: int = 0
    """Clips whose file is no longer in the inbox."""
    changed: int = 0
    """Clips whose file was rewritten since it was labelled."""
    refused: list[Failed] = field(default_factory=list)


def sort(
    records: Iterable[Record],
    inbox: Path,
    target: Path,
    *,
    copy: bool = False,
    unsure: bool = False,
    track: Callable[[Sequence[Record]], Iterable[Record]] = iter,
) -> Sorted:
    """Lay clips into folders by what was heard, or by what a person has said.

    Nothing is overwritten and nothing removed: what stands there already with the same content is
    left, and a clip whose name is taken gets its inbox folder joined into its name
    (`theo/7_theo_1.wav` becomes `theo__7_theo_1.wav`).

    Parameters
    ----------
    records
        Of all clips; those that are not to be sorted are passed over.
    target
        Gets the folders `0` to `9`, and `none` for what a person called no digit.
    copy
        Copy even where a hard link can be made.
    unsure
        Lay unsure clips into the folder `unsure`.

    Raises
    ------
    EarmarkError
        When the target lies in the inbox, where its files would be clips again.
    """
    inbox = inbox.resolve()
    if inbox in (target.resolve(), *target.resolve().parents):
        raise EarmarkError(f"{target} lies in the inbox {inbox}; sort into a folder outside of it")
    chosen = [record for record in records if folder_of(record, unsure=unsure)]
    result = Sorted()
    for record in track(sorted(chosen, key=lambda record: record.path)):
        _sort_one(record, inbox, target, result, copy=copy, unsure=unsure)
    return result


def folder_of(record: Record, *, unsure: bool = False) -> str | None:
    """The folder that a clip belongs into; None where it is not sorted.

    Examples
    --------
    >>> clip = Record(path="a.wav", revision=Revision(1, 1), state=State.LABELLED, label=7)
    >>> folder_of(clip)
    '7'
    """
    if record.state not in (State.LABELLED, State.UNSURE):
        return None
    if record.truth is not None and record.truth_by != "name":
        return str(record.truth)
    if record.state is State.UNSURE:
        return UNSURE if unsure else None
    return str(record.label)


def _sort_one(
    record: Record, inbox: Path, target: Path, result: Sorted, *, copy: bool, unsure: bool
) -> None:
    folder = str(folder_of(record, unsure=unsure))
    try:
        source = inside(inbox, record.path)
        if Revision.of(source.stat()) != record.revision:
            result.changed += 1
            return
        placed = _place(source, target / folder, record.path, copy=copy)
    except FileNotFoundError:
        result.gone += 1
    except ClipError as error:
        result.refused.append(Failed(inbox / record.path, error.reason))
    except OSError as error:
        insist_on_hope(error, target)
        result.refused.append(Failed(inbox / record.path, f"it cannot be sorted: {error.strerror}"))
    else:
        result.placed[placed] += 1
        result.folders[folder] += 1


def _place(source: Path, folder: Path, path: str, *, copy: bool) -> Placed:
    placed = Placed.TAKEN
    for name in dict.fromkeys((source.name, on_disk(path).replace("/", "__"))):
        placed = place(source, folder / name, copy=copy)
        if placed is not Placed.TAKEN:
            return placed
    raise ClipError(f"other clips have its names in {folder}, and stay")


def summary(result: Sorted) -> dict[str, Any]:
    """A sorting as plain values, for `--json`."""
    return {
        "folders": {name: result.folders[name] for name in sorted(result.folders)},
        **{str(how): result.placed[how] for how in (Placed.LINKED, Placed.COPIED, Placed.ALREADY)},
        "gone": result.gone,
        "changed": result.changed,
        "refused": [{"path": str(each.path), "reason": each.reason} for each in result.refused],
    }
