"""Words: both languages say the same things, every word that a page or a refusal asks for is there, figures
read as people write them."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ShopError
from core.settings import settings
from core.translations import FOLDER, flat, sentences
from pages.parts.components import text
from pages.parts.components.text import LANGUAGES, literal

ROOT = Path(__file__).resolve().parents[3]
KEY = re.compile(r"^[a-z_]+(\.[a-z0-9_]*[a-z0-9])+$")
NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(params=LANGUAGES)
def tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each language in turn, as the reader's."""
    monkeypatch.setattr(text, "language", lambda: request.param)
    return str(request.param)


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def _constants(folder: str) -> Iterator[tuple[Path, int, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        pieces = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in pieces
                and KEY.match(node.value)
                and not node.value.endswith((".xlsx", ".jsonl"))
            ):
                yield path.relative_to(ROOT), node.lineno, node.value


def test_both_languages_have_the_same_keys() -> None:
    assert set(sentences("zh")) ^ set(sentences("en")) == set()


def test_both_languages_have_the_same_blanks() -> None:
    differing = {
        key
        for key in sentences("zh")
        if _blanks(sentences("zh")[key]) != _blanks(sentences("en").get(key, ""))
    }
    assert differing == set()


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_no_key_is_written_in_two_files(tongue: text.Language) -> None:
    count = Counter(
        key
        for path in (FOLDER / tongue).glob("*.toml")
        for key in flat(tomllib.loads(path.read_text(encoding="utf-8")))
    )
    assert [key for key, times in count.items() if times > 1] == []


def test_every_word_that_a_page_names_is_there() -> None:
    tables = {key.split(".")[0] for key in sentences("zh")} - {"errors"}
    named = [(path, line, key) for path, line, key in _constants("pages") if key.split(".")[0] in tables]
    actions = set(_actions())
    said = {key for key in (one[2] for one in named) if text.known(key) or text.known(f"errors.{key}")}
    assert [one for one in named if one[2] not in said | actions] == []


def _actions() -> Iterator[str]:
    from core.access.rules import ACTIONS

    yield from ACTIONS


def _refusals() -> set[str]:
    found = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "ShopError"
                and node.args
            )
            if named and isinstance(node.args[0], ast.Constant):  # type: ignore[union-attr]
                found.add(str(node.args[0].value))  # type: ignore[union-attr]
    return found


REFUSALS = sorted(_refusals())


@pytest.mark.parametrize("room", sorted({code.split(".")[0] for code in REFUSALS}))
def test_every_refusal_has_its_sentence(room: str) -> None:
    codes = [code for code in REFUSALS if code.split(".")[0] == room]
    missing = {
        tongue: [code for code in codes if f"errors.{code}" not in sentences(tongue)] for tongue in LANGUAGES
    }
    assert missing == {tongue: [] for tongue in LANGUAGES}


def test_a_missing_key_shows_itself_and_a_missing_blank_an_ellipsis(tongue: str) -> None:
    assert text.t("nowhere.at_all") == "nowhere.at_all"
    assert "…" in text.t("common.shown")


def test_an_unknown_refusal_names_its_code(tongue: str) -> None:
    assert "no.such_code" in text.error_text(ShopError("no.such_code", fact=1)).replace("\\", "")


def test_blanks_are_shown_literally_in_markdown_and_as_they_are_elsewhere(tongue: str) -> None:
    assert text.t("common.error_id", id="*x*").endswith("\\*x\\*")
    assert text.plain("common.error_id", id="*x*").endswith("*x*")


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (5_000_000_000, "¥5,000万", "¥50M"),
        (99_950, "¥1,000", "¥1,000"),
        (-990_000_000, "-¥990万", "-¥9.9M"),
        (10**10, "¥1亿", "¥100M"),
    ],
)
def test_money_on_cards(value: int, zh: str, en: str, tongue: str) -> None:
    assert text.money_short(value) == {"zh": zh, "en": en}[tongue]


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [(999, "999", "999"), (12_345, "1.23万", "12.35K"), (120_000_000, "1.2亿", "120M"), (0, "0", "0")],
)
def test_counts_on_cards(value: int, zh: str, en: str, tongue: str) -> None:
    assert text.number_short(value) == {"zh": zh, "en": en}[tongue]


