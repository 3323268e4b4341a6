import io
import zipfile

import pytest
from openpyxl import Workbook

from core.errors import ShopError
from core.sheets.reader import ReadLimits, read_workbook
from tests.sheets import workbooks
from tests.sheets.kinds import STOCK, TRAFFIC
from tests.sheets.reading import faults, taken

ROWS = [["商家编码", "商品名称", "实物库存"], ["00123", "面膜，5片", "12"], ["00124", "精华", "7"]]


def lines(mark: str, rows: list[list[str]] = ROWS) -> str:
    return "".join(mark.join(row) + "\r\n" for row in rows)


def refusal(content: bytes, filename: str = "sheet.xlsx", **limits: int) -> str:
    with pytest.raises(ShopError) as refused:
        read_workbook(content, filename, limits=ReadLimits(**limits))
    return refused.value.code


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    ("mark", "filename"),
    [(",", "库存.csv"), (";", "库存.csv"), ("\t", "库存.txt"), ("\t", "库存.xls"), (",", "库存.xls")],
)
def test_text_tables_in_every_encoding_and_with_every_separator(
    encoding: str, mark: str, filename: str
) -> None:
    rows = [[f'"{cell}"' if mark in cell else cell for cell in row] for row in ROWS]
    found = taken(lines(mark, rows).encode(encoding), STOCK, filename if mark == "\t" else "")
    assert found.frame[["sku_code", "name", "on_hand"]].values.tolist() == [
        ["00123", "面膜，5片", 12],
        ["00124", "精华", 7],
    ]


def test_csv_keeps_quoted_line_breaks_and_protected_codes_and_counts_rows_as_excel_does() -> None:
    text = '库存表,,\n\n商家编码,商品名称,实物库存\n"\t00123","面膜\n5片",nan\n\'00124,精华,"1,234"\n\n00125,#REF!,#N/A\n'
    found = taken(text.encode(), STOCK)
    assert faults(found) == {"C4": "cell.blank", "B7": "cell.error", "C7": "cell.error"}
    assert found.frame[["sku_code", "name", "on_hand", "row"]].values.tolist() == [["00124", "精华", 1234, 5]]


def test_text_that_is_neither_utf8_nor_gb18030_is_refused() -> None:
    assert refusal("商家编码,库存\n1,2\n".encode() + b"\xff\xff\xff", "a.csv") == "sheet.undecodable"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_html_that_calls_itself_xls_is_read(encoding: str) -> None:
    page = (
        f'<html><head><meta charset="{encoding}"><style>td{{mso-number-format:"\\@"}}</style></head><body><table border=1><tr><th colspan=3>库存 &amp; 价格</th></tr>'
        "<tr><th>商家编码<th>商品名称<th>实物库存</tr><tr><td>00123</td><td rowspan=2>面膜<br>5片</td><td>12</td></tr><tr><td>00124<td>7</tr></table>"
    )
    found = taken(page.encode(encoding), STOCK)
    assert found.frame[["sku_code", "on_hand", "row"]].values.tolist() == [["00123", 12, 3], ["00124", 7, 4]]


def test_an_xml_spreadsheet_of_2003_that_calls_itself_xls_is_read() -> None:
    cells = ["".join(f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in row) for row in ROWS]
    text = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="库存"><Table><Row>{cells[0]}</Row>'
        f'<Row ss:Index="4">{cells[1]}</Row><Row><Cell ss:Index="3"><Data>5</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    found = taken(text.encode(), STOCK)
    assert found.frame[["sku_code", "on_hand", "row"]].values.tolist() == [["00123", 12, 4]]
    assert faults(found) == {"A5": "cell.blank"}


def test_error_cells_and_formulas_without_a_result_are_found_by_their_cell() -> None:
    rows: list[list[object]] = [
        ["商家编码", "商品名称", "实物库存"],
        ["00123", "a", ("<v>#REF!</v>", 't="e"')],
        ["00124", "b", ("<f>SUM(D1:D2)</f>", "")],
        ["00125", "c", ("<f>SUM(D1:D2)</f><v></v>", "")],
        ["00126", "d", ("<f>SUM(D1:D2)</f><v>9</v>", "")],
        ["00127", ('<f>IF(1,"")</f><v></v>', 't="str"'), 4],
        [("<v>#N/A</v>", 't="e"'), "f", 4],
        [None, None, ('<f t="shared" si="0"/>', "")],
    ]
    found = taken(workbooks.workbook(rows), STOCK)
    assert faults(found) == {
        "C2": "cell.error",
        "C3": "cell.uncached_formula",
        "C4": "cell.uncached_formula",
        "A7": "cell.error",
        "A8": "cell.blank",
        "C8": "cell.uncached_formula",
    }
    assert found.rejected["value"].tolist()[0] == "#REF!"
    assert found.frame["sku_code"].tolist() == ["00126", "00127"]
    assert found.rows == 7


