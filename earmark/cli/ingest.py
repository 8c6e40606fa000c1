"""Commands about files: bringing them in, hearing them, laying them out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, print_json, print_table
from earmark.cli.output import (
    bar,
    chosen_front_end,
    ingested_line,
    note_refused,
    passing,
    print_answers,
    reasons,
    sorted_line,
    tracked,
    vector_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earmark.audio.reader import Failed
    from earmark.clips import Revision
    from earmark.frontends.extract import Extracted
    from earmark.inbox.ingest import Ingested
    from earmark.settings import Settings
    from earmark.store import Store

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Wav files, or folders of them.")
]
Jobs = Annotated[int, typer.Option(min=1, help="Processes that extract.")]


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets a folder a speaker.")],
    speakers: Annotated[int, typer.Option(min=1, help="How many voices.")] = 60,
    takes: Annotated[int, typer.Option(min=1, help="How often each says each digit.")] = 5,
    seed: Annotated[int, typer.Option(help="Another seed gives other voices.")] = 0,
) -> None:
    """Make clips of synthetic speech, named like AudioMNIST's.

    Example: earmark samples voices --speakers 60 --takes 5 --seed 0
    """
    from earmark.synthesis import DIGITS, synthesise

    with bar(speakers * takes * len(DIGITS), "speaking") as progress:
        clips = synthesise(folder, speakers=speakers, takes=takes, seed=seed, progress=progress)
    print(f"{clips:,} clips of {speakers} speakers are in {folder}")


@app.command()
def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folders, wav files, zips, or a labels.csv."),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Until all are labelled.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring clips into the inbox, as hard links where that can be, else as copies.

    What lies in a folder or a zip keeps its path below it, as if it were copied with
    `cp -r FOLDER/. inbox/`. Nothing is overwritten: the same content is left as it is, other
    content of the same name is refused. A labels.csv (path, digit, speaker, by, at) at the top of
    a folder or a zip tells what is spoken in its clips. Exit code 1 when anything was refused.

    Example: earmark ingest recordings audiomnist.zip --wait
    """
    from earmark.annotations.import_labels import tell
    from earmark.inbox.ingest import ingest as bring
    from earmark.settings import Settings

    settings = Settings.load()
    store = _store(settings) if wait else _store_if_there(settings)
    result = bring(
        paths,
        settings.inbox,
        settings.limits,
        tell=lambda lines: tell(lines, settings.labels_file, store.clips if store else None),
        track=tracked("ingesting"),
    )
    seen = _ingested(result)
    if wait and store:
        seen["states"] = _wait(store, result.clips)
    if as_json:
        print_json(seen)
    else:
        note_refused(result.refused)
        print(ingested_line(seen, settings.inbox))
    _end(result.refused)


@app.command()
def label(files: Files, as_json: AsJson = False) -> None:
    """Label files here and now with the live model; needs no server.

    Exit code 1 when any of them cannot be labelled.

    Example: earmark label memo.wav --json
    """
    from earmark.audio.discovery import wavs
    from earmark.model.predict import hear, live_classifier
    from earmark.settings import Settings

    settings = Settings.load()
    found, classifier = list(wavs(files)), live_classifier(settings)
    with bar(len(found), "labelling") as progress:
        heard = list(passing(hear(found, classifier, settings.limits), progress))
    failed = [each for each in heard if each.reason is not None]
    rows = [each.as_json() for each in heard if each.reason is None]
    rows += [each.as_json() for each in failed]
    if as_json:
        print_json(rows)
    else:
        print_answers(rows, ("path", "label", "confidence", "state"))
    _end(failed)


