"""What we write, we read back: exports and templates."""

import io
import zipfile
from datetime import UTC

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.sheets.columns import Field, SheetSpec
from core.sheets.matching import match_headers
from core.sheets.writer import as_columns, export, sheet_title, template
from tests.sheets.kinds import COUNT, ORDERS, STOCK, TRAFFIC
from tests.sheets.reading import opened, taken

GOODS = SheetSpec(
    "goods",
    (
        Field("sku_code", "code"),
        Field("name", "text"),
        Field("on_hand", "integer"),
        Field("unit_cost", "money"),
        Field("conversion_rate", "rate"),
        Field("stat_date", "day"),
        Field("pay_time", "moment"),
        Field("tier", "choice", choices={"主推款": "main", "清仓款": "clearance"}),
    ),
    ("sku_code",),
)
NOTHING = {"-", "--", "—", "——", "nan", "null", "NULL", "NaN", "'null", "(null)", "<NA>"}
DANGEROUS = st.sampled_from("=+-@＝＋－＠'\"")
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Cn", "Co"))
NAMES = st.builds(
    lambda mark, rest: mark + rest,
    DANGEROUS | st.just(""),
    st.text(LETTERS | st.just(" "), min_size=1, max_size=20),
).map(str.strip)
CODES = st.from_regex(r"[A-Z0-9#][A-Za-z0-9/_#.-]{0,20}", fullmatch=True).filter(
    lambda code: (
        (not code.endswith(".0") and "_x" not in code and code.strip(".0123456789") + "x" != "x")
        or code.isdigit()
    )
)


YEARS = (pd.Timestamp("2000-01-01"), pd.Timestamp("2090-12-31"))


def row(code: str) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {
            "sku_code": st.just(code),
            "name": NAMES.filter(lambda name: name not in NOTHING and name != "") | st.none(),
            "on_hand": st.integers(-(10**12), 10**12) | st.none(),
            "unit_cost": st.integers(-(10**13), 10**13) | st.none(),
            "conversion_rate": st.integers(0, 30_000).map(lambda n: n / 10_000) | st.none(),
            "stat_date": st.dates(*(year.date() for year in YEARS)),
            "pay_time": st.datetimes(*YEARS, timezones=st.just(UTC)).map(
                lambda at: at.replace(microsecond=0)
            ),
            "tier": st.sampled_from(["main", "clearance"]) | st.none(),
        }
    )


ROWS = st.lists(CODES, min_size=1, max_size=8, unique=True).flatmap(lambda codes: st.tuples(*map(row, codes)))


def typed(rows: tuple[dict[str, object], ...]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    for name, dtype in {
        "sku_code": "str",
        "name": "str",
        "on_hand": "Int64",
        "unit_cost": "Int64",
        "conversion_rate": "float64",
        "tier": "str",
        "stat_date": "datetime64[s]",
        "pay_time": "datetime64[us, UTC]",
    }.items():
        frame[name] = frame[name].astype(dtype)
    return frame[[field.name for field in GOODS.fields]]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(ROWS, st.sampled_from(["zh", "en"]))
def test_export_then_import_is_the_identity(rows: tuple[dict[str, object], ...], language: str) -> None:
    frame = typed(rows)
    content = export(frame, as_columns(GOODS, list(frame.columns), language), "商品", language)
    found = taken(content, GOODS)
    assert found.rejected.empty, found.rejected
    back = found.frame.drop(columns="row").astype({"on_hand": "Int64", "unit_cost": "Int64"})
    pd.testing.assert_frame_equal(back, frame, check_exact=True)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_name_becomes_a_formula(first: str) -> None:
    name = first + 'cmd|"/c calc"!A1'
    frame = pd.DataFrame({"sku_code": ["00123"], "name": [name], "on_hand": [1]})
    content = export(frame, as_columns(STOCK, ["sku_code", "name", "on_hand"], "zh"), "库存")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")
    cell = load_workbook(io.BytesIO(content)).active["B2"]  # type: ignore[index]
    assert (cell.data_type, cell.value.replace("_x000D_", "").strip()) == ("s", name.strip())
    assert taken(content, STOCK).frame["name"].tolist() == [name.strip()]


def test_an_export_is_dressed_for_work() -> None:
    frame = pd.DataFrame(
        {
            "sku_code": ["00123"],
            "name": ["面膜\x07\x00"],
            "on_hand": pd.array([None], "Int64"),
            "unit_cost": [123450],
        }
    )
    sheet = load_workbook(
        io.BytesIO(export(frame, as_columns(STOCK, list(frame.columns), "zh"), "库存/2026*"))
    ).active
    assert sheet is not None
    assert sheet.title == "库存 2026"
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:D2"
    assert [cell.value for cell in sheet[1]] == ["商家编码", "商品名称", "实物库存", "成本价"]
    assert [cell.value for cell in sheet[2]] == ["00123", "面膜", None, 1234.5]
    assert (sheet["A2"].number_format, sheet["D2"].number_format) == ("@", "#,##0.00")
    assert sheet["A1"].font.bold


def test_an_empty_export_is_a_header() -> None:
    frame = pd.DataFrame({field.name: pd.Series(dtype="object") for field in GOODS.fields})
    found = taken(export(frame, as_columns(GOODS, list(frame.columns), "zh"), "商品"), GOODS)
    assert (found.rows, len(found.frame)) == (0, 0)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("spec", [STOCK, COUNT, TRAFFIC, ORDERS, GOODS], ids=lambda spec: spec.kind)
def test_a_template_is_understood_and_its_explanations_are_no_data(spec: SheetSpec, language: str) -> None:
    content = template(spec, language)
    workbook = opened(content)
    headers = workbook.grid(workbook.sheets[0].name).row_texts(1)
    assert match_headers(headers, spec) == dict(enumerate(field.name for field in spec.fields))
    found = taken(content, spec)
    assert (found.rows, found.notes) == (0, (2,))


def test_a_filled_template_is_imported() -> None:
    book = load_workbook(io.BytesIO(template(STOCK)))
    book.worksheets[0].append(["00123", "=SUM(1)", None, None, None, None, 12])
    book.worksheets[0]["B3"].data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    found = taken(buffer.getvalue(), STOCK)
    assert found.frame[["sku_code", "name", "on_hand", "row"]].values.tolist() == [
        ["00123", "=SUM(1)", 12, 3]
    ]
    checks = book.worksheets[0].data_validations.dataValidation
    assert {check.type for check in checks} >= {"whole", "decimal"}


def test_sheet_titles_are_what_excel_takes() -> None:
    assert sheet_title("a/b:c[d]*e?f\\g") == "a b c d  e f g"
    assert sheet_title("") == "Sheet1"
    assert len(sheet_title("长" * 50)) == 31
