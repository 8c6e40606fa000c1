"""What a file is by its content, whatever its name says."""

from __future__ import annotations

WAV_FORMS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
"""First four bytes of a wav file; RIFX is big-endian, the last two have 64-bit sizes."""
W64_START = bytes.fromhex("726966662e91cf11a5d628db04c10000")
"""Sony Wave64 begins with this GUID."""

_MAGIC = {
    b".snd": "AU",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"caff": "CAF",
    b"#!AMR": "AMR",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"NIST_1A\n": "NIST SPHERE",
    bytes.fromhex("3026b2758e66cf11"): "WMA",
}
_MP4_BRANDS = (b"M4A", b"M4B", b"mp4", b"iso", b"3gp", b"3g2", b"qt", b"dash", b"avc", b"MSNV")
_KILOBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of layer III in MPEG 1, and in MPEG 2 and 2.5 (ISO 11172-3, 13818-3)."""
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def audio_kind(head: bytes) -> str | None:
    """Tell which kind of audio file begins with some bytes.

    Parameters
    ----------
    head
        The first bytes of the file: a few thousand of them, or all there are.

    Returns
    -------
    str or None
        Such as "wav", "W64", "AIFF", "AU", "MP3", "FLAC", "Ogg", "M4A/MP4"; None when it is no
        audio that is known by its content. Of what follows an ID3 tag that fills `head`, MP3 is
        assumed.

    Examples
    --------
    >>> audio_kind(b"fLaC\\0\\0\\0\\x22")
    'FLAC'
    >>> audio_kind(b"path,digit")
    """
    tag_bytes = id3_bytes(head)
    if tag_bytes:
        rest = head[tag_bytes:]
        return (audio_kind(rest) if rest else None) or "MP3"
    if head[:16] == W64_START:
        return "W64"
    if head[:4] in WAV_FORMS and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    if head[4:8] == b"ftyp" and head[8:12].startswith(_MP4_BRANDS):
        return "M4A/MP4"
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    return _by_frames(head)


def id3_bytes(head: bytes) -> int:
    """Length of an ID3v2 tag in front of the file (bytes); 0 when there is none."""
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 0x7F:
        return 0
    size = 0
    for each in head[6:10]:
        size = size << 7 | each
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def _by_frames(head: bytes) -> str | None:
    """MP3 and AAC have no file header: two frames in a row, or one that is all there is."""
    for kind, length_of in (("MP3", _mp3_frame_bytes), ("AAC", _adts_frame_bytes)):
        length = length_of(head[:7])
        if length and (len(head) <= length or length_of(head[length : length + 7])):
            return kind
    return None


def _mp3_frame_bytes(frame: bytes) -> int:
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return 0
    version, bit_rate, rate = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3
    if version == 1 or bit_rate in (0, 15) or rate == 3:
        return 0
    bits = _KILOBITS[3 if version == 3 else 2][bit_rate] * 1_000
    return (144 if version == 3 else 72) * bits // _RATES[version][rate] + (frame[2] >> 1 & 1)


def _adts_frame_bytes(frame: bytes) -> int:
    if len(frame) < 7 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:
        return 0
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length > 7 and frame[2] >> 2 & 15 < 13 else 0
