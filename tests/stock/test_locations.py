"""Where units lie comes back with an import that is taken back, on both databases."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports import service
from core.sheets import writer
from core.stock import locations
from core.stock import service as service_of_stock
from core.stock.sheet import STOCK
from tests.imports.test_import import bring


def _sheet(parts: dict[str, int]) -> bytes:
    frame = pd.DataFrame({"sku_code": "00123", "location": list(parts), "on_hand": list(parts.values())})
    titles = {field.name: field.title("zh") for field in STOCK.spec.fields}
    kinds = {"sku_code": "code", "location": "text", "on_hand": "integer"}
    return writer.export(frame, [(name, titles[name], kind) for name, kind in kinds.items()], "表", "zh")


def test_where_units_lie_is_told_by_sku(sqlite: Database, merchandiser: Actor, now: datetime) -> None:
    bring(sqlite, merchandiser, _sheet({"A1": 6, "残次仓": 4}), now)
    located = service_of_stock.located(sqlite, merchandiser, "00123")
    lying = located.set_index("location")[["units", "sellable"]].to_dict("index")
    assert lying == {"A1": {"units": 6, "sellable": True}, "残次仓": {"units": 4, "sellable": False}}
    position = service_of_stock.positions(sqlite, merchandiser).set_index("sku_code").loc["00123"]
    assert (position["on_hand"], position["located"]) == (6, "A1 6 · 残次仓 4")


def test_an_answer_about_a_location_is_remembered(
    sqlite: Database, merchandiser: Actor, now: datetime
) -> None:
    draft = service.check(
        service.inspect(sqlite, merchandiser, STOCK, _sheet({"A1": 6, "残次仓": 4}), "表.xlsx")
    )
    answers = service.Answers(locations={"残次仓": True, "A1": False})
    service.commit(sqlite, merchandiser, draft, answers, now=now)
    assert service_of_stock.positions(sqlite, merchandiser)["on_hand"].tolist() == [4]
    bring(sqlite, merchandiser, _sheet({"A1": 7, "残次仓": 5}), now)  # nothing is said now
    assert service_of_stock.positions(sqlite, merchandiser)["on_hand"].tolist() == [5]


def _parts(db: Database) -> dict[str, int]:
    with db.reading() as connection:
        return dict(locations.breakdowns(connection)[["location", "units"]].itertuples(index=False))


def test_units_lie_where_they_lay_before_the_import(
    database: Database, merchandiser: Actor, now: datetime
) -> None:
    first = bring(database, merchandiser, _sheet({"A1": 6, "A2": 4}), now)
    second = bring(database, merchandiser, _sheet({"A1": 1, "B7": 8}), now)
    assert _parts(database) == {"A1": 1, "B7": 8}
    with pytest.raises(ShopError, match=r"import\.later_change"):
        service.undo(database, merchandiser, STOCK, first.import_id, reason="x", now=now)
    service.undo(database, merchandiser, STOCK, second.import_id, reason="x", now=now)
    assert _parts(database) == {"A1": 6, "A2": 4}
    service.undo(database, merchandiser, STOCK, first.import_id, reason="x", now=now)
    assert _parts(database) == {}
