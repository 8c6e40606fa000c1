"""Models of a few hundred bytes that hear one digit in loud clips and another in faint ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.frontends import front_end
from earmark.model.artifact import LITERT, TRAINED_ON, digest_keys
from earmark.model.registry import Registry, sealed
from earmark.model.version_folders import CARD

FIRST = "20260101-000000-aaaa"
SECOND = "20260202-000000-bbbb"
THIRD = "20260303-000000-cccc"


def publish(
    folder: Path,
    version: str,
    *,
    loud: int = 7,
    faint: int = 3,
    trained_on: list[str] | None = None,
    accuracies: Mapping[str, float] | None = None,
    fingerprint: str | None = None,
) -> None:
    """Publish a version, without making it the live one.

    Parameters
    ----------
    loud, faint
        What it hears in clips of amplitude 0.5 and 0.02; it doubts at 0.1.
    trained_on
        Digests of clips.
    accuracies
        By `known_voices` and `new_voices`.
    """
    chosen = front_end("mfcc-mean")
    registry = Registry(folder)
    staged = registry.staging(version)
    (staged / LITERT).write_bytes(_loudness_model(chosen.dimensions, loud, faint))
    np.save(staged / TRAINED_ON, digest_keys(trained_on or []), allow_pickle=False)
    (staged / "MODEL_CARD.md").write_text(f"# Model {version}\n")
    measured = accuracies or {}
    metrics = {
        side: {"accuracy": measured[side]} if side in measured else None
        for side in ("known_voices", "new_voices")
    }
    card = {
        "version": version,
        "front_end": {"name": chosen.name, "fingerprint": fingerprint or chosen.fingerprint},
        "confidence": 0.6,
        "recipe": {"name": "loudness"},
        "data": {"clips": 0},
        "metrics": metrics,
    }
    (staged / CARD).write_text(json.dumps(sealed(card, staged)))
    registry.publish(staged, version)


def _loudness_model(dimensions: int, loud: int, faint: int) -> bytes:
    """One dense layer and softmax: the first MFCC is a clip's loudness."""
    weights = np.zeros((10, dimensions), np.float32)
    biases = np.zeros(10, np.float32)
    weights[loud, 0], biases[loud], biases[faint] = 0.1, 61.68, 6.0
    return _dense_softmax(weights, biases)


def _dense_softmax(weights: NDArray[np.float32], biases: NDArray[np.float32]) -> bytes:
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
