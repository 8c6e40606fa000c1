"""Tones for clips, a tiny model, a real store, and the real worker's code on them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.decode import Limits
from earmark.audio.names import identity_of
from earmark.cli import load_commands
from earmark.clips import Record, Revision, State
from earmark.messaging.messages import Batch
from earmark.model.registry import Registry
from earmark.services.embedded_redis import command
from earmark.settings import Settings
from earmark.store import Store
from tests import tiny_models
from worker.context import Bench
from worker.label import label_batch
from worker.live_model import LiveModel

Tone = Callable[..., Path]
Label = Callable[..., list[Record]]


@pytest.fixture(scope="session", autouse=True)
def commands() -> None:
    """Every command is known to the app, whichever test comes first."""
    load_commands()


@pytest.fixture(scope="session")
def tone() -> Tone:
    """Writes a tone. The tiny model hears 7 at amplitude 0.5, 3 at 0.02, and doubts at 0.1."""

    def write(
        path: Path, *, hertz: float = 440, amplitude: float = 0.5, seconds: float = 0.2
    ) -> Path:
        times = np.arange(int(8_000 * seconds)) / 8_000
        samples = np.round(amplitude * 32_767 * np.sin(2 * np.pi * hertz * times)).astype("<i2")
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as clip:
            clip.setparams((1, 2, 8_000, 0, "NONE", ""))
            clip.writeframes(samples.tobytes())
        return path

    return write


@pytest.fixture(scope="session")
def published_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of one version that tells loud clips (7) from faint ones (3)."""
    folder = tmp_path_factory.mktemp("models")
    tiny_models.publish(folder, tiny_models.FIRST)
    Registry(folder).promote(tiny_models.FIRST)
    return folder


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """A real embedded server for all tests of this folder."""
    home = Path(tempfile.mkdtemp(prefix="em-"))
    settings = Settings(data=home)
    server = subprocess.Popen(command(settings), stdout=subprocess.DEVNULL)
    try:
        Store.at(settings.store_url, wait_seconds=20).connection.close()
        yield settings.store_url
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(home)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """The server, empty."""
    connected = Store.at(store_url)
    connected.connection.flushall()
    yield connected
    connected.connection.close()


@pytest.fixture
def home(tmp_path: Path, published_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an inbox, the tiny model, and no server."""
    for name, value in {"INBOX": "inbox", "DATA": "var", "MODELS": published_models}.items():
        monkeypatch.setenv(f"EARMARK_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    return tmp_path


@pytest.fixture
def online(home: Path, store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with the server."""
    monkeypatch.setenv("EARMARK_REDIS_URL", store_url)
    return home


@pytest.fixture
def label_inbox(store: Store, published_models: Path) -> Label:
    """Notes all clips of an inbox and labels them, as producer and worker do."""

    def label(inbox: Path) -> list[Record]:
        root = inbox.resolve()
        clips = [
            (identity_of(path.relative_to(root).as_posix()), Revision.of(path.stat()))
            for path in sorted(root.rglob("*.wav"))
        ]
        records = [
            Record(path=path, revision=revision, state=State.PENDING, noted_at=time.time())
            for path, revision in clips
        ]
        store.clips.note(records, time.time() + 30)
        model = LiveModel(Registry(published_models), store)
        bench = Bench(root, Limits(1 << 20, 30.0), 30.0, store, model, time.time)
        label_batch(bench, Batch(tuple(clips)))
        return [record for record in store.clips.records([path for path, _ in clips]) if record]

    return label
