"""TensorFlow: imported late, quietly, and set to give the same result twice."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

from earmark.errors import MissingExtra

_DEFAULTS = {
    # 2 hides what is no error.
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # oneDNN rounds differently from run to run, and such small nets gain nothing by it.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_BACKEND": "tensorflow",
}


def insist_on_tensorflow() -> None:
    """Refuse before anything else is done for a training, without loading TensorFlow.

    Raises
    ------
    MissingExtra
        When it is not installed.
    """
    if find_spec("tensorflow") is None:
        raise MissingExtra("trainer", "training")


def tensorflow() -> Any:
    """The module `tensorflow`, set up when it is first asked for in this process.

    Raises
    ------
    MissingExtra
        When it is not installed.
    """
    return _set_up()


def keras() -> Any:
    """The module `keras` on TensorFlow.

    Raises
    ------
    MissingExtra
        When it is not installed.
    """
    tensorflow()
    import keras as module

    return module


@cache
def _set_up() -> Any:
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    with _hidden_banner():
        try:
            import tensorflow as module
        except ImportError as error:
            raise MissingExtra("trainer", "training") from error
        module.config.experimental.enable_op_determinism()
        # Whoever used TensorFlow in this process before has chosen the devices.
        with suppress(RuntimeError):
            # Nets this small are faster on the processor, and come out alike on every host.
            module.config.set_visible_devices([], "GPU")
        # Starts the devices now, while their chatter is held back.
        module.config.list_logical_devices()
    return module


@contextmanager
def _hidden_banner() -> Iterator[None]:
    """Hold back what the C++ side prints before its log level is read; show it on an error."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
