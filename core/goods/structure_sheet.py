"""The workbook of a campaign's goods structure."""

from __future__ import annotations

import pandas as pd

from core.goods import structure
from core.imports.kinds import Kind
from core.money import LARGEST_PRICE
from core.sheets import writer
from core.sheets.columns import Field, SheetSpec

TIER_WORDS = {
    "预爆款": "pre_hot",
    "预热款": "pre_hot",
    "爆款": "pre_hot",
    "主推款": "main_push",
    "主推": "main_push",
    "常规款": "regular",
    "常规": "regular",
    "清仓款": "clearance",
    "清仓": "clearance",
    "pre-hot": "pre_hot",
    "hero": "pre_hot",
    "main-push": "main_push",
    "main push": "main_push",
    "regular": "regular",
    "clearance": "clearance",
    "pre_hot": "pre_hot",
    "main_push": "main_push",
}

STRUCTURE = Kind(
    "structure",
    "goods.structure",
    SheetSpec(
        "structure",
        (
            Field("sku_code", "code", required=True),
            Field("tier", "choice", choices=TIER_WORDS, title_zh="货品层级", title_en="Tier"),
            Field("function", "text", title_zh="功能", title_en="Function"),
            Field("sale_price", "money", minimum=0, maximum=LARGEST_PRICE, each=True),
            Field("planned_units", "integer", minimum=0, title_zh="计划件数", title_en="Planned units"),
            Field("planned_gmv", "money", minimum=0, title_zh="计划 GMV", title_en="Planned GMV"),
            Field("row_version", "integer", minimum=0),
        ),
        key=("sku_code",),
    ),
    structure.compare,
    structure.write,
    structure.ROWS.revert,
)
_WORDS = {
    "zh": ("预爆款", "主推款", "常规款", "清仓款"),
    "en": ("pre-hot", "main-push", "regular", "clearance"),
}


def structure_sheet(rows: pd.DataFrame, language: str) -> bytes:
    """The structure as a workbook that can come back: the fields of the sheet, each row with its version.

    `rows`: sku_code, name, tier, function, sale_price, planned_units, planned_gmv, version.
    """
    words = dict(zip(structure.TIERS, _WORDS[language], strict=True))
    frame = rows.assign(tier=rows["tier"].map(words), row_version=rows["version"])
    name = Field("name", "text")
    columns = [
        (field.name, field.title(language), field.kind)
        for field in (STRUCTURE.spec.fields[0], name, *STRUCTURE.spec.fields[1:])
    ]
    return writer.export(
        frame[[column for column, _, _ in columns]],
        columns,
        "商品结构" if language == "zh" else "structure",
        language,
    )
