import math
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sheets.values import cells
from core.sheets.values.dates import stamp_of
from core.sheets.values.spellings import FAULTS, number_of, rate_of


def texts(*written: str | None) -> pa.Array:
    return pa.array(written, pa.string())


def faults(reading: cells.Reading) -> list[str]:
    return [FAULTS[place] for place in reading.faults]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("000123", "000123"),
        ("0E123", "0E123"),
        ("1E5", "1E5"),
        ("NA", "NA"),
        ("12345.0", "12345"),
        ("#1", "#1"),
        ("No:2213", "No:2213"),
        ("No：2213", "No:2213"),
        ("１２３ＡＢ", "123AB"),
        ("\u200b00123\ufeff", "00123"),
        ("\xa000123\u3000", "00123"),
        ("\t00123", "00123"),
        ("'00123", "00123"),
        ("_x002B_86", "+86"),
        ("A_xD800_1", "A_xD800_1"),
        ("A_x0000_1", "A_x0000_1"),
        ("6901234567890", "6901234567890"),
        ("123456789012345678901234", "123456789012345678901234"),
        ("00123.0", "00123.0"),
        ("10.50", "10.50"),
        ("-", None),
        ("nan", None),
        ("'null", None),
        ("   ", None),
        ("'", None),
    ],
)
def test_codes_stay_what_they_are(written: str, code: str | None) -> None:
    reading = cells.read_codes(texts(written))
    assert faults(reading) == [""]
    assert (None if pd.isna(reading.values[0]) else reading.values[0]) == code


def test_a_code_that_a_program_has_spoilt_is_refused() -> None:
    assert faults(cells.read_codes(texts("6.9E+12", "6.91234E+17", "x" * 129))) == [
        "cell.lost_digits",
        "cell.lost_digits",
        "cell.too_long",
    ]


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1,234", 1234),
        ("12件", 12),
        ("1.2万", 12000),
        ("１２", 12),
        ("-", None),
        ("无", None),
        ("", None),
        ("-5", -5),
        ("12.0", 12),
        ("(3)", -3),
        ("+7", 7),
        ("1E3", 1000),
        ("\t12", 12),
        ("'12", 12),
        ("12 pcs", 12),
        ("nan", None),
        ("Nill", None),
        ("1，234", 1234),
        ("0", 0),
        ("−4", -4),
        ("3.5万", 35000),
        ("——", None),
    ],
)
def test_counts_as_people_write_them(written: str, count: int | None) -> None:
    reading = cells.read_integers(texts(written, "1"))
    assert faults(reading) == ["", ""]
    assert (None if pd.isna(reading.values[0]) else int(reading.values[0])) == count


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("1.5", "cell.not_whole"),
        ("1.23456万", "cell.not_whole"),
        ("abc", "cell.not_a_number"),
        ("1,23", "cell.not_a_number"),
        ("12,3456", "cell.not_a_number"),
        ("1.2.3", "cell.not_a_number"),
        ("2026-11-11 00:00:00", "cell.not_a_number"),
        ("true", "cell.not_a_number"),
        ("inf", "cell.not_a_number"),
        ("9999999999999", "cell.too_large"),
        ("99999亿", "cell.too_large"),
        ("(5", "cell.not_a_number"),
    ],
)
def test_what_is_no_count_is_said(written: str, fault: str) -> None:
    assert faults(cells.read_integers(texts(written, "1"))) == [fault, ""]


def test_counts_are_int64_unless_one_is_blank() -> None:
    assert cells.read_integers(texts("1", "2")).values.dtype == np.int64
    assert str(cells.read_integers(texts("1", None)).values.dtype) == "Int64"
    assert len(cells.read_integers(pa.nulls(3)).values) == 3


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("￥1,234.50", 123450),
        ("1234.5元", 123450),
        ("¥ 1,234.5", 123450),
        ("12.345", 1235),
        ("0.005", 1),
        ("-0.005", -1),
        ("1.005", 101),
        ("Nill", None),
        ("-", None),
        ("1.2万", 1200000),
        ("RMB 99", 9900),
        ("99.9元/件", 9990),
        ("(12.30)", -1230),
        ("69.80800554211577", 6981),
        ("1234.0049999999999", 123400),
        ("9999999999.99", 999999999999),
    ],
)
def test_amounts_are_fen_half_up(written: str, fen: int | None) -> None:
    reading = cells.read_money(texts(written))
    assert faults(reading) == [""]
    assert (None if pd.isna(reading.values[0]) else int(reading.values[0])) == fen