def test_a_sheet_that_starts_in_the_middle_keeps_its_own_addresses() -> None:
    rows: list[list[object]] = [
        [],
        [],
        [],
        [None, None, "商家编码", "实物库存"],
        [],
        [None, None, "00123", ("<v>#REF!</v>", 't="e"')],
        [None, None, 1234567890123456789, 1],
    ]
    found = taken(workbooks.workbook(rows), STOCK)
    assert faults(found) == {"D6": "cell.error", "C7": "cell.lost_digits"}


def test_number_cells_that_have_lost_digits_are_told_from_texts_that_have_not() -> None:
    rows: list[list[object]] = [
        ["商家编码", "条码", "实物库存"],
        ["123456789012345678", 6901234567890, 1],
        [123456789012345678, "690123456789012345", 2],
        ["A3", 1e22, 3],
        ["A4", ("<f>B2*1</f><v>1.23456789012345E+17</v>", ""), 4],
        [12345.0, 123456789012345, 5],
    ]
    found = taken(workbooks.workbook(rows), STOCK)
    assert faults(found) == {"A3": "cell.lost_digits", "B4": "cell.lost_digits", "B5": "cell.lost_digits"}
    assert found.frame["sku_code"].tolist() == ["123456789012345678", "12345"]
    assert found.frame["barcode"].tolist() == ["6901234567890", "123456789012345"]


@pytest.mark.parametrize("dimension", ["A1:A1", "A1", "A1:XFD1048576", "Z9"])
def test_a_lying_dimension_loses_nothing(dimension: str) -> None:
    found = taken(
        workbooks.workbook(
            [["商家编码", "实物库存"], *([f"{n:05d}", n] for n in range(50))], dimension=dimension
        ),
        STOCK,
    )
    assert found.frame["on_hand"].tolist() == list(range(50))


def test_elements_with_a_prefix_are_read_and_their_formulas_seen() -> None:
    plain = workbooks.sheet_xml(
        workbooks.rows_xml([["商家编码", "实物库存"], ["00123", ("<f>A1</f>", "")], ["00124", 5]])
    )
    for tag in ("worksheet", "sheetData", "row", "c", "is", "t", "v", "f"):
        plain = (
            plain.replace(f"<{tag} ", f"<x:{tag} ")
            .replace(f"<{tag}>", f"<x:{tag}>")
            .replace(f"</{tag}>", f"</x:{tag}>")
        )
    found = taken(workbooks.package({"Sheet1": plain.replace("xmlns=", "xmlns:x=")}), STOCK)
    assert faults(found) == {"B2": "cell.uncached_formula"}
    assert found.frame["sku_code"].tolist() == ["00124"]


def test_sheets_are_listed_with_the_hidden_ones_and_a_wanted_one_is_read_alone() -> None:
    sheet = workbooks.sheet_xml(workbooks.rows_xml(ROWS))
    content = workbooks.package(
        {"说明": workbooks.sheet_xml(workbooks.rows_xml([["看这里"]])), "旧": sheet, "库存": sheet},
        states={"旧": 'state="hidden"'},
    )
    workbook = read_workbook(content, "a.xlsx")
    assert [(info.name, info.hidden, info.rows) for info in workbook.sheets] == [
        ("说明", False, 1),
        ("旧", True, 3),
        ("库存", False, 3),
    ]
    assert taken(content, STOCK).rows == 2
    assert list(read_workbook(content, "a.xlsx", sheet="库存").grids) == ["库存"]
    with pytest.raises(ShopError) as refused:
        read_workbook(content, "a.xlsx", sheet="没有")
    assert refused.value.code == "sheet.unknown_sheet"


def test_a_broken_sheet_does_not_take_the_others_along() -> None:
    sheet = workbooks.sheet_xml(workbooks.rows_xml(ROWS))
    content = workbooks.package({"坏": sheet[: len(sheet) // 2] + "<<<", "库存": sheet})
    workbook = read_workbook(content, "a.xlsx")
    assert [(info.name, info.problem) for info in workbook.sheets] == [("坏", "sheet.damaged"), ("库存", "")]
    with pytest.raises(ShopError) as refused:
        workbook.grid("坏")
    assert refused.value.code == "sheet.damaged"
    assert taken(content, STOCK).rows == 2


def test_a_workbook_with_macros_is_only_read() -> None:
    buffer = io.BytesIO(workbooks.workbook(ROWS))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0macro")
    assert taken(buffer.getvalue(), STOCK, "库存.xlsm").rows == 2


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"", "a.xlsx", "sheet.empty_file"),
        (b"abc", "~$a.xlsx", "sheet.lock_file"),
        (b"abc", "C:\\temp\\~$a.xlsx", "sheet.lock_file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.xlsx", "sheet.not_a_table"),
        (b"%PDF-1.7\nabc", "a.xls", "sheet.not_a_table"),
        (b"sku,stock\n" + b"a,1\n" * 20_000 + b"b\0,2\n", "a.csv", "sheet.not_a_table"),
        (b"<html><body>login</body></html>", "a.xls", "sheet.not_a_table"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"),
            "a.xlsx",
            "sheet.encrypted",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "a.xls", "sheet.damaged"),
        (b"PK\x03\x04" + bytes(200), "a.xlsx", "sheet.damaged"),
    ],
)
def test_what_is_no_workbook_is_said(content: bytes, filename: str, code: str) -> None:
    assert refusal(content, filename) == code


