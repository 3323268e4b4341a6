"""Each question about a sheet, answered on the screen: what is written then is what the answer means."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.database import Database, read
from core.orders.tables import order_line
from core.stock import ledger
from tests.pages import visiting

PAID_AT = "2026-11-11 00:10:00"
ORDERS = "订单号,商品编码,数量,实付金额,付款时间\n"
Act = Callable[[AppTest], object]


def _stock() -> None:
    from core.access import Actor
    from core.stock.sheet import STOCK
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext
    from pages.parts.upload.flow import upload
    from tests.conftest import NOW

    upload(PageContext(visitor.database(), Actor("root", "admin"), NOW), STOCK, key="up")


def _orders() -> None:
    from core.access import Actor
    from core.orders.sheet import ORDERS
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext
    from pages.parts.upload.flow import upload
    from tests.conftest import NOW

    upload(PageContext(visitor.database(), Actor("root", "admin"), NOW), ORDERS, key="up")


def press(end: str) -> Act:
    """Presses the button whose key ends so."""
    return lambda page: next(b for b in page.button if str(b.key).endswith(end)).click().run()


def choose(end: str, answer: str) -> Act:
    """Chooses in the radio whose key ends so."""
    return lambda page: next(r for r in page.radio if str(r.key).endswith(end)).set_value(answer).run()


def fill(end: str, value: float) -> Act:
    """Fills in the number whose key ends so."""
    return lambda page: next(n for n in page.number_input if str(n.key).endswith(end)).set_value(value).run()


def tick(part: str) -> Act:
    """Ticks the box whose key holds that."""
    return lambda page: next(c for c in page.checkbox if part in str(c.key)).check().run()


BELOW = "仓库,SKU编码,库存数量\n甲仓,A,3\n,B,4\n残次仓,C,5\n,D,6\n"
MATRIX = "款号,S,M\nK1,1,2\nK2,3,4\n"
TWICE = "商品编码,库存,在途库存,调拨在途\nA,10,4,5\n"
TOTAL = "商品编码,仓库,总库存\nA,甲,10\nA,乙,10\nB,甲,2\n"
ALIKE = "商品编码,库存\na1,3\nA1,4\n"
MOSTLY = "SKU编码,库存数量\n" + "".join(f"A{at // 2},{at}\n" for at in range(24)) + "B,5\n"


@pytest.mark.parametrize(
    ("sheet", "answers", "on_hand"),
    [
        pytest.param(
            "商品编码,颜色,库存\nA,红,3\nA,蓝,4\n", [press("_several")], {"A-红": 3, "A-蓝": 4}, id="key"
        ),
        pytest.param("商品编码,颜色,库存\nA,红,3\nA,蓝,4\n", [press("_one")], {"A": 7}, id="one product"),
        pytest.param(BELOW, [press("_below_same")], {"A": 3, "B": 4, "C": 0, "D": 0}, id="blanks below"),
        pytest.param(
            BELOW, [press("_below_nothing")], {"A": 3, "B": 4, "C": 0, "D": 6}, id="blanks are blank"
        ),
        pytest.param(
            "款号,尺码,库存数量\nK1,S/M/L,30\n", [press("_sizes_one")], {"K1": 30}, id="sizes in a cell"
        ),
        pytest.param(
            MATRIX, [press("_several")], {"K1-S": 1, "K1-M": 2, "K2-S": 3, "K2-M": 4}, id="sizes across"
        ),
        pytest.param(
            MATRIX, [press("_one"), choose("_fit_on_hand", "S+M")], {"K1": 3, "K2": 7}, id="the style"
        ),
        pytest.param(TWICE, [choose("_fit_in_transit", "调拨在途")], {"A": 10}, id="two columns"),
        pytest.param(TOTAL, [press("_each_own")], {"A": 20, "B": 2}, id="each row's own"),
        pytest.param(ALIKE, [tick("_distinct")], {"a1": 3, "A1": 4}, id="look alike"),
        pytest.param(MOSTLY, [tick("_partial_")], {"B": 5}, id="most refused"),
    ],
)
def test_a_question_about_stock_is_answered_on_the_screen(
    sqlite: Database,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
    sheet: str,
    answers: list[Act],
    on_hand: dict[str, int],
) -> None:
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = uploaded(_stock, sheet)
    write(page, answers)
    with sqlite.reading() as connection:
        assert ledger.positions(connection)["on_hand"].to_dict() == on_hand


@pytest.mark.parametrize(
    ("sheet", "answers", "fen", "day"),
    [
        pytest.param(
            f"{ORDERS}1,A,1,100,01/02/2026 10:00\n",
            [choose("_day_order", "month")],
            10000,
            "2026-01-02",
            id="dates",
        ),
        pytest.param(
            f"币种,{ORDERS}美元,1,A,1,100,{PAID_AT}\n",
            [fill("_rate_USD", 7.1)],
            71000,
            "2026-11-10",
            id="rates",
        ),
    ],
)
def test_a_question_about_orders_is_answered_on_the_screen(
    sqlite: Database,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
    sheet: str,
    answers: list[Act],
    fen: int,
    day: str,
) -> None:
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    write(uploaded(_orders, sheet), answers)
    with sqlite.reading() as connection:
        (line,) = read(connection, select(order_line.c.amount, order_line.c.paid_at)).itertuples()
    assert (line.amount, str(line.paid_at)[:10]) == (fen, day)


def uploaded(script: Callable[[], None], sheet: str) -> AppTest:
    """The page with the sheet dropped onto it."""
    page = AppTest.from_function(script, default_timeout=60).run()
    page.file_uploader[0].set_value(("a.csv", sheet.encode("utf-8-sig"), "text/csv")).run()
    assert not page.exception
    return page


def write(page: AppTest, answers: list[Act]) -> None:
    """Nothing can be written before the answers; then it is."""
    assert all(button.disabled for button in page.button if button.key == "up_write")
    for answer in answers:
        answer(page)
        assert not page.exception
    page.button(key="up_write").click().run()
    assert not page.exception
    assert page.success