@given(st.lists(st.decimals(-(10**10), 10**10, places=4), min_size=1, max_size=20))
def test_no_amount_is_rounded_by_a_float(amounts: list[Decimal]) -> None:
    expected = [int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)) for amount in amounts]
    reading = cells.read_money(texts(*(f"{amount:f}" for amount in amounts)))
    assert reading.values.tolist() == expected


@pytest.mark.parametrize("written", ["$5", "US$12.00", "€ 3,50", "12 USD", "HK$8", "100港币", "£7"])
def test_an_amount_in_another_currency_is_no_yuan(written: str) -> None:
    assert faults(cells.read_money(texts(written))) == ["cell.currency"]


def test_what_is_no_amount_is_said() -> None:
    assert faults(cells.read_money(texts("价格面议", "12元起", "9" * 20))) == [
        "cell.not_an_amount",
        "cell.not_an_amount",
        "cell.too_large",
    ]


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("0.03", 0.03),
        ("3", 0.03),
        ("3%", 0.03),
        ("8.5折", 0.85),
        ("1", 1.0),
        ("120%", 1.2),
        ("5‰", 0.005),
        ("-", None),
        ("３％", 0.03),
        ("九成", "cell.not_a_rate"),
    ],
)
def test_rates_as_people_write_them(written: str, rate: float | str | None) -> None:
    reading = cells.read_rates(texts(written))
    if isinstance(rate, str):
        assert faults(reading) == [rate]
    elif rate is None:
        assert math.isnan(reading.values[0])
    else:
        assert reading.values[0] == pytest.approx(rate, abs=1e-15)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01",
        "2026/11/1",
        "2026.11.01",
        "20261101",
        "2026年11月1日",
        "2026-11-01 00:00:00",
        "46327",
        "2026-11-01T09:41:00",
        "2026/11/1 9:41",
        "2026-11-01 周日",
    ],
)
def test_days_as_exports_write_them(written: str) -> None:
    reading = cells.read_days(texts(written), "Asia/Shanghai")
    assert faults(reading) == [""]
    assert str(reading.values[0])[:10] == "2026-11-01"


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01至2026-11-07",
        "2026-11-01~2026-11-07",
        "2026/11/1-2026/11/7",
        "20261101-20261107",
        "2026-11-01 00:00:00 ~ 2026-11-07 23:59:59",
        "2026年11月1日 到 11月7日",
    ],
)
def test_a_window_is_not_a_day(written: str) -> None:
    assert faults(cells.read_days(texts(written), "Asia/Shanghai")) == ["cell.window"]


@pytest.mark.parametrize(
    "written", ["2026-02-30", "2026-13-45", "昨天", "1899-12-31 03:04:00", "12", "2026-11"]
)
def test_what_is_no_day_is_said(written: str) -> None:
    assert faults(cells.read_days(texts(written), "Asia/Shanghai")) == ["cell.not_a_day"]


def test_day_or_month_first_is_proved_by_the_whole_column_or_refused() -> None:
    reading = cells.read_days(texts("11/01/2026", "31/12/2025", None), "Asia/Shanghai")
    assert pd.Series(reading.values).dt.strftime("%Y-%m-%d").tolist()[:2] == ["2026-01-11", "2025-12-31"]
    reading = cells.read_days(texts("11/01/2026", "12/31/2025 1:30 PM"), "Asia/Shanghai")
    assert pd.Series(reading.values).dt.strftime("%Y-%m-%d").tolist() == ["2026-11-01", "2025-12-31"]
    for undecided in (("11/01/2026",), ("31/12/2025", "12/31/2025")):
        assert faults(cells.read_days(texts(*undecided), "Asia/Shanghai"))[0] == "cell.day_or_month"
    told = cells.read_days(texts("11/01/2026"), cells.Clock("Asia/Shanghai", "month"))
    assert pd.Series(told.values).dt.strftime("%Y-%m-%d").tolist() == ["2026-11-01"]


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("2026/11/1 上午 10:00:00", "10:00"),
        ("2026-11-01 下午3:05", "15:05"),
        ("2026-11-01 下午 15:05", "15:05"),
        ("2026-11-01 上午12:05", "00:05"),
        ("2026-11-01 12:05 PM", "12:05"),
        ("2026-11-01 12:05 am", "00:05"),
        ("2026-11-01 3:05 p.m.", "15:05"),
    ],
)
def test_a_half_of_the_day_moves_the_hour(written: str, clock: str) -> None:
    stamp, fault = stamp_of(written)
    assert fault == 0
    assert stamp is not None
    assert f"{stamp:%H:%M}" == clock


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ("2026-11-11", "2026-11-12 00:00"),
        ("2026年11月11日", "2026-11-12 00:00"),
        ("20261111", "2026-11-12 00:00"),
        ("2026-11-11 00:00:00", "2026-11-11 00:00"),
        ("2026-11-11 23:59:59", "2026-11-11 23:59"),
    ],
)
def test_an_end_without_a_clock_is_the_end_of_its_day(written: str, ends: str) -> None:
    reading = cells.read_ends(texts(written), "Asia/Shanghai")
    local = pd.Series(reading.values).dt.tz_convert("Asia/Shanghai")
    assert local.dt.strftime("%Y-%m-%d %H:%M").tolist() == [ends]


