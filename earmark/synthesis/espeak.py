"""espeak-ng's library through ctypes: text in, samples out.

The library and its data come with the package espeakng_loader (extra `samples`); both are found
and loaded when somebody speaks, never at import. Standard library only: every synthetic speaker
is a fresh process, and its start is most of what it costs.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path

from earmark.errors import EarmarkError, MissingExtra

# Names and values as in espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_N_PATH_HOME = 160

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Prosody:
    """How a word is said.

    Attributes
    ----------
    rate_wpm
        Speed in words a minute, 80 to 450.
    pitch
        0 to 100; 50 is the voice's own pitch.
    pitch_range
        0 (monotone) to 100; 50 is the voice's own liveliness.
    volume
        0 to 200; 100 is the voice's own loudness.
    """

    rate_wpm: int
    pitch: int
    pitch_range: int
    volume: int = 100


class Espeak:
    """The one espeak-ng of this process; not for several threads at once.

    What it says depends on what it said before (its noise goes on where it stopped), so the same
    samples come only from the same words in the same order in a fresh process.

    Attributes
    ----------
    rate
        Sampling rate of what it says, in Hz.

    Raises
    ------
    MissingExtra
        When espeakng_loader is not installed.
    EarmarkError
        When the library cannot be loaded or does not find its data.
    """

    def __init__(self) -> None:
        library, data = _installed()
        self._home = _Home(data.parent)
        self._library = _load(library)
        self._heard = bytearray()
        self._callback = _SynthCallback(self._hear)  # espeak-ng keeps only a bare pointer to it
        self.rate = self._initialise(data)

    def choose(self, voice: str) -> None:
        """Speak as `voice` from now on, for example `en-us+f2`.

        Raises
        ------
        EarmarkError
            When espeak-ng has no such voice.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EarmarkError(f"espeak-ng has no voice {voice!r}")

    def say(self, text: str, prosody: Prosody) -> array[int]:
        """Say `text`.

        Returns
        -------
        array of int16, shape (n,)
            Mono samples at `rate`.
        """
        for parameter, value in _parameters(prosody):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._heard.clear()
        words = text.encode()
        status = self._library.espeak_Synth(
            words, len(words) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if status != 0:
            raise EarmarkError(f"espeak-ng could not say {text!r} (status {status})")
        return array("h", bytes(self._heard))

    def _hear(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._heard += ctypes.string_at(samples, 2 * count)
        return 0

    def _initialise(self, data: Path) -> int:
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(self._home.path), _INITIALIZE_DONT_EXIT
        )
        if rate <= 0:
            raise EarmarkError(f"espeak-ng does not start with its data in {data}; reinstall it")
        self._library.espeak_SetSynthCallback(self._callback)
        return int(rate)


def require() -> None:
    """Check that espeak-ng is installed, without loading it.

    Raises
    ------
    MissingExtra
        When espeakng_loader is not installed.
    EarmarkError
        When it is installed but lacks its files.
    """
    _installed()


def _installed() -> tuple[Path, Path]:
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError as error:
        raise MissingExtra("samples", "Making synthetic clips") from error
    library = Path(loader.get_library_path())
    data = library.with_name("espeak-ng-data")
    for path in (library, data):
        if not path.exists():
            raise EarmarkError(f"espeak-ng's {path} is missing; reinstall espeakng_loader")
    return library, data


def _load(library: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise EarmarkError(f"espeak-ng does not load on this machine: {error}") from error


def _parameters(prosody: Prosody) -> tuple[tuple[int, int], ...]:
    return (
        (_RATE, prosody.rate_wpm),
        (_VOLUME, prosody.volume),
        (_PITCH, prosody.pitch),
        (_RANGE, prosody.pitch_range),
    )


class _Home:
    """A path to `folder` that fits into espeak-ng's buffer for it, by a link where it must."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        if len(os.fsencode(folder / "espeak-ng-data")) < _N_PATH_HOME:
            return
        self._holder = tempfile.TemporaryDirectory(prefix="espeak-")
        self.path = Path(self._holder.name, "home")
        self.path.symlink_to(folder)
