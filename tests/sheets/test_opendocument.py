"""OpenDocument sheets: what they say of a cell beside its value is heard as it is in Excel's own format."""

import io
import zipfile

import pytest

from core.errors import ShopError
from core.sheets.formats.child import read
from core.sheets.reader import read_workbook
from tests.sheets.kinds import STOCK, TRAFFIC
from tests.sheets.reading import faults, taken

SPACES = " ".join(
    f'xmlns:{name}="urn:{name}"'
    if name == "calcext"
    else f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "calcext")
)


def text(words: str, times: int = 1) -> str:
    return f'<table:table-cell office:value-type="string" table:number-columns-repeated="{times}"><text:p>{words}</text:p></table:table-cell>'


def number(value: float, kind: str = "float", formula: str = "") -> str:
    said = f'table:formula="of:={formula}" ' if formula else ""
    return f'<table:table-cell {said}office:value-type="{kind}" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'


UNCACHED = '<table:table-cell table:formula="of:=[.B1]+1"/>'
ERROR = (
    '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
)
NOTHING = '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""><text:p/></table:table-cell>'


def row(*cells: str, times: int = 1, said: str = "") -> str:
    return f'<table:table-row table:number-rows-repeated="{times}" {said}>{"".join(cells)}</table:table-row>'


def sheet(*rows: str, name: str = "库存") -> str:
    return f'<table:table table:name="{name}"><table:table-column table:number-columns-repeated="3"/>{"".join(rows)}</table:table>'


def book(*sheets: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>",
        )
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {SPACES}><office:body><office:spreadsheet>{"".join(sheets)}'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return buffer.getvalue()


BLANK = row('<table:table-cell table:number-columns-repeated="3"/>', times=2)
HEAD = row(text("商家编码"), text("商品名称"), text("实物库存"))


def test_formulas_without_a_result_and_errors_are_found_by_their_cell() -> None:
    content = book(
        sheet(row(text("别处", 3)), row(UNCACHED), name="说明"),
        sheet(
            BLANK,
            HEAD,
            row(text("00123"), text("a"), UNCACHED),
            row(text("00124"), NOTHING, number(9, formula="4+5")),
            row(text("同", 2), number(1), times=2),
            row(text("00125"), text("b"), ERROR),
            row('<table:table-cell table:formula="of:=X" table:number-columns-repeated="2"/>', number(3)),
        ),
    )
    for name in ("库存.ods", ""):  # through the guarded child, and as the child reads
        found = taken(content, STOCK, name)
        assert faults(found) == {
            "C4": "cell.uncached_formula",
            "A6": "cell.duplicate",
            "A7": "cell.duplicate",
            "C8": "cell.error",
            "A9": "cell.uncached_formula",
            "B9": "cell.uncached_formula",
        }
        assert found.rejected.set_index("cell")["value"]["C8"] == "#DIV/0!"
        assert found.frame[["sku_code", "on_hand"]].values.tolist() == [["00124", 9]]


def test_per_cent_above_a_hundred_and_hidden_rows_are_told() -> None:
    content = book(
        sheet(
            row(text("日期"), text("商品编码"), text("支付转化率")),
            row(text("2026-11-01"), text("01"), number(1.2, "percentage")),
            row(text("2026-11-01"), text("02"), number(0.35, "percentage"), said='table:visibility="filter"'),
            row(text("2026-11-01"), text("03"), number(3), said='table:visibility="collapse"'),
        )
    )
    found = taken(content, TRAFFIC, "日报.ods")
    assert found.frame["conversion_rate"].tolist() == [1.2, 0.35, 0.03]
    assert found.hidden == 2


@pytest.mark.parametrize(
    "rows",
    [
        row(UNCACHED, times=10**9),
        row(text("a"), '<table:table-cell table:formula="x" table:number-columns-repeated="99999999"/>'),
        row(number(1), said='table:visibility="filter"', times=10**12),
        "<table:table-row table:number-rows-repeated='many'><table:table-cell table:formula='x'/></table:table-row>",
        row('<table:table-cell office:value-type="percentage" office:value="much"/>'),
    ],
    ids=["rows", "columns", "hidden rows", "no number", "no rate"],
)
def test_what_a_sheet_says_of_its_repetitions_is_not_believed(rows: str) -> None:
    try:
        read_workbook(book(sheet(HEAD, rows)), "库存.ods")
    except ShopError as refusal:
        assert refusal.code in {"sheet.damaged", "sheet.memory", "sheet.too_many_rows"}


def test_a_sheet_with_nothing_to_tell_is_not_walked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.sheets.formats import opendocument

    monkeypatch.setattr(opendocument, "ParserCreate", None)
    limits = {"unpacked_mib": 64, "parts": 100, "sheets": 10, "text_mib": 64}
    (only,) = read(book(sheet(HEAD, row(text("00123"), text("a"), number(2)))), None, limits)
    assert only["rows"] == 2


def test_an_amount_in_another_currency_shows_its_sign() -> None:
    head = row(text("商品编码"), text("成本价"), text("库存"))
    dollars = number(9.5, 'currency" office:currency="USD')
    yuan = number(8, 'currency" office:currency="CNY')
    found = taken(
        book(sheet(head, row(text("A"), dollars, number(3)), row(text("B"), yuan, number(4)))), STOCK
    )
    assert faults(found) == {"B2": "cell.currency"}
    assert found.frame[["sku_code", "unit_cost"]].values.tolist() == [["B", 800]]
