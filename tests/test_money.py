"""Money: exact reading, half up, largest remainder."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from core.errors import ShopError


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1234.5", 123450),
        ("￥1,234.50", 123450),
        ("¥ 99", 9900),
        ("1234.5元", 123450),
        ("1.2万", 1_200_000),
        ("１２３", 12300),
        ("-5", -500),
        ("¥-5.00", -500),
        ("0.005", 1),
        ("0.0049", 0),
        ("3.14159", 314),
        (".5", 50),
        ("1.2亿", 12_000_000_000),
        ("99.99 元", 9999),
        ("RMB 20", 2000),
    ],
)
def test_amounts_as_people_write_them(text: str, fen: int) -> None:
    assert money.parse_fen(text) == fen


@pytest.mark.parametrize(
    "text", ["", "元", "Nill", "1,23", "1.2.3", "12e3", "--5", "-¥-5", "abc", "1万万", "nan", "inf", "1 2万a"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ShopError) as refused:
        money.parse_fen(text)
    assert refused.value.code == "money.unreadable"


def test_an_absurd_amount_is_refused() -> None:
    for text in ("99999999999999999", "9" * 50, "9" * 30 + "万"):
        with pytest.raises(ShopError, match="too_large"):
            money.parse_fen(text)


@given(st.integers(-(10**12), 10**12))
def test_written_and_read_again_is_the_same(fen: int) -> None:
    assert money.parse_fen(money.format_fen(fen)) == fen
    assert money.from_yuan(Decimal(fen).scaleb(-2)) == fen


def test_every_price_reads_exactly() -> None:
    assert all(money.parse_fen(f"{fen // 100}.{fen % 100:02d}") == fen for fen in range(1, 1_000_000, 7))


@given(st.integers(-(10**13), 10**13), st.lists(st.integers(0, 10**13), min_size=1, max_size=50))
def test_parts_sum_to_the_whole_and_stay_within_one_of_their_share(total: int, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert int(parts.sum()) == total
    whole = sum(weights) or len(weights)
    shares = [Decimal(total) * weight / whole for weight in (weights if sum(weights) else [1] * len(weights))]
    assert all(abs(part - share) < 1 for part, share in zip(parts.tolist(), shares, strict=True))


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_weights_that_cannot_be_split(weights: list[int]) -> None:
    with pytest.raises(ShopError, match="split_weights"):
        money.split(100, weights)


def test_the_published_splits(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text())["largest_remainder"]
    assert [money.split(v["total"], v["lines"]).tolist() for v in vectors[:3]] == [
        v["parts"] for v in vectors[:3]
    ]
    assert set(money.split(5000, [150] * 200).tolist()) == {25}


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_half_up_goes_away_from_zero(value: Decimal) -> None:
    nearest = money.half_up(value)
    assert abs(Decimal(nearest) - value) <= Decimal("0.5")
    if abs(Decimal(nearest) - value) == Decimal("0.5"):
        assert abs(nearest) > abs(value)


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (5_000_000_000, "¥5,000万", "¥50M"),
        (123_400, "¥1,234", "¥1.23K"),
        (1_234_567_890_123, "¥123.46亿", "¥12.35B"),
        (99, "¥0.99", "¥0.99"),
    ],
)
def test_short_amounts(fen: int, zh: str, en: str) -> None:
    assert (money.format_compact(fen, "zh"), money.format_compact(fen, "en")) == (zh, en)
