"""Text cells of one column as typed values: vectorised where cells are plain, one look at each distinct odd
spelling otherwise.

Each reader takes a text array (null = blank) and gives a `Reading`. A fault is a code below "cell."; 0 in
`faults` means none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core import clock
from core.sheets.values.dates import Evidence, Order, evidence, stamp_of
from core.sheets.values.spellings import (
    FAULT,
    INVISIBLE,
    LARGEST_COUNT,
    fen_of,
    fold,
    number_of,
    rate_of,
    says_nothing,
)

LONGEST_CODE, LONGEST_TEXT, LONGEST_SPELLING = 128, 4000, 128
_DIGITS = 15  # so many a float holds exactly
_PLAIN = rf"^-?\d{{1,{_DIGITS}}}(?:\.\d{{1,17}})?$"
_SHORT_DATE = r"^\s*['’]?\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b"
_INVISIBLE_LEADS = (b"\xc2", b"\xe2", b"\xef\xbb")  # how characters that nobody sees begin in UTF-8
_LITERAL_NULLS = ("nan", "null", "'null", "(null)", "-", "--", "—", "——", "NULL", "NaN", "<NA>")


@dataclass(frozen=True, slots=True)
class Reading:
    """A column read: values (pandas array, missing where blank or faulty) and one fault place a cell."""

    values: Any
    faults: np.ndarray


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One chunk of text, outer blanks and invisible characters gone, blank = null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # an empty column has no chunk to combine
        array = pa.array([], pa.string())
    if array.type != pa.string():
        return array.cast(pa.string())
    if pc.all(pc.string_is_ascii(array)).as_py():
        if _is_bare(array):
            return array
    elif any(map(_said(array).__contains__, _INVISIBLE_LEADS)):
        marked = pc.match_substring_regex(array, INVISIBLE)
        if pc.any(marked).as_py():
            array = pc.if_else(marked, pc.replace_substring_regex(array, INVISIBLE, ""), array)
    array = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(array, ""), None, array)


def _said(array: pa.Array) -> bytes:
    """The bytes of all cells of an array of texts, one after the other."""
    ends, text = _laid(array)
    return text[ends[0] : ends[-1]].tobytes()


def _laid(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(where the cells begin, and the last one ends; the bytes) of an array of texts."""
    _, ends, text = array.buffers()
    begun = np.frombuffer(ends, np.int32)[array.offset : array.offset + len(array) + 1]
    return begun, np.frombuffer(text or b"", np.uint8)


def _is_bare(array: pa.Array) -> bool:
    """Whether no cell of an array of ASCII texts is blank, or begins or ends with a blank."""
    ends, text = _laid(array) if len(array) and not array.null_count else (np.zeros(2), np.zeros(0))
    return bool((np.diff(ends) > 0).all() and min(text[ends[:-1]].min(), text[ends[1:] - 1].min()) > ord(" "))


def _distinct(
    array: pa.Array, where: np.ndarray, read: Callable[[str], tuple[object, int]]
) -> tuple[np.ndarray, list[Any], np.ndarray]:
    """Reads each distinct text among the cells at `where` once: (index into the values for each such cell,
    values, faults).

    No spelling of a value is long; a text that is gets no look at all, since patterns take their time over
    long texts.
    """
    coded = array.take(pa.array(where)).dictionary_encode()
    too_long: tuple[object, int] = (None, FAULT["cell.too_long"])
    pairs = [
        read(text) if len(text) <= LONGEST_SPELLING else too_long for text in coded.dictionary.to_pylist()
    ]
    places = coded.indices.to_numpy(zero_copy_only=False)
    return places, [value for value, _ in pairs], np.array([fault for _, fault in pairs], dtype=np.int8)


def _mask(array: pa.Array) -> np.ndarray:
    mask: np.ndarray = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return mask


