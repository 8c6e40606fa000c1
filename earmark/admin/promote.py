"""What follows when another model becomes the live one."""

from __future__ import annotations

from earmark.clips import State
from earmark.messaging.sender import Sender
from earmark.model.artifact import Announcement, Artefact
from earmark.store import Store


def succeed(store: Store, sender: Sender, artefact: Artefact) -> None:
    """Announce a model, and queue what it should look at.

    Unsure clips are labelled anew. When it hears through another front end than the model before,
    the vectors that it lacks are extracted in the background, from the files that are still there.

    Raises
    ------
    StoreUnreachable
        When the store or the broker does not answer.
    """
    before = store.board.live()
    store.board.announce(artefact)
    sender.relabel(list(store.clips.in_state(State.UNSURE)))
    if before is not None and not _same_ears(before, artefact.announcement):
        sender.extract(_labelled_and_there(store))


def _same_ears(one: Announcement, other: Announcement) -> bool:
    return (one.front_end, one.fingerprint) == (other.front_end, other.fingerprint)


def _labelled_and_there(store: Store) -> list[str]:
    heads = store.clips.all_heads()
    return [path for path, (state, _, gone) in heads if state is State.LABELLED and not gone]
