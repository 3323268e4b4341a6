"""What waits for a second person, in words: nobody decides on an id of 32 digits."""

from __future__ import annotations

import pytest

from pages.parts.admin import approvals


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("c0ffee/live/0110104", "0110104 · 爆发 · 双十一"),
        ("c0ffee/limits/3", "双十一"),
        ("lin", "lin"),
        ("gone/live/0110104", "gone/live/0110104"),
    ],
)
def test_a_subject_is_named_by_good_phase_and_sale(
    subject: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.parts.components.text.language", lambda: "zh")
    assert approvals._subject(subject, {"c0ffee": "双十一"}) == words
