"""The table that the index is, what leads through it, and how a record becomes a row of it."""

from __future__ import annotations

from typing import Any

from earmark.clips import Record

VERSION = 2
COLUMNS = (
    "path", "state", "label", "confidence", "truth", "truth_by", "speaker", "model", "digest",
    "seconds", "rate", "reason", "score", "blind", "gone", "noted_at", "done_at",
)  # fmt: skip

SCHEMA = """
create table if not exists clips (
    id integer primary key, path text not null unique, state text, label integer, confidence real,
    truth text, truth_by text, speaker text, model text, digest blob, seconds real, rate integer,
    reason text, score text, blind integer, gone integer, noted_at real, done_at real not null
) strict;
create index if not exists by_time on clips (done_at desc, id desc);
create index if not exists by_state on clips (state, done_at desc, id desc);
create index if not exists by_label on clips (label, done_at desc, id desc);
create index if not exists by_truth on clips (truth, done_at desc, id desc);
create index if not exists by_speaker on clips (speaker, done_at desc, id desc);
create index if not exists by_score on clips (score, done_at desc, id desc);
create index if not exists by_model on clips (model, done_at desc, id desc);
create index if not exists confused on clips (truth, label, done_at desc, id desc);
create index if not exists told on clips (done_at desc, id desc) where truth is not null;
create index if not exists judged on clips (model, done_at desc, score, confidence)
    where score in ('right', 'wrong');
create index if not exists by_digest on clips (digest) where digest is not null;
create index if not exists to_review on clips (confidence)
    where gone = 0 and coalesce(truth_by, 'name') = 'name'
    and (state = 'unsure' or score = 'wrong');
create table if not exists notes (name text primary key, value text) strict;
"""
TO_REVIEW = (
    "gone = 0 and coalesce(truth_by, 'name') = 'name' and (state = 'unsure' or score = 'wrong')"
)
UPSERT = (
    f"insert into clips ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"
    " on conflict (path) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
)

Row = dict[str, Any]


def row_of(record: Record) -> tuple[Any, ...]:
    """A record as it stands in the table."""
    return (
        record.path, str(record.state), record.label, record.confidence,
        None if record.truth is None else str(record.truth), record.truth_by, record.speaker,
        record.model, bytes.fromhex(record.digest) if record.digest else None, record.seconds,
        record.rate, record.reason, str(record.score), int(record.blind), int(record.gone),
        record.noted_at, record.done_at or record.noted_at or 0.0,
    )  # fmt: skip


def plain(row: Any) -> Row:
    """A row as plain values."""
    values: Row = dict(row)
    values.pop("id", None)
    truth, digest = values["truth"], values["digest"]
    values["truth"] = int(truth) if truth is not None and truth.isdigit() else truth
    values["digest"] = digest.hex() if digest else None
    values["blind"], values["gone"] = bool(values["blind"]), bool(values["gone"])
    return values
