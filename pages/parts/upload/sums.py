"""What stands first after reading a file: the control sums in words, what was left out, and the questions that
only the reader can answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.imports.kinds import Comparison
from core.imports.service import PLUS, Choice, Control, Draft, Inspection, Question, control_of, warnings
from core.money import format_fen
from core.sheets.columns import Field
from core.sheets.values.dates import Order
from pages.parts.components.tables import tall
from pages.parts.components.text import error_text, language, literal, number, plain, t

FOLDED = 4  # so many control sums stand open, the others behind a click
_SAID_ELSEWHERE = frozenset(
    {
        "import.strange",
        "import.repeated",
        "import.hidden_rows",
        "import.columns_fit_twice",
        "sheet.day_or_month",
        "sheet.currency",
        "import.look_alikes",
    }
)


def show(draft: Draft, comparison: Comparison, decisions: Mapping[str, str]) -> None:
    """The control sums, one line a figure whose column is decided, then what was left out."""
    inspection = draft.inspection
    spec, undecided = inspection.kind.spec, {question.field for question in inspection.questions}
    lines = [
        sentence(spec.field(name), control)
        for name, control in control_of(draft, comparison, decisions).items()
        if (control.file or control.written) and name not in undecided
    ]
    if lines:
        with st.container(border=True, key="control_sums"):
            st.markdown("  \n".join(lines[:FOLDED]))
            if lines[FOLDED:]:
                with st.expander(t("upload.more_sums", n=len(lines) - FOLDED)):
                    st.markdown("  \n".join(lines[FOLDED:]))
    for warning in warnings(draft, comparison):
        if warning["code"] not in _SAID_ELSEWHERE:
            facts = {name: value for name, value in warning.items() if name != "code"}
            st.warning(
                error_text(titled(ShopError(str(warning["code"]), **facts), inspection)),
                icon=":material/info:",
            )


def sentence(entry: Field, control: Control) -> str:
    """ "在手库存：文件 28,476 = 写入 27,900 + 未计入 576"."""
    shown = {
        name: format_fen(value) if entry.kind == "money" else number(value)
        for name, value in control._asdict().items()
        if value or name in {"file", "written"}
    }
    parts = [t(f"control.{name}", n=text) for name, text in shown.items() if name != "file"]
    whole = t("upload.control_file", field=literal(entry.title(language())), n=shown["file"])
    return f"{whole} = {' + '.join(parts)}"


def titled(error: ShopError, inspection: Inspection) -> ShopError:
    """A refusal with fields by the titles that the reader knows, and lists as text."""
    titles = {entry.name: entry.title(language()) for entry in inspection.kind.spec.fields}
    facts = dict(error.facts)
    joint = "、" if language() == "zh" else ", "
    for name, value in facts.items():
        if name == "field":
            facts[name] = titles.get(str(value), value)
        elif name == "fields" and isinstance(value, list | tuple):
            facts[name] = [titles.get(str(one), one) for one in value]
        elif name == "names" and isinstance(value, list | tuple):
            facts[name] = joint.join(map(str, value))
        elif name == "columns" and isinstance(value, list):
            kind = inspection.kind.spec.field(str(error.facts["field"])).kind
            facts[name] = joint.join(
                f"{one['header']}（{format_fen(one['sum']) if kind == 'money' else number(one['sum'])}）"
                for one in value
            )
    return ShopError(error.code, **facts)


def recognised(inspection: Inspection) -> None:
    """Which known export the file is, and sheets that are taken together."""
    profile = inspection.header.profile
    if profile is not None:
        name = profile.name if language() == "zh" else profile.name_en
        st.caption(t("upload.recognised", name=literal(name)))
    if len(inspection.sheets) > 1:
        names = ("、" if language() == "zh" else ", ").join(inspection.sheets)
        st.caption(t("upload.sheets_together", n=len(inspection.sheets), names=literal(names)))


def answer_columns(inspection: Inspection, choice: Choice, key: str) -> Choice:
    """Columns that fit a field equally well, with their sums: one, or several added up."""
    mapping = dict(choice.mapping)
    for question in inspection.questions:
        answer = _one_question(inspection, question, key)
        if answer:
            mapping[question.field] = answer
    return choice if mapping == dict(choice.mapping) else replace(choice, mapping=mapping)


def _one_question(inspection: Inspection, question: Question, key: str) -> str:
    entry = inspection.kind.spec.field(question.field)
    sums = {
        option.header: ""
        if option.sum is None
        else format_fen(option.sum)
        if entry.kind == "money"
        else number(option.sum)
        for option in question.options
    }
    joint = PLUS.join(question.parts)
    choices = ["", *sums, *([joint] if entry.adds and len(question.parts) > 1 else [])]
    words = {"": plain("upload.undecided"), joint: plain("upload.add_up", headers=" + ".join(question.parts))}
    with st.container(border=True, key=f"{key}_fits_{question.field}"):
        st.warning(t("upload.fits_twice", field=literal(entry.title(language()))), icon=":material/help:")
        return str(
            st.radio(
                plain("upload.which_column"),
                choices,
                format_func=lambda header: words.get(header) or f"{header}（{sums[header]}）",
                key=f"{key}_fit_{question.field}",
                label_visibility="collapsed",
            )
        )


def _answer_key(refusal: ShopError, choice: Choice, key: str) -> Choice:
    """One product or several, where rows of a code differ in colour, size or spec."""
    joint, alone = str(refusal.facts["key"]), str(refusal.facts["header"])
    with st.container(border=True, key=f"{key}_key_question"):
        st.warning(error_text(refusal), icon=":material/help:")
        with st.container(horizontal=True):
            several = st.button(
                t("upload.key_several", key=literal(joint)), key=f"{key}_several", type="primary"
            )
            one = st.button(t("upload.key_one", key=literal(alone)), key=f"{key}_one")
    if several or one:
        return replace(choice, key=tuple((joint if several else alone).split(PLUS)))
    return choice


def _answer_below(refusal: ShopError, choice: Choice, key: str) -> Choice:
    """Whether the blanks below a warehouse mean the same one."""
    header = str(refusal.facts["header"])
    with st.container(border=True, key=f"{key}_below_question"):
        st.warning(error_text(refusal), icon=":material/help:")
        with st.container(horizontal=True):
            same = st.button(t("upload.below_same"), key=f"{key}_below_same", type="primary")
            nothing = st.button(t("upload.below_nothing"), key=f"{key}_below_nothing")
    return replace(choice, below={**choice.below, header: same}) if same or nothing else choice


def _answer_sizes(refusal: ShopError, choice: Choice, key: str) -> Choice:
    """A count beside several sizes: one product, or another sheet."""
    header = str(refusal.facts["header"])
    with st.container(border=True, key=f"{key}_sizes_question"):
        st.warning(error_text(refusal), icon=":material/help:")
        one = st.button(t("upload.key_one", key=literal(header)), key=f"{key}_sizes_one")
    return replace(choice, key=tuple(header.split(PLUS))) if one else choice


def _answer_total(refusal: ShopError, choice: Choice, key: str) -> Choice:
    """A figure that is the same on all rows of each SKU: each row's own, or the mapping says another column."""
    field, header = str(refusal.facts["field"]), str(refusal.facts["header"])
    with st.container(border=True, key=f"{key}_total_question"):
        st.warning(error_text(refusal), icon=":material/help:")
        own = st.button(t("upload.each_rows_own", header=literal(header)), key=f"{key}_each_own")
    return replace(choice, mapping={**choice.mapping, field: header}) if own else choice


