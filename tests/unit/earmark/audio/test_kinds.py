"""What a file is, told by its content and by the ending of its name."""

from __future__ import annotations

import pytest

from earmark.audio.kinds import Kind, by_content, passed_line
from tests.wavs import wav


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (wav(), Kind.CLIP),
        (b"About", Kind.TEXT),
        ("caf\xe9".encode()[:-1], Kind.TEXT),
        (b"\0\1\2", Kind.OTHER),
        (b"\xff\xfe\xfd", Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_a_file_without_an_ending_is_what_its_first_bytes_say(head: bytes, kind: Kind) -> None:
    assert by_content("README", head) is kind


def test_bytes_of_no_known_kind_are_a_clip_where_the_name_says_audio() -> None:
    unknown = b"\x1aE\xdf\xa3\0\0"

    assert by_content("memo.webm", unknown) is Kind.CLIP
    assert by_content("memo.bin", unknown) is Kind.OTHER
    assert by_content("memo.webm", b"") is Kind.OTHER


def test_what_was_passed_over_is_one_line() -> None:
    assert passed_line({"text": 1}) == "1 file: 1 text"
    assert passed_line({"text": 1_234}) == "1,234 files: 1,234 text"
    assert passed_line({"text": 1, "ignored folders": 2}) == (
        "3 files and folders: 1 text, 2 ignored folders"
    )
