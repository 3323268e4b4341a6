"""Structure of users: shares with counts, intervals against the rest, and nobody few enough to be known."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import given

from core.access import Actor
from core.audience.people import service
from core.audience.people.sheet import PEOPLE
from core.audience.people.structure import LEAST_PEOPLE, shares
from core.database import Database
from tests.audience.people.shop import NOW, OPENED, csv, orders, sales, take


def _people(counts: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, pd.Series]:
    """People by value of one trait: (buyers, others) each."""
    values = [value for value, (own, other) in counts.items() for _ in range(own + other)]
    bought = [n < own for own, other in counts.values() for n in range(own + other)]
    return pd.DataFrame({"province": values}, dtype="str"), pd.Series(bought, dtype=bool)


def test_the_difference_is_that_of_two_proportions() -> None:
    people, bought = _people({"a": (56, 48), "b": (14, 32)})
    rows = shares(people, bought, ("province",)).set_index("value")
    assert rows.loc["a", "people"] == 104
    assert np.isnan(rows.loc["b", "low"]), "fourteen buyers are too few to be told"
    assert np.isnan(rows.loc["a", "low"]), "and the other value would give them away"
    people, bought = _people({"a": (560, 480), "b": (140, 320)})
    rows = shares(people, bought, ("province",)).set_index("value")
    assert round(rows.loc["a", "difference"], 4) == 0.2
    assert (round(rows.loc["a", "low"], 4), round(rows.loc["a", "high"], 4)) == (0.1543, 0.2443)
    assert rows["verdict"].to_dict() == {"a": "more", "b": "less"}


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8
    )
)
def test_fewer_than_twenty_are_never_shown(counts: dict[str, tuple[int, int]]) -> None:
    people, bought = _people(counts)
    rows = shares(people, bought, ("province",))
    assert (rows["people"] >= LEAST_PEOPLE).all()
    hidden = len(people) - rows["people"].sum()
    assert hidden == 0 or rows.empty, "what is left out cannot be worked out from the whole"
    told = rows[rows["low"].notna()]
    assert (told["buyer_share"] * bought.sum() > LEAST_PEOPLE - 0.5).all()
    assert (told["rest_share"] * (~bought).sum() > LEAST_PEOPLE - 0.5).all()
    assert rows["low"].isna().sum() != 1 or len(rows) == 1


def test_an_interest_may_be_shared_by_people_who_have_several() -> None:
    people = pd.DataFrame({"interest": ["护肤,彩妆"] * 30 + ["护肤"] * 30 + [""] * 30})
    rows = shares(people, pd.Series(False, people.index), ("interest",)).set_index("value")["people"]
    assert rows.to_dict() == {"护肤": 60, "彩妆": 30, "~unstated": 30}


def test_buyers_of_the_last_sale_against_the_rest(
    database: Database, merchandiser: Actor, lead: Actor
) -> None:
    past, coming = sales(database, lead)
    night = OPENED + timedelta(hours=2)
    orders(database, merchandiser, [(f"人{n:03d}甲", night, 90) for n in range(60)])
    rows = [(f"人{n:03d}甲", "女" if n < 40 or 60 <= n < 90 else "男") for n in range(130)]
    take(database, merchandiser, PEOPLE, csv(("用户标识", "性别"), rows))
    shown = service.people_structure(database, lead, coming, now=NOW)
    assert (shown.sale, shown.asked, shown.people, shown.buyers, shown.recorded) == (
        "八月",
        False,
        130,
        60,
        60,
    )
    women = shown.shares.set_index("value").loc["female"]
    assert (women["people"], round(women["difference"], 4)) == (70, round(40 / 60 - 30 / 70, 4))
    assert service.people_structure(database, lead, past, now=NOW).asked