def test_moments_are_told_by_the_shops_clock() -> None:
    reading = cells.read_moments(
        texts("2026-11-11 00:30:00", "2026/11/11 0:30", "2026-11-10T16:30:00Z", None, "gone"), "Asia/Shanghai"
    )
    expected = datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    assert [pd.Timestamp(value).to_pydatetime() for value in reading.values[:3]] == [expected] * 3
    assert pd.isna(reading.values[3])
    assert faults(reading)[4] == "cell.not_a_moment"
    assert str(reading.values.dtype) == "datetime64[us, UTC]"


def test_choices_by_any_accepted_spelling() -> None:
    reading = cells.read_choices(
        texts("主推", "main", " 主推款 ", None, "别的"), {"主推": "main", "主推款": "main"}
    )
    assert [None if pd.isna(value) else value for value in reading.values] == [
        "main",
        "main",
        "main",
        None,
        None,
    ]
    assert faults(reading)[4] == "cell.unknown_choice"


@given(st.text(max_size=30))
def test_no_spelling_brings_a_reader_down(written: str) -> None:
    for read in (number_of, rate_of, stamp_of):
        _, fault = read(written)
        assert 0 <= fault < len(FAULTS)


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(st.characters(codec="utf-8"), max_size=20),
            st.integers(-(10**18), 10**18).map(str),
            st.floats().map(str),
        ),
        max_size=30,
    )
)
def test_no_column_brings_the_readers_down(written: list[str | None]) -> None:
    column = texts(*written)
    for reading in (
        cells.read_codes(column),
        cells.read_texts(column),
        cells.read_integers(column),
        cells.read_money(column),
        cells.read_rates(column),
        cells.read_days(column, "Asia/Shanghai"),
        cells.read_moments(column, "America/New_York"),
        cells.read_choices(column, {"a": "b"}),
    ):
        assert len(reading.values) == len(reading.faults) == len(written)


cell = st.none() | st.text("a1 \t\x1f　\xa0\u200b\u00ad\ufeff中：“", max_size=4)


@given(st.lists(cell, max_size=8), st.integers(0, 3), st.booleans())
def test_a_column_reads_as_each_of_its_cells_alone(rows: list[str | None], start: int, plain: bool) -> None:
    """A look at all bytes of a column spares most of them what only odd ones need; a part of a column is no other."""
    said = [text and text.encode("ascii", "ignore").decode() if plain else text for text in rows]
    column = pa.array(said, pa.string()).slice(min(start, len(said)))
    alone = [
        cells.as_text(pa.array([text, "中\u200b"], pa.string()))[0].as_py() for text in column.to_pylist()
    ]
    assert cells.as_text(column).to_pylist() == alone


@pytest.mark.parametrize("odd", ["1234567890123456", "-1", "1.5", "0x1F", "1e3", "1,234", "", None])
def test_a_column_of_digits_with_one_other_cell(odd: str | None) -> None:
    alone, beside = cells.read_integers(texts(odd)), cells.read_integers(texts("12", odd, "7"))
    assert faults(beside)[1] == faults(alone)[0]
    values = [[None if pd.isna(value) else value for value in reading.values] for reading in (alone, beside)]
    assert values[1] == [12, values[0][0], 7]
