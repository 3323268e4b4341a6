"""What each command of the day prints with --json, over the demo's shop: the object that scripts rely on."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import __main__ as line
from core.commands.terminal import run
from core.settings import settings
from tests.demo_shop import Demo

Line = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Iterator[Line]:
    """The command line on a shop with the demo in it: (exit code, the one object that it printed)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "DATABASE_URL", f"sqlite:///{demo.copied_to(tmp_path_factory.mktemp('shop') / 'shop.db')}"
        )
        settings.cache_clear()

        def call(*words: str) -> tuple[int, Any]:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = run.main(line.app, [*words, "--json"])
            return code, json.loads(out.getvalue())

        assert call("init")[1].keys() >= {"schema", "migrated"}
        assert (demo.counts["goods"], demo.counts["campaigns"]) == (300, 1)
        yield call
    settings.cache_clear()


@pytest.fixture(scope="module")
def campaign(shop: Line) -> str:
    """The demo's sale."""
    code, campaigns = shop("campaign", "list")
    assert code == 0
    return str(campaigns[0]["campaign_id"])


ROWS = {
    "positions": (
        "sku_code on_hand reserved presale_committed activity_locked in_transit available_to_promise",
        False,
    ),
    "orders": ("order_id sku_code state quantity amount refund_amount paid_at", False),
    "signals": ("sku_code day visitors units_paid paid_amount", False),
    "goods": ("sku_code tier function sale_price on_hand", True),
    "margins": ("sku_code verdict", True),
}


@pytest.mark.parametrize("name", ROWS)
def test_lists_are_one_array_of_records(shop: Line, campaign: str, name: str) -> None:
    keys, of_campaign = ROWS[name]
    code, rows = shop(name, *(["--campaign", campaign] if of_campaign else []))
    assert code == 0
    assert isinstance(rows, list)
    assert rows
    assert set(keys.split()) <= set(rows[0])


@pytest.mark.parametrize("name", ["plan", "live", "staffing"])
def test_answers_about_a_sale_are_one_value(shop: Line, campaign: str, name: str) -> None:
    code, answer = shop(name, "--campaign", campaign)
    assert code == 0
    assert answer
    code, refusal = shop(name, "--campaign", "nobody")
    assert code == 1
    assert {"error", "message"} <= set(refusal)


def test_the_invariants_hold_and_say_so(shop: Line) -> None:
    code, answer = shop("check")
    assert (code, answer["ok"]) == (0, True)
    assert isinstance(answer["checks"], dict)


def test_baskets_are_priced_to_the_fen(shop: Line, tmp_path: Path) -> None:
    basket = {"lines": [{"list": 10_000, "qty": 2, "item_off": 500}], "shop_coupon": [10_000, 1_000]}
    (tmp_path / "basket.json").write_text(json.dumps({"baskets": [basket]}), encoding="utf-8")
    code, answer = shop("price", str(tmp_path / "basket.json"))
    assert code == 0
    (priced,) = answer["baskets"]
    assert (priced["total"], priced["pay"]) == (18_000, [18_000])
    assert all(set(part) >= {"rule", "by_line"} for part in priced["parts"])


@pytest.mark.parametrize(
    "words", [("import",), ("signals", "--day", "soon"), ("price",), ("nothing",), ("campaign", "add")]
)
def test_wrong_usage_is_exit_2_and_one_object(shop: Line, words: tuple[str, ...]) -> None:
    code, answer = shop(*words)
    assert (code, answer["error"]) == (2, "usage")
