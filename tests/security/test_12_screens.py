"""All screens on PostgreSQL, for each role, over goods with names that try to be something else: nothing fails, and
nobody sees a page that is not their role's."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from core import clock
from core.access import Actor, allowed
from core.access.rules import ROLES
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.goods.sheet import GOODS
from core.imports import service as imports
from core.sheets import writer
from core.stock.sheet import STOCK
from pages.parts.shell.menu import MENU, standing
from tests.security.conftest import Server, kinds, opened_page

NAMES: list[str] = json.loads((Path(__file__).parent / "hostile" / "names.json").read_text("utf-8"))
PAGES = [entry.page for entry in standing()]
BOSS = Actor("boss", "admin", "cli")


@pytest.fixture(scope="module")
def shop(postgres_shop: Server) -> Server:
    """The PostgreSQL server with a campaign and goods."""
    now, db = clock.now(), postgres_shop.database
    codes = [f"H{n:03d}" for n in range(len(NAMES))]
    sheets = [
        (GOODS, {"sku_code": codes, "name": NAMES}, {"sku_code": "商品编码", "name": "商品名称"}),
        (
            STOCK,
            {"sku_code": codes, "on_hand": [100] * len(codes)},
            {"sku_code": "商品编码", "on_hand": "实物库存"},
        ),
    ]
    for kind, columns, titles in sheets:
        shown = [(name, titles[name], "integer" if name == "on_hand" else "text") for name in columns]
        content = writer.export(pd.DataFrame(columns), shown, "表", "zh")
        imports.commit(db, BOSS, imports.check(imports.inspect(db, BOSS, kind, content, "a.xlsx")), now=now)
    campaigns.add_sale(
        db, BOSS, NewSale("=11.11 <b>", now - timedelta(hours=1), now + timedelta(days=1)), now=now
    )
    return postgres_shop


def visit(server: Server, role: str, page: str) -> list[str]:
    """The kinds of elements that the page draws for the role."""
    with opened_page(server, server.token(role), run=False) as opened:
        return kinds(opened.rerun(page=page))


def assert_quiet(server: Server, visits: list[tuple[str, str]]) -> None:
    """Each page of each role is drawn without a fault; one that is not the role's is an alert and nothing of it."""
    actions = {entry.page: entry.action for entry in MENU}
    for role, page in visits:
        drawn = visit(server, role, page)
        assert "exception" not in drawn, (role, page)
        if not allowed(Actor("x", role), actions[page]):
            assert not {"arrow_data_frame", "vega_lite_chart"} & set(drawn), (role, page)
    faults = [line for line in server.log().splitlines() if '"unexpected"' in line]
    assert faults == []


@pytest.mark.postgres
def test_each_page_and_each_role_on_postgresql(shop: Server) -> None:
    """The administrator on every page, each other role on two of its own and one that is not."""
    actions = {entry.page: entry.action for entry in MENU}
    visits = [("admin", page) for page in PAGES]
    for n, role in enumerate(one for one in ROLES if one != "admin"):
        mine = [page for page in PAGES if allowed(Actor("x", role), actions[page])]
        others = [page for page in PAGES if page not in mine]
        visits += [(role, mine[n % len(mine)]), (role, mine[-1])] + [(role, page) for page in others[:1]]
    assert_quiet(shop, visits)


@pytest.mark.soak
@pytest.mark.postgres
def test_every_page_for_every_role_on_postgresql(shop: Server) -> None:
    assert_quiet(shop, [(role, page) for role in ROLES for page in PAGES])