@app.command()
def features(
    files: Files,
    frontend: Annotated[str, typer.Option(help="Which features.")] = "mfcc-mean",
    out: Annotated[Path | None, typer.Option(help="A Parquet file to write.")] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Extract the vectors of files; needs no server.

    Exit code 1 when any of them has none.

    Example: earmark features recordings --out vectors.parquet --jobs 4
    """
    from earmark.audio.discovery import wavs
    from earmark.audio.reader import Failed
    from earmark.datasets.export import write_vectors
    from earmark.frontends.extract import Extracted, extract_files
    from earmark.settings import Settings

    chosen = chosen_front_end(frontend)
    found = list(wavs(files))
    failed = [item for item in found if isinstance(item, Failed)]
    readable = [item for item in found if isinstance(item, Path)]
    outcomes = extract_files(readable, chosen, Settings.load().limits, jobs=jobs)
    with bar(len(readable), "extracting") as progress:
        if out is not None:
            failed += write_vectors(passing(outcomes, progress), out, chosen)
        else:
            done = list(passing(outcomes, progress))
    if out is not None:
        _tell_written(out, len(found) - len(failed), failed, as_json=as_json)
    else:
        failed += [each for each in done if isinstance(each, Failed)]
        _tell_vectors([each for each in done if isinstance(each, Extracted)], failed, as_json)
    _end(failed)


@app.command()
def sort(
    folder: Annotated[Path, typer.Argument(metavar="DEST", help="Gets the folders 0 to 9.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy, never link.")] = False,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Unsure clips too, in a folder of their own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Lay the labelled clips into folders, one a digit, by link or copy.

    What a person has said wins over what was heard; `none` is a folder too. Nothing is
    overwritten and nothing removed. Exit code 1 when a clip could not be laid out.

    Example: earmark sort sorted --unsure
    """
    from earmark.inbox.sort import sort as lay_out
    from earmark.inbox.sort import summary
    from earmark.settings import Settings

    settings = Settings.load()
    result = lay_out(
        _store(settings).clips.all_records(),
        settings.inbox,
        folder,
        copy=copy,
        unsure=unsure,
        track=tracked("sorting"),
    )
    seen = summary(result)
    if as_json:
        print_json(seen)
    else:
        counts = [{"folder": name, "clips": count} for name, count in seen["folders"].items()]
        print_table(counts, ("folder", "clips"))
        note_refused(result.refused)
        print(sorted_line(seen, folder))
    _end(result.refused)


def _ingested(result: Ingested) -> dict[str, Any]:
    from earmark.files import Placed

    placed = (Placed.LINKED, Placed.COPIED, Placed.ALREADY)
    return {
        **{str(how): result.counts.get(how, 0) for how in placed},
        "refused": reasons(result.refused),
        "labels": result.told,
    }


def _wait(store: Store, clips: Mapping[str, Revision]) -> dict[str, int]:
    from earmark.inbox.wait import Clock, wait_until_settled

    with bar(len(clips), "labelling") as progress:
        ended = wait_until_settled(store, clips, Clock(time.time, time.sleep), progress)
    return {str(state): count for state, count in ended.items()}


def _tell_written(file: Path, clips: int, failed: Sequence[Failed], *, as_json: bool) -> None:
    if as_json:
        print_json({"out": str(file), "clips": clips, "failed": reasons(failed)})
    else:
        note_refused(failed)
        print(f"{clips:,} vectors are in {file}; {len(failed):,} files have none")


def _tell_vectors(done: Sequence[Extracted], failed: Sequence[Failed], as_json: bool) -> None:
    failures = [
        {"path": str(each.path), "state": "failed", "reason": each.reason} for each in failed
    ]
    rows = [{"path": str(each.path), "vector": each.vector.tolist()} for each in done]
    if as_json:
        print_json([*rows, *failures])
        return
    texts = [{"path": str(each.path), "vector": vector_text(each.vector.tolist())} for each in done]
    print_answers([*texts, *failures], ("path", "vector"))


def _store(settings: Settings) -> Store:
    from earmark.store import Store

    return Store.at(settings.store_url)


def _store_if_there(settings: Settings) -> Store | None:
    from earmark.errors import NotRunning

    try:
        return _store(settings)
    except NotRunning:
        return None


def _end(failed: Sequence[object]) -> None:
    if failed:
        raise typer.Exit(1)