ANSWERS = {
    "import.matrix_question": _answer_key,
    "import.total_question": _answer_total,
    "import.key_question": _answer_key,
    "import.below_question": _answer_below,
    "import.sizes_question": _answer_sizes,
}
"""How each question about a sheet is answered on the screen."""


def answer_open(draft: Draft, choice: Choice, key: str) -> Choice:
    """What the cells leave open: whether the day or the month comes first, and the rates of other currencies. An
    answer stays on the screen, so that it can be changed."""
    asked = {notice.code: notice.facts for notice in draft.cleaned.notices}
    options = choice.options
    if "sheet.day_or_month" in asked or options.day_order:
        options = replace(options, day_order=_day_order(choice, key))
    names = list(map(str, cast("list[str]", asked.get("sheet.currency", {}).get("names", []))))
    names = list(dict.fromkeys([*options.rates, *names]))
    if names:
        options = replace(options, rates=_rates(names, choice, key))
    return choice if options == choice.options else replace(choice, options=options)


def _day_order(choice: Choice, key: str) -> Order:
    words = {"": "upload.undecided", "day": "upload.day_first", "month": "upload.month_first"}
    with st.container(border=True, key=f"{key}_dates"):
        st.warning(t("upload.dates_question"), icon=":material/help:")
        answer = st.radio(
            plain("upload.dates_question"),
            list(words),
            index=list(words).index(choice.options.day_order),
            format_func=lambda order: plain(words[order]),
            key=f"{key}_day_order",
            label_visibility="collapsed",
            horizontal=True,
        )
    return cast(Order, answer)


