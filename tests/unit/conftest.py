"""Tones for clips, a tiny model, a real store, and the real worker's code on them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earmark.audio import Limits
from earmark.clips import Record, Revision, State
from earmark.features import front_end
from earmark.jobs import Batch
from earmark.registry import CARD, LITERT, TRAINED_ON, Registry, digest_keys, sealed
from earmark.server import command
from earmark.settings import Settings
from earmark.store import Store
from worker.labelling import Bench, label_batch
from worker.models import LiveModel

Tone = Callable[..., Path]
Label = Callable[..., list[Record]]

VERSION = "20261101-000000-test"


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
    chosen = front_end("mfcc-mean")
    staged = Registry(folder).staging(VERSION)
    (staged / LITERT).write_bytes(_loudness_model(chosen.dimensions))
    np.save(staged / TRAINED_ON, digest_keys([]), allow_pickle=False)
    card = {
        "version": VERSION,
        "front_end": {"name": chosen.name, "fingerprint": chosen.fingerprint},
        "confidence": 0.6,
        "recipe": {"name": "scaled"},
        "data": {"clips": 0},
        "metrics": {"known_voices": None, "new_voices": None},
    }
    (staged / CARD).write_text(json.dumps(sealed(card, staged)))
    Registry(folder).publish(staged, VERSION)
    Registry(folder).promote(VERSION)
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
            (path.relative_to(root).as_posix(), Revision.of(path.stat()))
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


def _loudness_model(dimensions: int) -> bytes:
    """A LiteRT model of one dense layer and softmax: the first MFCC is a clip's loudness."""
    weights = np.zeros((10, dimensions), np.float32)
    biases = np.zeros(10, np.float32)
    weights[7, 0], biases[7], biases[3] = 0.1, 61.68, 6.0
    return _dense_softmax(weights, biases)


def _dense_softmax(weights: np.ndarray[Any, Any], biases: np.ndarray[Any, Any]) -> bytes:
    import flatbuffers  # type: ignore[import-untyped]
    from ai_edge_litert import schema_py_generated as schema

    def make(kind: str, **fields: Any) -> Any:
        made = getattr(schema, f"{kind}T")()
        for name, value in fields.items():
            setattr(made, name, value)
        return made

    def code(builtin: int) -> Any:
        return make("OperatorCode", builtinCode=builtin, deprecatedBuiltinCode=builtin, version=1)

    operators, options = schema.BuiltinOperator, schema.BuiltinOptions
    data = [b"", weights.tobytes(), biases.tobytes()]
    outputs, inputs = weights.shape
    shapes = [([1, inputs], 0), ([outputs, inputs], 1), ([outputs], 2), ([1, outputs], 0)]
    tensors = [
        make("Tensor", shape=shape, type=schema.TensorType.FLOAT32, buffer=buffer, name=f"t{index}")
        for index, (shape, buffer) in enumerate([*shapes, ([1, outputs], 0)])
    ]
    dense = make(
        "Operator",
        opcodeIndex=0,
        inputs=[0, 1, 2],
        outputs=[3],
        builtinOptionsType=options.FullyConnectedOptions,
        builtinOptions=make("FullyConnectedOptions"),
    )
    softmax = make(
        "Operator",
        opcodeIndex=1,
        inputs=[3],
        outputs=[4],
        builtinOptionsType=options.SoftmaxOptions,
        builtinOptions=make("SoftmaxOptions", beta=1.0),
    )
    graph = make(
        "SubGraph", tensors=tensors, inputs=[0], outputs=[4], operators=[dense, softmax], name="net"
    )
    model = make(
        "Model",
        version=3,
        operatorCodes=[code(operators.FULLY_CONNECTED), code(operators.SOFTMAX)],
        subgraphs=[graph],
        buffers=[make("Buffer", data=np.frombuffer(each, np.uint8)) for each in data],
        description="loudness",
    )
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
