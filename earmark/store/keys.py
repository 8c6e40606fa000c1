"""The names of all tables in the store."""

from __future__ import annotations

from earmark.clips import Score, State

PREFIX = "earmark:"

CLIPS = PREFIX + "clips"
"""Hash: path to record."""
LEASES = PREFIX + "leases"
"""Sorted set: path of an unfinished clip to the time at which it is queued again."""
STRIKES = PREFIX + "strikes"
"""Hash: path of a claimed clip to how often it was opened without an outcome, until when it is
held, and by which message."""
LABELS = PREFIX + "labels"
"""Hash: path to the newest correction, JSON."""
EVENTS = PREFIX + "events"
"""Stream, capped: one entry a batch."""
LIVE = PREFIX + "live"
"""JSON: the announcement of the live model."""
SERVICES = PREFIX + "services"
"""Sorted set: `service@host:pid` to the time of its last sign of life."""
TRAINING = PREFIX + "training"
"""JSON: how far the running training is."""
LAST_TRAINING = PREFIX + "last-training"
"""JSON: what became of the last training."""
TRAINING_LOCK = PREFIX + "training-lock"
FORGOTTEN = PREFIX + "forgotten"
"""Hash: path of a clip that a person had forgotten to the revision that stays forgotten."""
PASSED_OVER = PREFIX + "passed-over"
"""JSON: how many files of the inbox are no clips, by what they are."""
TOLD = PREFIX + "told"
"""Whether corrections and forgotten clips were read from disk since the store was empty."""
SCHEMA = PREFIX + "schema"
"""The version of all these tables."""
SCHEMA_LOCK = PREFIX + "schema-lock"
VECTORS = PREFIX + "features:"


def state(state: State) -> str:
    """Set: the paths of all clips in one state."""
    return f"{PREFIX}state:{state}"


def score(score: Score) -> str:
    """Set: the paths of all clips with a truth that count in one way."""
    return f"{PREFIX}truth:{score}"


def vectors(front_end: str, fingerprint: str) -> str:
    """Hash: digest, 16 bytes, to the vector, little-endian float32."""
    return f"{VECTORS}{front_end}:{fingerprint}"


def artefact(version: str) -> str:
    """Hash: what a worker needs of a model, for hosts that share no disk."""
    return f"{PREFIX}model:{version}"


SCORED = (Score.RIGHT, Score.WRONG, Score.UNSCORED)
LEDGER = (
    CLIPS, LEASES, STRIKES, LABELS,
    *(state(each) for each in State),
    *(score(each) for each in SCORED),
    EVENTS,
    FORGOTTEN,
)  # fmt: skip
"""The keys that every script takes, in the order of `prelude.lua`."""
FIXED = (
    *LEDGER,
    LIVE, SERVICES, TRAINING, LAST_TRAINING, TRAINING_LOCK, PASSED_OVER, TOLD, SCHEMA, SCHEMA_LOCK,
)  # fmt: skip
"""All keys but those of front ends and models."""