def _rates(names: list[str], choice: Choice, key: str) -> dict[str, Decimal]:
    """Currency -> yuan for one unit, of those that the reader has filled in."""
    rates: dict[str, Decimal] = {}
    with st.container(border=True, key=f"{key}_rates"):
        st.warning(t("upload.rates_question"), icon=":material/currency_exchange:")
        with st.container(horizontal=True):
            for name in names:
                known = choice.options.rates.get(name)
                rate = st.number_input(
                    plain("upload.rate", currency=name),
                    min_value=0.0,
                    value=float(known) if known else None,
                    format="%.4f",
                    key=f"{key}_rate_{name}",
                    width=200,
                )
                if rate:
                    rates[name] = Decimal(str(rate))
    return rates


def answer_look_alikes(comparison: Comparison, distinct: bool, key: str) -> bool:
    """Codes that differ only by case or by look: whether they are goods of their own. The answer stays on the screen,
    so that it can be changed."""
    asked = [warning for warning in comparison.warnings if warning["code"] == "import.look_alikes"]
    if not asked and not distinct:
        return distinct
    with st.container(border=True, key=f"{key}_look_alikes"):
        for warning in asked:
            names = ("、" if language() == "zh" else ", ").join(cast("list[str]", warning["names"]))
            st.warning(
                t(
                    "upload.look_alikes",
                    n=number(cast(int, warning["count"])),
                    rows=number(cast(int, warning["rows"])),
                    names=literal(names),
                ),
                icon=":material/help:",
            )
        return st.checkbox(t("upload.distinct"), value=distinct, key=f"{key}_distinct")


def answer_locations(comparison: Comparison, answers: Mapping[str, bool], key: str) -> Mapping[str, bool]:
    """The locations of the sheet with their units: ticked ones count."""
    frame = comparison.locations
    if frame.empty or (frame["location"] == "").all():
        return answers
    open_ones = int((~frame["counts"] & ~frame["asked"]).sum())
    title = t("upload.locations", n=len(frame), out=int((~frame["counts"]).sum()))
    with st.expander(title, icon=":material/warehouse:", expanded=open_ones > 0):
        st.caption(t("upload.locations_help"))
        source = pd.DataFrame(
            {"counts": frame["counts"].to_numpy(bool), "units": frame["units"].to_numpy()},
            index=pd.Index(frame["location"], name="location"),
        )
        edited = st.data_editor(
            source,
            key=f"{key}_locations_{hash(tuple(answers.items()))}",
            height=tall(len(source), 320),
            disabled=["units"],
            column_config={
                "location": st.column_config.TextColumn(plain("upload.location"), disabled=True),
                "units": st.column_config.NumberColumn(plain("upload.location_units"), format="localized"),
                "counts": st.column_config.CheckboxColumn(plain("upload.location_counts")),
            },
        )
    moved = edited["counts"] != source["counts"]
    changed = {str(name): bool(counts) for name, counts in edited.loc[moved, "counts"].items()}
    return {**answers, **changed} if changed else answers
