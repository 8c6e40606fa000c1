"""What a worker does with a batch: extract, store, label.

Nothing here knows Celery. A batch is claimed in the ledger first and settled there last, vectors,
records and labels in one step, so that doing it twice leaves what doing it once leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from earmark.audio.reader import Failed, Fence, Recording, record
from earmark.clips import Record, State, why
from earmark.errors import ClipError
from earmark.frontends import FRONT_ENDS, FrontEnd
from earmark.frontends.extract import Extracted, Outcome, extract
from earmark.messaging.messages import Batch
from earmark.model.classifier import Classifier, Guess
from earmark.store.ledger import Claim, Settlement, told_by_correction
from earmark.store.vectors import table
from earmark.truth import told_of
from worker.backfill import vectors_of
from worker.context import DEFAULT_FRONT_END, Bench, worker_name

STRIKES = 3
"""A clip that was opened this often without an outcome is poison, and is not opened again."""
GONE = "the file was gone before it could be read"
_RENEWALS_PER_LEASE = 3


class _Hold:
    """A batch in hand; its lease is renewed as long as there is progress.

    A clip that never comes back from its decoder makes none, so it is not held for ever.
    """

    def __init__(self, bench: Bench, batch: Batch, message: str) -> None:
        self._bench = bench
        self._renewed_at = bench.clock()
        self._paths = [path for path, _ in batch.clips]
        found = bench.store.clips.claim(
            batch.clips, self.until, now=self._renewed_at, message=message
        )
        self.claims = [claim for claim in found if claim]

    @property
    def until(self) -> float:
        return self._renewed_at + self._bench.lease_seconds

    def renew(self) -> None:
        """Renew the lease if a third of it is gone."""
        now = self._bench.clock()
        if now - self._renewed_at >= self._bench.lease_seconds / _RENEWALS_PER_LEASE:
            self._renewed_at = now
            self._bench.store.clips.renew(self._paths, self.until)

    def strike(self, path: str) -> int:
        """Count that a suspect is opened; answers how often it was by now."""
        return self._bench.store.clips.strike(path, self.until)


def label_batch(bench: Bench, batch: Batch, message: str = "") -> int:
    """Extract, store and label the clips of a batch that are still to be done.

    Parameters
    ----------
    message
        Which message brought the batch: its clips are left to another one's worker for as long
        as that holds them.

    Returns
    -------
    How many clips were settled by this call.
    """
    hold = _Hold(bench, batch, message)
    fresh = [claim for claim in hold.claims if not claim.suspect]
    alone = [[claim] for claim in hold.claims if claim.suspect]
    classifier = bench.model.current()
    return sum(_label_claims(bench, classifier, group, hold) for group in [fresh, *alone] if group)


def relabel(bench: Bench, paths: Sequence[str]) -> int:
    """Label clips anew with the live model, from their stored vectors where there are any.

    Returns
    -------
    How many records changed. Clips that lack the vector and whose file is gone are left alone.
    """
    classifier = bench.model.current()
    if classifier is None:
        return 0
    records = [each for each in bench.store.clips.records(paths) if each and each.digest]
    vectors = vectors_of(bench, classifier.front_end, records)
    found = [(r, v) for r, v in zip(records, vectors, strict=True) if v is not None]
    if not found:
        return 0
    guesses = classifier.guess(np.stack([vector for _, vector in found]))
    changes = [
        (old, _labelled(old, guess, classifier, done_at=bench.clock()))
        for (old, _), guess in zip(found, guesses, strict=True)
    ]
    return len(bench.store.clips.swap(changes))


def _label_claims(
    bench: Bench, classifier: Classifier | None, claims: Sequence[Claim], hold: _Hold
) -> int:
    front_end = classifier.front_end if classifier else FRONT_ENDS[DEFAULT_FRONT_END]
    fence = Fence(bench.inbox)
    opened = [(claim, _open(bench, claim, fence, hold)) for claim in claims]
    kept = [(claim, item) for claim, item in opened if item is not None]
    outcomes = extract([item for _, item in kept], front_end)
    settlements = _label(bench, classifier, [claim for claim, _ in kept], outcomes)
    _settle(bench, front_end, settlements)
    return len(settlements)


def _open(bench: Bench, claim: Claim, fence: Fence, hold: _Hold) -> Recording | Failed | None:
    """The decoded clip, its failure, or None when it was rewritten since it was queued."""
    path = claim.record.path
    hold.renew()
    if claim.suspect and hold.strike(path) > STRIKES:
        reason = "poison: the worker died each time that it opened this clip"
        return Failed(bench.inbox / path, reason)
    try:
        found = record(fence.inside(path), bench.limits, missing=GONE)
    except ClipError as error:
        return Failed(bench.inbox / path, error.reason)
    except MemoryError:
        return Failed(bench.inbox / path, "there is too little memory to read it")
    return found if found.revision == claim.record.revision else None


def _label(
    bench: Bench,
    classifier: Classifier | None,
    claims: Sequence[Claim],
    outcomes: Sequence[Outcome],
) -> list[Settlement]:
    guesses = iter(_guesses(classifier, outcomes))
    settlements = []
    for claim, outcome in zip(claims, outcomes, strict=True):
        told = told_of(claim.record.path, told_by_correction(claim.correction))
        noted = claim.record.told(told)
        if isinstance(outcome, Failed):
            done = noted.but(state=State.FAILED, reason=outcome.reason, done_at=bench.clock())
            settlements.append(Settlement(done, claim.correction))
            continue
        known = _known(outcome, bench.clock())
        done = (
            _labelled(noted, next(guesses), classifier, **known)
            if classifier
            else noted.but(
                state=State.UNSURE, reason=why(known["truncated"], None, known["note"]), **known
            )
        )
        settlements.append(Settlement(done, claim.correction, outcome.vector))
    return settlements


def _guesses(classifier: Classifier | None, outcomes: Sequence[Outcome]) -> list[Guess]:
    vectors = [outcome.vector for outcome in outcomes if isinstance(outcome, Extracted)]
    if classifier is None or not vectors:
        return []
    return classifier.guess(np.stack(vectors))


def _known(outcome: Extracted, now: float) -> dict[str, Any]:
    recording = outcome.recording
    return {
        "digest": recording.digest,
        "seconds": recording.seconds,
        "rate": recording.sound.rate,
        "truncated": recording.sound.truncated,
        "note": recording.sound.note,
        "done_at": now,
    }


def _labelled(record: Record, guess: Guess, classifier: Classifier, **known: Any) -> Record:
    """The record with its label; a clip that a person has spoken for is never unsure."""
    record = record.but(**known)
    doubt = None if guess.sure or record.spoken_for else guess.reason
    sure = (guess.sure and record.truncated is None) or record.spoken_for
    return record.but(
        state=State.LABELLED if sure else State.UNSURE,
        label=guess.label,
        confidence=guess.confidence,
        top=guess.top,
        reason=why(record.truncated, doubt, record.note),
        model=classifier.version,
        blind=not classifier.was_trained_on(record.digest or ""),
    )


def _settle(bench: Bench, front_end: FrontEnd, settlements: Sequence[Settlement]) -> None:
    """Settle, and again those clips that were corrected under our hands."""
    waiting = list(settlements)
    while waiting:
        corrected = bench.store.clips.settle(waiting, table(front_end), worker_name())
        waiting = [
            _corrected(each, corrected[each.record.path])
            for each in waiting
            if each.record.path in corrected
        ]


def _corrected(settlement: Settlement, correction: bytes) -> Settlement:
    told = told_of(settlement.record.path, told_by_correction(correction))
    record = settlement.record.told(told)
    if record.state is State.UNSURE and record.label is not None and correction:
        record = record.but(state=State.LABELLED)
    return replace(settlement, record=record, correction=correction)
