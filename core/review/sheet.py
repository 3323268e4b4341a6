"""The workbook of the service desk: tickets, ratings and care contacts."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from core.imports.kinds import Comparison, Context, Kind
from core.imports.versioned import VersionedTable
from core.review.tables import service_case
from core.sheets.columns import Field, SheetSpec

FIELDS = ("case_kind", "order_id", "sku_code", "reason", "opened_minute", "closed_minute", "rating")
CASES = VersionedTable(service_case, "case_id", FIELDS)
CASE_KINDS = {
    "工单": "ticket",
    "售后": "ticket",
    "投诉": "ticket",
    "ticket": "ticket",
    "评价": "rating",
    "rating": "rating",
    "关怀": "care",
    "回访": "care",
    "care": "care",
}


def _compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The export against what stands: a later export of a case replaces it; a sheet without kinds is of tickets."""
    rows = sheet.rename(columns={"case_opened": "opened_minute", "case_closed": "closed_minute"})
    for name in rows.columns.intersection(["opened_minute", "closed_minute"]):
        rows[name] = _minutes(rows[name])
    if "case_kind" not in rows:
        rows["case_kind"] = "ticket"
    return CASES.compare(connection, rows, context)


def _minutes(moments: pd.Series) -> pd.Series:
    """Moments as epoch minutes, missing where there is none."""
    utc = pd.to_datetime(moments, utc=True)
    seconds = (utc - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return (seconds // 60).astype("Int64")


SERVICE = Kind(
    "service",
    "orders.import",
    SheetSpec(
        "service",
        (
            Field("case_id", "code", required=True, title_zh="工单编号", title_en="Case"),
            Field("case_kind", "choice", choices=CASE_KINDS, title_zh="类别", title_en="Case kind"),
            Field("case_opened", "moment", required=True, title_zh="创建时间", title_en="Opened at"),
            Field("case_closed", "moment", title_zh="完结时间", title_en="Closed at"),
            Field("order_id", "code"),
            Field("sku_code", "code"),
            Field("reason", "text", title_zh="原因", title_en="Reason"),
            Field("rating", "integer", minimum=1, maximum=5, title_zh="满意度", title_en="Rating"),
        ),
        key=("case_id",),
    ),
    _compare,
    CASES.write,
    CASES.revert,
)
