"""Commands about files: bringing them in, hearing them, laying them out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, note, print_json, print_table

if TYPE_CHECKING:
    from earmark.classifier import Classifier
    from earmark.clips import Revision, State
    from earmark.extraction import Failed
    from earmark.features import FrontEnd
    from earmark.hearing import Heard
    from earmark.ingestion import Ingested
    from earmark.settings import Settings
    from earmark.store import Store

Files = Annotated[list[Path], typer.Argument(help="Wav files, or folders of them.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes that extract.")]

dataset = typer.Typer(help="Show what the store holds, and export it.")
app.add_typer(dataset, name="dataset")


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
    from earmark.samples import DIGITS, synthesise

    with _bar(speakers * takes * len(DIGITS)) as progress:
        clips = synthesise(folder, speakers=speakers, takes=takes, seed=seed, progress=progress)
    print(f"{clips:,} clips of {speakers} speakers are in {folder}")


@app.command()
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders, wav files, zips, or a labels.csv.")
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
    from earmark.ingestion import ingest as bring
    from earmark.listing import tell
    from earmark.settings import Settings

    settings = Settings.load()
    store = _store(settings) if wait else _store_if_there(settings)
    result = bring(
        paths,
        settings.inbox,
        settings.limits,
        tell=lambda lines: tell(lines, settings.labels_file, store.clips if store else None),
        track=_tracked("ingesting"),
    )
    ended = _wait(store, result.clips) if wait and store else None
    if as_json:
        print_json(_ingested(result, ended))
    else:
        _tell_ingested(result, ended, settings.inbox)
    _end(result.refused)


@app.command()
def label(files: Files, as_json: AsJson = False) -> None:
    """Label files here and now with the live model; needs no server.

    Exit code 1 when any of them cannot be labelled.

    Example: earmark label memo.wav --json
    """
    from earmark.finding import wavs
    from earmark.hearing import hear, live_classifier
    from earmark.settings import Settings

    settings = Settings.load()
    heard = list(hear(wavs(files), live_classifier(settings), settings.limits))
    heard.sort(key=lambda each: each.reason is not None)
    rows = [each.as_json() for each in heard]
    if as_json:
        print_json(rows)
    else:
        columns = ("path", "label", "confidence", "state")
        _print_rows(rows, columns)
    _end([each for each in heard if each.reason is not None])


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
    from earmark.extraction import Extracted, Failed, extract_files
    from earmark.finding import wavs
    from earmark.settings import Settings

    chosen = _front_end(frontend)
    found = list(wavs(files))
    readable = [item for item in found if not isinstance(item, Failed)]
    failed = [item for item in found if isinstance(item, Failed)]
    outcomes = extract_files(readable, chosen, Settings.load().limits, jobs=jobs)
    if out is not None:
        from earmark.exporting import write_vectors

        with _bar(len(readable), "extracting") as progress:
            failed += write_vectors(_passing(outcomes, progress), out, chosen)
        _tell_written(out, len(found) - len(failed), failed, as_json=as_json)
        _end(failed)
        return
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        if isinstance(outcome, Extracted):
            rows.append({"path": str(outcome.path), "vector": outcome.vector.tolist()})
        else:
            failed.append(outcome)
    rows += _failures(failed)
    if as_json:
        print_json(rows)
    else:
        _print_rows([_short(row) for row in rows], ("path", "vector"))
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
    from earmark.settings import Settings
    from earmark.sorting import sort as lay_out
    from earmark.sorting import summary

    settings = Settings.load()
    result = lay_out(
        _store(settings).clips.all_records(),
        settings.inbox,
        folder,
        copy=copy,
        unsure=unsure,
        track=_tracked("sorting"),
    )
    if as_json:
        print_json(summary(result))
    else:
        print_table(
            [{"folder": name, "clips": count} for name, count in sorted(result.folders.items())],
            ("folder", "clips"),
        )
        placed = ", ".join(f"{count:,} {how}" for how, count in result.placed.items()) or "none"
        print(
            f"{sum(result.folders.values()):,} clips in {folder}: {placed}; "
            f"{result.gone:,} gone, {result.changed:,} rewritten since"
        )
        _tell_refused(result.refused)
    _end(result.refused)


@app.command()
def inspect(
    file: Annotated[Path | None, typer.Argument(help="A wav file.")] = None,
    digits: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="One sheet of ten digits instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="PNG", help="Where the picture goes.")] = None,
) -> None:
    """Draw waveform and MFCCs of a clip, and tell what the model hears in it.

    Example: earmark inspect 7_theo_0.wav --out theo.png
    """
    if (file is None) == (digits is None):
        raise typer.BadParameter("give a FILE, or --digits FOLDER")
    if file is not None:
        _inspect_clip(file, out or Path(f"{file.stem}.inspect.png"))
    elif digits is not None:
        _inspect_digits(digits, out or Path("digits.inspect.png"))


@dataset.callback(invoke_without_command=True)
def show_dataset(
    context: typer.Context,
    frontend: Annotated[str | None, typer.Option(help="Default: the live model's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the store holds of clips with a truth: shape, head, describe, counts.

    Example: earmark dataset --json
    """
    if context.invoked_subcommand is not None:
        return
    from earmark.cli.reading import dataset_lines
    from earmark.dataset import head

    stored, chosen = _stored(frontend)
    seen = {"front_end": chosen.name, **head(stored.table), "lacking": len(stored.lacking)}
    if as_json:
        print_json(seen)
    else:
        print("\n".join(dataset_lines(seen)))


@dataset.command()
def export(
    file: Annotated[Path, typer.Argument(help="Ends in .parquet or .csv.")],
    frontend: Annotated[str | None, typer.Option(help="Default: the live model's.")] = None,
) -> None:
    """Write the clips with a truth and their vectors into a file.

    Example: earmark dataset export clips.parquet
    """
    from earmark.exporting import write_table

    stored, chosen = _stored(frontend)
    write_table(stored.table, file, chosen)
    print(f"{len(stored.table):,} clips with {chosen.name} vectors are in {file}")
