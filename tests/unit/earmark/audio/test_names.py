"""Every name on disk has an identity that is text, and no two share one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.names import identity_of, is_text, on_disk, shell_quoted
from earmark.terminal import printable

NAMES = st.one_of(
    st.binary(max_size=20),
    st.lists(st.sampled_from([b"\\x", b"\\", b"5c", b"e9", b"\xe9", b"x", "é".encode()])).map(
        b"".join
    ),
).map(os.fsdecode)


@given(NAMES)
def test_an_identity_is_text_and_leads_back_to_the_name(name: str) -> None:
    identity = identity_of(name)

    assert is_text(identity)
    assert on_disk(identity) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\\")))
def test_a_name_that_is_text_is_its_own_identity(name: str) -> None:
    assert identity_of(name) == on_disk(name) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_identity_leads_to_another_folder(identity: str) -> None:
    assert on_disk(identity).count("/") == identity.count("/")
    assert on_disk(identity).split("/").count("..") == identity.split("/").count("..")


def test_what_would_command_a_terminal_is_shown_as_a_question_mark() -> None:
    assert printable("a\x1b[31m\n\udce9.wav") == "a?[31m??.wav"


@pytest.mark.parametrize("name", [b"a b", b"it's", b"caf\xe9", b"\xc3\xa9", b"li\ne", b"\\x41'\n"])
def test_a_quoted_name_is_that_name_to_a_shell(name: bytes) -> None:
    quoted = shell_quoted(os.fsdecode(name))

    said = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)

    assert quoted.isprintable()
    assert said.stdout == name


def test_a_path_is_told_with_slashes_as_it_is() -> None:
    assert identity_of(Path("theo", "7_theo_3.wav").as_posix()) == "theo/7_theo_3.wav"