def test_numbers_rates_and_points(tongue: str) -> None:
    assert [text.number(n) for n in (1200, 103.4, 0.5, 2.0, -3.456)] == [
        "1,200",
        "103.4",
        "0.5",
        "2",
        "-3.46",
    ]
    assert text.number(1.25, 1, sign=True) == "+1.2"
    assert text.percent(0.1234) == "12.3%"
    assert text.points(0.005).startswith("+0.5")


@pytest.mark.parametrize(
    ("age", "zh"), [(20, "刚刚"), (300, "5 分钟前"), (7_300, "2 小时前"), (200_000, "2 天前")]
)
def test_the_age_of_a_figure(age: int, zh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "zh")
    assert text.ago(NOW - timedelta(seconds=age), NOW) == zh


def test_moments_are_on_the_campaigns_clock(tongue: str) -> None:
    assert text.time(NOW, "Asia/Shanghai") == {"zh": "11-10 20:00", "en": "10 Nov 20:00"}[tongue]


def test_a_long_list_is_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "zh")
    assert text.plain("errors.import.unknown_kind", kind="x", kinds=list("abcdefg")).count("、") == 4
    assert "7" in text.plain("errors.import.unknown_kind", kind="x", kinds=list("abcdefg"))


@given(st.text(max_size=60))
def test_literal_text_loses_nothing_but_its_line_breaks(name: str) -> None:
    shown = re.sub(r"\\(.)", r"\1", literal(name)).replace("\u2060", "")
    assert shown == re.sub(r"\s+", " ", name).strip().replace("\u2060", "")


@given(st.text(alphabet="*_`[]()<>#$:-~|\\!a ", max_size=40))
def test_literal_text_leaves_no_mark_unescaped(name: str) -> None:
    assert re.search(r"(?<!\\)(?:\\\\)*[*_`\[\]<>#$~|]", literal(name)) is None


@pytest.mark.parametrize(
    ("wish", "zh", "en"), [("auto", True, False), ("yes", True, True), ("no", False, False)]
)
def test_a_rise_is_red_in_chinese_and_green_in_english_unless_the_setting_says(
    wish: str, zh: bool, en: bool, tongue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "rise_is_red", wish)
    assert text.rise_is_red() == {"zh": zh, "en": en}[tongue]


ONE_WORD = {
    "zh": (
        r"缺成本|无成本|没成本|没有成本|成本未填",  # 待补成本
        r"没有价格|没有定价|没定价|未标价|没有活动价",  # 未定价
        r"没有往期|无往期|无往届|没有历史大促",  # 没有往届
        r"没有商品日报|还没有日报|无日报|缺日报",  # 没有日报
    ),
    "en": (
        r"[Nn]o cost\b|without (a )?cost\b|costs? unknown|missing cost",  # cost missing
        r"[Nn]o (sale )?price\b(?! (per|would|and))|without (a )?price\b|not priced",  # unpriced
        r"without (any )?past (sale|day)|no past day|no earlier sale",  # no past sale
        r"[Nn]o (daily )?report\b|without (daily )?reports|no daily report yet",  # no daily reports
    ),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_missing_thing_has_one_word_on_every_page(language: str) -> None:
    """待补成本, 未定价, 没有往届, 没有日报; cost missing, unpriced, no past sale, no daily reports."""
    said = sentences(language)
    others = [
        f"{key}: {text}"
        for key, text in said.items()
        if not key.startswith(("errors.", "changed."))
        for variant in ONE_WORD[language]
        if re.search(variant, text)
    ]
    assert others == []
    assert {said["state.no_cost"].lower(), said["replenishment_state.no_cost"].lower()} == {
        {"zh": "待补成本", "en": "cost missing"}[language]
    }