def test_another_zip_is_no_workbook() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refusal(buffer.getvalue(), "a.xlsx") == "sheet.not_a_table"


def test_limits_are_the_callers() -> None:
    content = workbooks.workbook([["商家编码", "实物库存"], *([f"{n:05d}", n] for n in range(20_000))])
    assert refusal(content * 9, upload_mib=1) == "sheet.too_large"
    assert refusal(content, memory_mib=60) == "sheet.memory"
    assert refusal(content, wall_seconds=0) == "sheet.overloaded"
    assert refusal(content, text_mib=0) == "sheet.memory"


def test_openpyxl_formulas_never_pass_for_blanks() -> None:
    book = Workbook()
    book.active.append(["商家编码", "实物库存", "占用库存"])  # type: ignore[union-attr]
    book.active.append(["00123", "=1+1", None])  # type: ignore[union-attr]
    buffer = io.BytesIO()
    book.save(buffer)
    assert faults(taken(buffer.getvalue(), STOCK)) == {"B2": "cell.uncached_formula"}


def test_number_codes_shown_with_leading_zeros_keep_the_zeros_that_people_see() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for values in (["商家编码", "条码", "实物库存"], [123, 45, 7], [123456, 1.5, 8], ["00042", 9, 9]):
        sheet.append(values)
    for address, shown in (
        ("A2", "00000"),
        ("A3", "00000"),
        ("B2", "0.00"),
        ("C2", "000"),
        ("A4", "00000000"),
    ):
        sheet[address].number_format = shown
    buffer = io.BytesIO()
    book.save(buffer)
    frame = taken(buffer.getvalue(), STOCK).frame
    assert frame["sku_code"].tolist() == ["00123", "123456", "00042"]
    assert frame["barcode"].tolist() == ["45", "1.5", "9"]
    assert frame["on_hand"].tolist() == [7, 8, 9]


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_rate_that_its_format_shows_above_a_hundred_per_cent_is_read_as_people_see_it() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["日期", "商品编码", "支付转化率"])
    rates = [
        (1.2, "0.0%", 1.2),
        (12, "0%", 12.0),
        (0.35, "0.00%", 0.35),
        (-1.5, "0%", -1.5),
        (3, "0.00", 0.03),
        (3, '0.0"%"', 0.03),
    ]
    for number, (stored, shown, _) in enumerate(rates, start=2):
        sheet.append(["2026-11-01", f"0{number}", stored])
        sheet[f"C{number}"].number_format = shown
    found = taken(saved(book), TRAFFIC)
    assert found.frame["conversion_rate"].tolist() == [expected for *_, expected in rates]


def test_hidden_and_filtered_rows_are_read_and_counted() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for values in (["库存表"], ["商品编码", "实物库存"], *([f"{n:05d}", n] for n in range(6)), ["合计", 15]):
        sheet.append(values)
    sheet.auto_filter.ref = "A2:B8"
    for row in (1, 3, 4, 8, 9, 40):  # a title, three data rows, the total, a row without cells
        sheet.row_dimensions[row].hidden = True
    found = taken(saved(book), STOCK)
    assert (found.rows, found.hidden, found.skipped_totals) == (7, 3, 1)
    assert found.frame["on_hand"].tolist() == list(range(6))


def test_a_cell_of_a_million_letters_costs_no_more_than_any_other() -> None:
    """Each pattern that looks for a value would take hours over such a text."""
    longest = "1" * 1_000_000
    rows = [
        ["日期", "商品编码", "访客数", "支付金额", "支付转化率"],
        *([longest if n == at else "1" for n in range(5)] for at in range(5)),
    ]
    found = taken(lines(",", rows).encode(), TRAFFIC)
    assert faults(found) == {
        "A2": "cell.too_long",
        "A3": "cell.not_a_day",
        "B3": "cell.too_long",
        "A4": "cell.not_a_day",
        "C4": "cell.too_long",
        "A5": "cell.not_a_day",
        "D5": "cell.too_long",
        "A6": "cell.not_a_day",
        "E6": "cell.too_long",
    }
