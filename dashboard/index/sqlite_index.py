"""The dashboard's own index of the clips: what is searched, filtered and paged on the pages.

It is a SQLite file in the data folder that may be deleted at any time: the store holds the truth,
and the index is rebuilt from it. Nothing here asks the store anything.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboard.index.query import Page, Query
from dashboard.index.schema import COLUMNS, SCHEMA, TO_REVIEW, UPSERT, VERSION, Row, plain, row_of
from dashboard.index.search import search
from earmark.clips import Record
from earmark.environment.data_folder import keep_private, owner_only

RECENT = 50_000
"""How far back a sample of the latest clips goes."""
_CHUNK = 500


class Index:
    """The clips as a table; safe to use from several threads.

    Parameters
    ----------
    file
        Made anew when it is missing, or was written by another version of its tables.
    clock
        Seconds since any moment; tells when a search has taken long enough.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        keep_private(file.parent)
        self._file = file
        self._clock = clock
        self._local = threading.local()
        self._writing = threading.Lock()
        self._create()

    def record(self, records: Iterable[Record]) -> None:
        """Take over what the store says of some clips."""
        changed = self._changed(records)
        if changed:  # to write anew what is there already would cost ten times as much
            with self._transaction() as database:
                database.executemany(UPSERT, changed)

    def differing(self, records: Iterable[Record]) -> list[str]:
        """The paths of those that are not here, or not like that."""
        return [row[0] for row in self._changed(records)]

    def paths(self) -> Iterator[list[str]]:
        """All paths, some hundreds at a time."""
        last = 0
        while found := self._all(
            "select id, path from clips where id > ? order by id limit ?", (last, _CHUNK)
        ):
            last = found[-1]["id"]
            yield [row["path"] for row in found]

    def drop(self, paths: Sequence[str]) -> None:
        """Forget clips that are in the store no more."""
        if paths:
            with self._transaction() as database:
                database.executemany("delete from clips where path = ?", [(p,) for p in paths])

    def page(self, query: Query, *, after: str | None = None, limit: int = 50) -> Page:
        """One page of the clips that fit, newest first; `after` is the mark of the page before.

        Where no index narrows the search, it ends after a while: the page may be short, and still
        have a mark to go on from.
        """
        found = search(self._all, query, after=after, limit=limit, clock=self._clock)
        return replace(found, rows=[plain(row) for row in found.rows])

    def find(self, path: str) -> Row | None:
        found = self._all(f"select {', '.join(COLUMNS)} from clips where path = ?", (path,))
        return plain(found[0]) if found else None

    def latest(self, limit: int) -> list[Row]:
        """The clips that were labelled or failed last."""
        return self.page(Query(states=("labelled", "unsure", "failed")), limit=limit).rows

    def to_review(self, limit: int, *, skip: Sequence[str] = ()) -> list[Row]:
        """Unsure and wrong clips that no person has spoken for, the least confident first."""
        found = self._all(
            f"select {', '.join(COLUMNS)} from clips indexed by to_review where {TO_REVIEW} "
            "order by confidence limit ?",
            (limit + len(skip),),
        )
        rows = (plain(row) for row in found)
        return [row for row in rows if row["path"] not in set(skip)][:limit]

    def count_to_review(self, most: int = 10_000) -> int:
        """How many there are to review, counted up to `most`."""
        some = f"select 1 from clips indexed by to_review where {TO_REVIEW} limit ?"
        words = f"select count(*) from ({some})"
        return int(self._all(words, (most,))[0][0])

    def count(self) -> int:
        return int(self._all("select count(*) from clips", ())[0][0])

    def copies(self, digest: str, path: str) -> list[str]:
        """Other recent paths of the same content."""
        words = (
            "select path from clips where digest = ? and path != ? order by done_at desc limit 5"
        )
        return [row[0] for row in self._all(words, (bytes.fromhex(digest), path))]

    def accuracy_over_time(self, buckets: int = 24, clips: int = 2_400) -> list[Row]:
        """Live accuracy over the last clips with a truth, in equal shares, the oldest first."""
        found = [
            (row[0], score == "right")
            for score in ("right", "wrong")
            for row in self._all(
                "select done_at from clips indexed by by_score where score = ? "
                "order by done_at desc limit ?",
                (score, clips),
            )
        ]
        rows = sorted(found)[-clips:]
        size = max(1, -(-len(rows) // buckets))
        shares = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [
            {
                "at": share[-1][0],
                "accuracy": sum(r[1] for r in share) / len(share),
                "clips": len(share),
            }
            for share in shares
        ]

    def reliability(self, model: str) -> list[Row]:
        """How often a model was right at each level of confidence, on clips it was blind to."""
        found = self._all(
            "select cast(min(confidence * 10, 9) as integer) as bin, avg(confidence), "
            "avg(score = 'right'), count(*) from (select confidence, score from clips "
            "indexed by judged where score in ('right', 'wrong') and model = ? "
            "order by done_at desc limit 20000) group by bin order by bin",
            (model,),
        )
        return [{"confidence": row[1], "accuracy": row[2], "clips": row[3]} for row in found]

    def sample(self, condition: str, limit: int) -> list[Row]:
        """Of the latest clips, those that fit a condition of our own and have a vector."""
        found = self._all(
            f"select {', '.join(COLUMNS)} from (select * from clips indexed by by_time "
            f"order by done_at desc, id desc limit {RECENT}) "
            f"where {condition} and digest is not null limit ?",
            (limit,),
        )
        return [plain(row) for row in found]

    def told(self, limit: int) -> list[tuple[str, float]]:
        """Digest and confidence of the latest clips with a truth."""
        found = self._all(
            "select digest, confidence from clips indexed by told where truth is not null "
            "and digest is not null order by done_at desc, id desc limit ?",
            (limit,),
        )
        return [(row["digest"].hex(), row["confidence"] or 0.0) for row in found]

    def note(self, name: str) -> str | None:
        found = self._all("select value from notes where name = ?", (name,))
        return str(found[0][0]) if found else None

    def keep(self, name: str, value: str) -> None:
        with self._transaction() as database:
            database.execute("insert or replace into notes values (?, ?)", (name, value))

    def close(self) -> None:
        self._database.close()

    @property
    def _database(self) -> sqlite3.Connection:
        if not hasattr(self._local, "database"):
            database = sqlite3.connect(self._file, timeout=30, isolation_level=None)
            database.row_factory = sqlite3.Row
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = off")  # it can be rebuilt
            database.execute("pragma mmap_size = 2000000000")  # one cache for all threads
            self._local.database = database
        found: sqlite3.Connection = self._local.database
        return found

    def _create(self) -> None:
        self._make()
        if not _is_ours(self._file):
            for name in (self._file, *(Path(f"{self._file}{end}") for end in ("-wal", "-shm"))):
                name.unlink(missing_ok=True)
            self._make()
        self._database.executescript(SCHEMA)
        self._database.execute(f"pragma user_version = {VERSION}")

    def _make(self) -> None:
        with open(self._file, "ab", opener=owner_only):  # SQLite gives its other files this mode
            pass

    def _changed(self, records: Iterable[Record]) -> list[tuple[Any, ...]]:
        rows = [row_of(record) for record in records]
        known = self._known([row[0] for row in rows])
        return [row for row in rows if row != known.get(row[0])]

    def _known(self, paths: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows that there are."""
        known: dict[str, tuple[Any, ...]] = {}
        for start in range(0, len(paths), _CHUNK):
            some = paths[start : start + _CHUNK]
            words = f"where path in ({', '.join('?' * len(some))})"
            found = self._all(f"select {', '.join(COLUMNS)} from clips {words}", some)
            known |= {row["path"]: tuple(row) for row in found}
        return known

    def _all(self, words: str, values: Sequence[Any]) -> list[Any]:
        return self._database.execute(words, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            self._database.execute("begin immediate")
            try:
                yield self._database
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")


def _is_ours(file: Path) -> bool:
    """Whether a file is an index of this version, or empty."""
    database = sqlite3.connect(file)
    try:
        [version] = database.execute("pragma user_version").fetchone()
        return version in (0, VERSION)
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()