def _plain(array: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(float64 value, plain mask, odd mask): plain numbers are cast at once, grouped ones after their commas
    are gone."""
    plain = pc.and_(pc.ascii_is_decimal(array), pc.less_equal(pc.binary_length(array), _DIGITS))
    if not pc.all(plain).as_py():
        plain = pc.match_substring_regex(array, _PLAIN)
    if not pc.all(plain).as_py():
        grouped = pc.match_substring_regex(array, r"^[¥￥]?-?\d{1,3}(,\d{3})+(\.\d+)?元?$")
        if pc.any(grouped).as_py():
            array = pc.if_else(grouped, pc.replace_substring_regex(array, "[,¥￥元]", ""), array)
            plain = pc.match_substring_regex(array, _PLAIN)
    numbers = pc.cast(pc.if_else(plain, array, None), pa.float64()).to_numpy(zero_copy_only=False)
    is_plain = _mask(plain)
    return numbers, is_plain, _mask(array.is_valid()) & ~is_plain


def _whole(values: np.ndarray, missing: np.ndarray) -> object:
    """int64 where nothing is missing, else Int64."""
    if not missing.any():
        return values
    return pd.arrays.IntegerArray(np.where(missing, 0, values), missing)


def read_integers(column: pa.Array) -> Reading:
    """Counts as int64 (Int64 where some are blank)."""
    array = as_text(column)
    numbers, plain, odd = _plain(array)
    faults = np.zeros(len(array), np.int8)
    whole = plain & (np.floor(numbers) == numbers)
    faults[plain & ~whole] = FAULT["cell.not_whole"]
    large = whole & (np.abs(numbers) > LARGEST_COUNT)
    faults[large] = FAULT["cell.too_large"]
    values = np.where(whole & ~large, np.nan_to_num(numbers), 0).astype(np.int64)
    known = whole & ~large
    return _with_odd(array, values, known, odd, faults, number_of)


def read_money(column: pa.Array) -> Reading:
    """Yuan as fen, half up: floats only where a hundredfold is a whole number beyond doubt, exact decimals
    otherwise."""
    array = as_text(column)
    numbers, plain, odd = _plain(array)
    faults = np.zeros(len(array), np.int8)
    scaled = np.nan_to_num(numbers) * 100
    nearest = np.rint(scaled)
    sure = plain & (np.abs(scaled - nearest) < 1e-3) & (np.abs(scaled) < 1e11)
    return _with_odd(
        array, np.where(sure, nearest, 0).astype(np.int64), sure, odd | (plain & ~sure), faults, fen_of
    )


def _with_odd(
    array: pa.Array,
    values: np.ndarray,
    known: np.ndarray,
    odd: np.ndarray,
    faults: np.ndarray,
    read: Callable[[str], tuple[int | None, int]],
) -> Reading:
    if odd.any():
        where = np.flatnonzero(odd)
        places, found, found_faults = _distinct(array, where, read)
        values[where] = np.array([value or 0 for value in found], dtype=np.int64)[places]
        known[where] = np.array([value is not None for value in found])[places]
        faults[where] = found_faults[places]
    return Reading(_whole(values, ~known), faults)


def read_rates(column: pa.Array) -> Reading:
    """Rates as float64, NaN where blank."""
    array = as_text(column)
    numbers, _, odd = _plain(array)
    faults = np.zeros(len(array), np.int8)
    values = np.where(np.abs(numbers) > 1, numbers / 100, numbers)
    if odd.any():
        where = np.flatnonzero(odd)
        places, found, found_faults = _distinct(array, where, rate_of)
        values[where] = np.array([np.nan if value is None else value for value in found], dtype=float)[places]
        faults[where] = found_faults[places]
    return Reading(values, faults)


def read_texts(column: pa.Array) -> Reading:
    """Texts as `str`; a literal `nan` or `'null` of an export is blank."""
    array = as_text(column)
    array = pc.if_else(pc.is_in(array, pa.array(_LITERAL_NULLS)), None, array)
    return _strings(array, LONGEST_TEXT)


def _strings(array: pa.Array, longest: int) -> Reading:
    faults = np.zeros(len(array), np.int8)
    if (pc.max(pc.utf8_length(array)).as_py() or 0) > longest:
        faults[_mask(pc.greater(pc.utf8_length(array), longest))] = FAULT["cell.too_long"]
    return Reading(pd.Series(array, dtype="str").array, faults)


def read_codes(column: pa.Array) -> Reading:
    """Codes as `str`, leading zeros kept: width folded, invisible characters and a protecting apostrophe
    gone, `_x002B_` is `+`, `12345.0` is `12345`.

    `6.9E+12` is a code that a program has already spoilt: "cell.lost_digits". (`0E123` and `1E5` are codes.)
    """
    array = as_text(column)
    if not pc.all(pc.string_is_ascii(array)).as_py():
        array = pc.utf8_trim_whitespace(pc.utf8_normalize(array, "NFKC"))
    for having, marked, pattern in (
        ("'", r"^['`]", r"^['`]+\s*"),
        ("`", r"^['`]", r"^['`]+\s*"),
        (".0", r"^(?:[1-9]\d*|0)\.0+$", r"\.0+$"),
    ):
        if _has(array, having):
            matched = pc.match_substring_regex(array, marked)
            array = pc.if_else(matched, pc.replace_substring_regex(array, pattern, ""), array)
    if _has(array, "_x") and pc.any(pc.match_substring_regex(array, "_x[0-9A-Fa-f]{4}_")).as_py():
        texts = [
            re.sub("_x([0-9A-Fa-f]{4})_", _unescaped, text) if text else text for text in array.to_pylist()
        ]
        array = pc.utf8_trim_whitespace(pa.array(texts, pa.string()))
    array = pc.if_else(pc.is_in(array, pa.array(("", "null", *_LITERAL_NULLS))), None, array)
    reading = _strings(array, LONGEST_CODE)
    if _has(array, "+"):
        spoilt = _mask(pc.match_substring_regex(array, r"^\d\.\d+[Ee]\+\d{1,3}$"))
        reading.faults[spoilt] = FAULT["cell.lost_digits"]
    return reading


def _has(array: pa.Array, piece: str) -> bool:
    """Whether any text holds a piece: found five times as fast as a pattern."""
    return bool(pc.any(pc.match_substring(array, piece)).as_py())


def _unescaped(match: re.Match[str]) -> str:
    """The character that `_x002B_` writes; one that nobody can see or store (a control, half of a pair) stays
    as it is written."""
    character = chr(int(match[1], 16))
    return character if character.isprintable() else match[0]


@dataclass(frozen=True, slots=True)
class Clock:
    """How times are read: the zone of the sheet's clock, and which number of 02/01/2024 comes first ("" lets
    the column's own dates decide)."""

    zone: str = clock.SHANGHAI
    order: Order = ""


def column_evidence(column: pa.ChunkedArray | pa.Array) -> Evidence:
    """What the short dates of a column prove about the order of day and month."""
    array = as_text(column)
    short = array.filter(pc.fill_null(pc.match_substring_regex(array, _SHORT_DATE), False))
    return evidence(text for text in pc.unique(short).to_pylist() if len(text) <= LONGEST_SPELLING)


def _stamps(array: pa.Array, reading: Clock) -> tuple[np.ndarray, np.ndarray]:
    """datetime64[us] wall-clock times (NaT where blank or faulty) and faults; a time with its own offset is
    told in the zone's clock."""
    order = reading.order or column_evidence(array).order
    plain = pc.match_substring_regex(
        array, r"^(?:199\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$"
    )
    stamps = (
        pc.cast(pc.if_else(plain, array, None), pa.timestamp("us"))
        .to_numpy(zero_copy_only=False)
        .astype("datetime64[us]")
    )
    faults = np.zeros(len(array), np.int8)
    odd = _mask(array.is_valid()) & ~_mask(plain)
    if odd.any():
        where = np.flatnonzero(odd)
        places, found, found_faults = _distinct(array, where, lambda text: stamp_of(text, order))
        local = [
            stamp.astimezone(clock.zone(reading.zone)).replace(tzinfo=None)
            if stamp and stamp.tzinfo
            else stamp
            for stamp in found
        ]
        stamps[where] = np.array(local, dtype="datetime64[us]")[places]
        faults[where] = found_faults[places]
    return stamps, faults


def read_days(column: pa.Array, zone: str | Clock) -> Reading:
    """Days as datetime64[s] at midnight; the time of day of a moment is dropped."""
    stamps, faults = _stamps(as_text(column), _clock(zone))
    return Reading(pd.Series(stamps.astype("datetime64[D]").astype("datetime64[s]")).array, faults)


def _clock(zone: str | Clock) -> Clock:
    return Clock(zone) if isinstance(zone, str) else zone


def read_moments(column: pa.Array, zone: str | Clock) -> Reading:
    """Moments as datetime64[us, UTC]; the sheet's clock is the zone's. A time that the zone skips or has
    twice is the later offset's."""
    stamps, faults = _stamps(as_text(column), _clock(zone))
    return _moments(stamps, faults, _clock(zone).zone)


def _moments(stamps: np.ndarray, faults: np.ndarray, zone: str) -> Reading:
    faults[faults == FAULT["cell.not_a_day"]] = FAULT["cell.not_a_moment"]
    local = pd.Series(stamps).dt.tz_localize(
        clock.zone(zone), ambiguous=np.zeros(len(stamps), bool), nonexistent="shift_forward"
    )
    return Reading(local.dt.tz_convert("UTC").array, faults)


_BARE_DAY = r"^\s*['’]?(?:\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s*(?:星期|周)[一二三四五六日天])?|\d{8}|\d{5})\s*$"


def read_ends(column: pa.Array, zone: str | Clock) -> Reading:
    """Moments at which something ends, as `read_moments`: a day without a clock means the end of that day,
    which is the first moment of the next one."""
    array = as_text(column)
    stamps, faults = _stamps(array, _clock(zone))
    bare = _mask(pc.match_substring_regex(pc.utf8_normalize(array, "NFKC"), _BARE_DAY))
    stamps[bare] += np.timedelta64(1, "D")
    return _moments(stamps, faults, _clock(zone).zone)


def read_choices(column: pa.Array, choices: Mapping[str, str]) -> Reading:
    """Choices as their codes, by any accepted spelling, width and case folded."""
    array = as_text(column)
    known = {fold(spelling).casefold(): code for spelling, code in choices.items()} | {
        code.casefold(): code for code in choices.values()
    }

    def read(text: str) -> tuple[str | None, int]:
        """The code that a spelling stands for."""
        folded = fold(text).casefold()
        code = known.get(folded)
        return (code, 0) if code is not None or says_nothing(folded) else (None, FAULT["cell.unknown_choice"])

    faults = np.zeros(len(array), np.int8)
    values: np.ndarray = np.full(len(array), None, object)
    where = np.flatnonzero(_mask(array.is_valid()))
    if len(where):
        places, found, found_faults = _distinct(array, where, read)
        values[where] = np.array(found, dtype=object)[places]
        faults[where] = found_faults[places]
    return Reading(pd.Series(values, dtype="str").array, faults)
