"""Commands for purchase orders: purchase override, approve, order, list, export, receive, close."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.errors import ShopError
from core.replenishment import orders, receipts, service

app = typer.Typer(no_args_is_help=True, help="Purchase orders: from an approved run to the shelf.")

OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="order id or number")]
TITLES = {
    "sku_code": "商家编码",
    "name": "商品名称",
    "pack_size": "箱规",
    "quantity": "采购数量",
    "expected_on": "要求到货日期",
    "unit_cost": "采购单价",
    "amount": "采购金额",
}


@app.command("override")
def override(
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
    sku: Annotated[list[str], typer.Option(help="CODE=UNITS; CODE= follows the suggestion again")],
    reason: Annotated[str, typer.Option(help="why, for everybody who reads the sheet later")] = "",
) -> dict[str, object]:
    """Sets quantities of the newest run by hand; an approved run has to be approved again."""
    at = desk()
    pairs = [_pair(text, empty=True) for text in sku]
    changes = pd.DataFrame({"sku_code": [code for code, _ in pairs]})
    changes["quantity"] = pd.array([units for _, units in pairs], "Int64")
    service.override(at.db, at.actor, run_id, service.ByHand(changes, reason), now=at.now)
    run = service.sheet(at.db, at.actor, run_id).run
    return {"run_id": run_id, "state": run.state, "units": run.totals["units"]}


@app.command("approve")
def approve(run_id: Annotated[str, typer.Argument(metavar="RUN")]) -> dict[str, object]:
    """Releases the newest run for ordering."""
    at = desk()
    run = service.approve(at.db, at.actor, run_id, now=at.now)
    return {"run_id": run.run_id, "state": run.state, "units": run.totals["units"]}


@app.command("order")
def order(
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
    below_minimum: Annotated[
        bool, typer.Option(help="also where a supplier's minimum is not reached")
    ] = False,
) -> dict[str, object]:
    """Makes one purchase order a supplier of an approved run."""
    at = desk()
    placed = orders.order(at.db, at.actor, run_id, now=at.now, below_minimum=below_minimum)
    return {"orders": placed.orders, "held": placed.held}


@app.command("list")
def listed(campaign: Annotated[str, typer.Option(help="the campaign's id")]) -> pd.DataFrame:
    """The campaign's purchase orders."""
    at = desk()
    return orders.orders(at.db, at.actor, campaign)


@app.command("export")
def export(
    order_id: OrderId, out: Annotated[Path, typer.Option(help="folder of the workbook")] = Path()
) -> dict[str, object]:
    """Writes an order as a workbook for its supplier."""
    at = desk()
    content, name = orders.workbook(at.db, at.actor, orders.find(at.db, at.actor, order_id), TITLES)
    (out / name).write_bytes(content)
    return {"file": str(out / name), "bytes": len(content)}


@app.command("receive")
def receive(
    order_id: OrderId,
    sku: Annotated[
        list[str] | None, typer.Option(help="CODE=UNITS of what arrived; everything still open when left out")
    ] = None,
) -> dict[str, object]:
    """Books what arrived: out of transit, on hand."""
    at = desk()
    arrived = (
        None if not sku else pd.DataFrame([_pair(text) for text in sku], columns=["sku_code", "quantity"])
    )
    full_id = orders.find(at.db, at.actor, order_id)
    return {"order_id": full_id, "state": receipts.receive(at.db, at.actor, full_id, arrived, now=at.now)}


@app.command("close")
def close(
    order_id: OrderId, reason: Annotated[str, typer.Option(help="why the rest will not come")]
) -> dict[str, object]:
    """Gives up what has not come; the next run may ask for it again."""
    at = desk()
    full_id = orders.find(at.db, at.actor, order_id)
    return {"order_id": full_id, "state": receipts.close(at.db, at.actor, full_id, reason, now=at.now)}


def _pair(text: str, *, empty: bool = False) -> tuple[str, int | None]:
    """A code and its units from CODE=UNITS; `empty` lets the units be left out (None)."""
    code, sign, units = text.rpartition("=")
    if code and sign and empty and not units:
        return code, None
    if not code or not units.isdigit():
        raise ShopError("replenishment.unreadable_receipt", value=text)
    return code, int(units)
