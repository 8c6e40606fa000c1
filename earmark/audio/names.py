r"""Names on disk, and the identities of clips: text that messages, tables and terminals can carry.

Linux takes any bytes for a name. A byte that is no UTF-8 stands in an identity as `\xe9`; where a
name holds these very characters, its backslash stands there as `\x5c`, so that no two names share
an identity. All other names are their own identity.
"""

from __future__ import annotations

import os
import re
import shlex

_TO_ESCAPE = re.compile(r"[\udc80-\udcff]|\\(?=x(?:[89a-f][0-9a-f]|5c))")
"""What Python reads a byte as that is no UTF-8, and what would be read as an escape."""
_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f]|5c)")


def identity_of(path: str) -> str:
    r"""The identity of a clip by its path on disk, relative to the inbox.

    Examples
    --------
    >>> identity_of(os.fsdecode(b"caf\xe9.wav"))
    'caf\\xe9.wav'
    >>> identity_of("caf\\xe9.wav")
    'caf\\x5cxe9.wav'
    >>> identity_of("theo/7_theo_3.wav")
    'theo/7_theo_3.wav'
    """
    if path.isascii() and "\\" not in path:
        return path
    return _TO_ESCAPE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", path)


def on_disk(identity: str) -> str:
    """The path on disk of a clip, relative to the inbox: what `identity_of` was given."""
    if "\\x" not in identity:
        return identity
    return _ESCAPED.sub(lambda found: _character(int(found[1], 16)), identity)


def is_text(name: str) -> bool:
    """Whether a name is valid UTF-8; no message and no table can carry any other."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def shell_quoted(name: str) -> str:
    r"""The name as a word of a shell's command line, in characters that can be shown.

    Examples
    --------
    >>> shell_quoted("a b.mp3")
    "'a b.mp3'"
    >>> print(shell_quoted("line\nbreak.mp3"))
    $'line\x0abreak.mp3'
    """
    if name.isprintable():
        return shlex.quote(name)
    return f"$'{''.join(map(_in_ansi_c, name))}'"


def _character(byte: int) -> str:
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)


def _in_ansi_c(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
