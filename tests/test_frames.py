"""Texts of frames as arrow takes them: the same rows as Python's own patterns and sets would give."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames import SPACES, among, matching

PLANE = [chr(number) for number in range(0x10000) if not 0xD800 <= number < 0xE000]
texts = st.lists(st.none() | st.text("aAｱ 　\u200b1", max_size=3), max_size=8)


@pytest.mark.parametrize("around", ["{}", "S{0}M{0}L"])
def test_blanks_are_python_s_blanks(around: str) -> None:
    said = [around.format(character) for character in PLANE]
    mine = matching(pd.Series(said, dtype="str"), f"[{SPACES}]")
    assert [text for text, hit in zip(said, mine, strict=True) if hit] == [
        text for text in said if re.search(r"\s", text)
    ]


@given(texts, st.sampled_from(["str", "object"]))
def test_a_missing_text_matches_nothing(rows: list[str | None], kind: str) -> None:
    series = pd.Series(rows, dtype=kind)
    assert matching(series, "[aｱ]").tolist() == [bool(row and re.search("[aｱ]", row)) for row in rows]


@given(texts, texts)
def test_among_is_membership(rows: list[str | None], held: list[str | None]) -> None:
    codes = {code for code in held if code is not None}
    assert among(pd.Series(rows, dtype="str"), codes).tolist() == [row in codes for row in rows]
