import io
import zipfile

import pytest
from openpyxl import load_workbook

from core.sheets.annotate import annotate
from core.sheets.reader import read_workbook
from core.sheets.writer import template
from tests.sheets import workbooks
from tests.sheets.kinds import STOCK
from tests.sheets.reading import faults, opened, taken

SENTENCES = {
    "cell.blank": "必填，不能空着。",
    "cell.not_a_number": "认不出这个数。",
    "cell.duplicate": "编码重复。",
}
ROWS: list[list[object]] = [
    ["商家编码", "商品名称", "实物库存"],
    ["00123", "=面膜", 5],
    [None, "精华", "很多"],
    ["00123", "又一个 <&>", 6],
    ["00125", "好的", 7],
]


def test_what_is_wrong_stands_beside_the_cells_and_the_rest_is_untouched() -> None:
    other = workbooks.sheet_xml(workbooks.rows_xml([["别动我"]]))
    content = workbooks.package({"说明": other, "库存": workbooks.sheet_xml(workbooks.rows_xml(ROWS))})
    found = taken(content, STOCK)
    marked, filename = annotate(content, "我的库存.xlsx", "库存", 1, found.rejected, SENTENCES)
    assert filename == "我的库存-问题.xlsx"
    sheet = load_workbook(io.BytesIO(marked))["库存"]
    assert [cell.value for cell in sheet["D"]] == [
        "问题",
        "A2：编码重复。",
        "A3：必填，不能空着。；C3：认不出这个数。",
        "A4：编码重复。",
        None,
    ]
    assert [[cell.value for cell in row[:3]] for row in sheet.iter_rows()] == ROWS
    assert sheet["B2"].data_type == "s"
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(io.BytesIO(marked)) as after:
        assert before.read("xl/worksheets/sheet1.xml") == after.read("xl/worksheets/sheet1.xml")


def test_wrong_cells_are_filled_and_other_formats_stay() -> None:
    book = load_workbook(io.BytesIO(template(STOCK)))
    for values in (
        ["00123", "面膜", None, None, None, None, "多"],
        [None, "精华", None, None, None, None, 3],
    ):
        book.worksheets[0].append(values)
    buffer = io.BytesIO()
    book.save(buffer)
    content, name = buffer.getvalue(), book.sheetnames[0]
    marked, _ = annotate(content, "a.xlsx", name, 1, taken(content, STOCK).rejected, SENTENCES)
    before, after = load_workbook(io.BytesIO(content))[name], load_workbook(io.BytesIO(marked))[name]
    red = "FFFFE1E1"
    assert {cell.coordinate for row in after.iter_rows() for cell in row if cell.fill.fgColor.rgb == red} == {
        "G3",
        "A4",
    }
    assert after["A1"].fill.fgColor.rgb == before["A1"].fill.fgColor.rgb
    assert after["G3"].number_format == before["G3"].number_format
    assert after.freeze_panes == before.freeze_panes
    assert after.data_validations.count == before.data_validations.count


def test_a_mended_sheet_goes_round_again_without_old_remarks() -> None:
    content = workbooks.workbook(ROWS)
    marked, filename = annotate(content, "a.xlsx", "Sheet1", 1, taken(content, STOCK).rejected, SENTENCES)
    book = load_workbook(io.BytesIO(marked))
    sheet = book["Sheet1"]
    sheet["A3"], sheet["C3"] = "00124", 9
    buffer = io.BytesIO()
    book.save(buffer)
    found = taken(buffer.getvalue(), STOCK)
    assert faults(found) == {"A2": "cell.duplicate", "A4": "cell.duplicate"}
    again, _ = annotate(buffer.getvalue(), filename, "Sheet1", 1, found.rejected, SENTENCES)
    remarks = load_workbook(io.BytesIO(again))["Sheet1"]
    assert [cell.value for cell in remarks["D"]] == ["问题", "A2：编码重复。", None, "A4：编码重复。", None]
    assert remarks.max_column == 4


@pytest.mark.parametrize(("filename", "encoding"), [("库存.csv", "gb18030"), ("库存.xls", "utf-8")])
def test_other_formats_come_back_as_xlsx_with_the_same_addresses(filename: str, encoding: str) -> None:
    text = "库存表\n商家编码,商品名称,实物库存\n00123,面膜,5\n,精华,多\n"
    content = text.encode(encoding)
    found = taken(content, STOCK)
    marked, name = annotate(content, filename, "csv", 2, found.rejected, SENTENCES, "en")
    assert name == "库存-Problems.xlsx"
    assert taken(marked, STOCK).rejected.drop(columns="sheet").equals(found.rejected.drop(columns="sheet"))
    sheet = load_workbook(io.BytesIO(marked)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["D"]][1:] == [
        "Problems",
        None,
        "A4：必填，不能空着。；C4：认不出这个数。",
    ]


def test_a_faultless_sheet_comes_back_with_a_title_only() -> None:
    content = workbooks.workbook([ROWS[0], ROWS[1]])
    marked, _ = annotate(content, "a.xlsx", "Sheet1", 1, taken(content, STOCK).rejected, {})
    assert opened(marked).grid("Sheet1").row_texts(1) == ["商家编码", "商品名称", "实物库存", "问题"]


def test_the_real_stock_report_comes_back_whole(shared) -> None:
    path = shared / "data/inventory/amazon_in_stock_report.xlsx"
    content = path.read_bytes()
    found = taken(content, STOCK)
    marked, filename = annotate(content, path.name, "Sale Report", 1, found.rejected, SENTENCES)
    again = taken(marked, STOCK, filename)
    assert again.rejected.equals(found.rejected)
    assert again.frame.equals(found.frame)
    before, after = (
        read_workbook(content, path.name).grid("Sale Report"),
        read_workbook(marked, filename).grid("Sale Report"),
    )
    assert after.cells.select(list(range(before.cells.num_columns))).equals(before.cells)
