"""The ledger against a model that keeps nothing but the set of accepted events and counts again each time."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from core.database import connect, new_id
from core.live.ledger import recount
from core.live.ledger.events import OF_A_LINE, Event, Refusal
from core.live.ledger.ledger import post
from core.live.ledger.series import SKU_KIND
from core.live.tables import event, intake_tally, sale_minute, sale_sku
from core.stock import ledger as stock_ledger
from core.stock.tables import stock_position
from tests import shops

NOW = datetime(2026, 11, 11, tzinfo=UTC)
OPENS = 1_794_326_400_000
STOCK = {"A": 5, "B": 2}  # "C" has no stock position at all

happenings = st.builds(
    Event,
    source=st.just("shop"),
    event_id=st.sampled_from([f"e{n}" for n in range(40)]),
    kind=st.sampled_from(
        ["view", "add_to_cart", "deposit", "order", "order", "pay", "pay", "refund", "cancel", "ship"]
    ),
    at_ms=st.integers(0, 5).map(lambda minute: OPENS + minute * 60_000),
    sku_code=st.sampled_from(["A", "B", "C"]),
    user_key=st.sampled_from(["", "u1", "u2"]),
    order_id=st.sampled_from(["o1", "o2", "o3"]),
    quantity=st.integers(1, 3),
    amount_fen=st.integers(0, 500),
    channel=st.sampled_from(["", "live"]),
    campaign_id=st.sampled_from(["c1", "c1", "c2"]),
)


def _turn(each: Event) -> tuple[object, ...]:
    return each.at_ms, each.user_key, each.quantity, each.amount_fen, each.channel


def facts(events: Iterable[Event]) -> Counter[tuple[object, ...]]:
    """Events without their names: two that say the same stand for each other."""
    return Counter(
        (each.kind, each.campaign_id, each.order_id, each.sku_code, *_turn(each)) for each in events
    )


def fitting(events: list[Event]) -> tuple[list[Event], list[Event]]:
    """(what counts, what waits) of one line's events in the order of time."""
    by_kind = {kind: [each for each in events if each.kind == kind] for kind in OF_A_LINE}
    asked = max(sum(each.quantity for each in by_kind[kind]) for kind in ("order", "deposit"))
    asked = asked or (by_kind["pay"][0].quantity if by_kind["pay"] else 0)
    applied, waiting = by_kind["order"] + by_kind["deposit"], list[Event]()

    def admit(kind: str, units: int, money: float) -> tuple[int, int]:
        sums = (0, 0)
        for each in by_kind[kind]:
            after = (sums[0] + each.quantity, sums[1] + each.amount_fen)
            fits = 0 < units >= after[0] and after[1] <= money
            sums = after if fits else sums
            (applied if fits else waiting).append(each)
        return sums

    paid, paid_fen = admit("pay", asked, float("inf"))
    admit("refund", paid, paid_fen + sum(each.amount_fen for each in by_kind["deposit"]))
    admit("ship", paid, float("inf"))
    admit("cancel", asked, float("inf"))
    return applied, waiting


class Model:
    """The set of accepted events, and what follows from it by counting."""

    def __init__(self) -> None:
        self.accepted: dict[str, Event] = {}
        self.duplicate = self.rejected = 0

    def take(self, batch: list[Event]) -> None:
        for each in batch:
            known = self.accepted.setdefault(each.event_id, each)
            if known is not each:
                same = known[:-1] == each[:-1]
                self.duplicate += same
                self.rejected += not same

    def split(self) -> tuple[list[Event], list[Event]]:
        """(applied, waiting): line by line, in the order of time, what fits what was ordered and paid."""
        lines: dict[Any, list[Event]] = defaultdict(list)
        applied, waiting = [], []
        for each in sorted(self.accepted.values(), key=_turn):
            if each.kind in OF_A_LINE:
                lines[each.campaign_id, each.order_id, each.sku_code].append(each)
            else:
                applied.append(each)
        for events in lines.values():
            fits, rest = fitting(events)
            applied += fits
            waiting += rest
        return applied, waiting

    def needs(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """Units asked of stock by (campaign, SKU): need, pre-sale, shipped."""
        units: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for each in self.split()[0]:
            if each.kind in OF_A_LINE:
                units[each.campaign_id, each.order_id, each.sku_code][each.kind] += each.quantity
        out: dict[tuple[str, str], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        for (campaign, _, sku), u in units.items():
            kept = max(max(u["deposit"], u["order"], u["pay"]) - u["cancel"] - u["refund"] - u["ship"], 0)
            presale = min(kept, max(u["deposit"] - u["pay"], 0))
            a, b, c = out[campaign, sku]
            out[campaign, sku] = (a + kept - presale, b + presale, c + u["ship"])
        return {key: value for key, value in out.items() if any(value)}


class Ledger(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(
            tempfile.mkdtemp(prefix="ledger-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        )
        shutil.copy(self.template, self.folder / "shop.db")
        self.db = connect(f"sqlite:///{self.folder / 'shop.db'}")
        with self.db.writing() as connection:
            shops.on_hand(connection, STOCK, NOW)
        self.model = Model()

    def teardown(self) -> None:
        with self.db.reading() as connection:
            assert not any(stock_ledger.faults(connection).values())
        self.db.dispose()
        shutil.rmtree(self.folder)

    @rule(batch=st.lists(happenings, min_size=1, max_size=6))
    def arrive(self, batch: list[Event]) -> None:
        with self.db.writing() as connection:
            receipt = post(connection, "shop", batch, NOW, "tester", new_id())
        assert receipt.received == len(batch)
        self.model.take(batch)

    @rule()
    def arrive_again(self) -> None:
        """The sender never got its 202 and sends everything once more."""
        again = list(self.model.accepted.values())
        with self.db.writing() as connection:
            receipt = post(connection, "shop", again, NOW, "tester", new_id())
        assert receipt.duplicate == len(again)
        self.model.take([each._replace() for each in again])

    @rule(batch=st.lists(happenings, min_size=1, max_size=4))
    def lose_power(self, batch: list[Event]) -> None:
        """A transaction that does not end leaves nothing behind."""

        def cut_off() -> None:
            with self.db.writing() as connection:
                post(connection, "shop", batch, NOW, "tester", new_id())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            cut_off()

    @rule()
    def garbage(self) -> None:
        with self.db.writing() as connection:
            post(connection, "shop", [Refusal("", "live.missing", "event_id", "")], NOW, "tester", new_id())
        self.model.rejected += 1

    @invariant()
    def books_agree(self) -> None:
        with self.db.reading() as connection:
            assert not any(recount.faults(connection).values())

    @invariant()
    def the_model_agrees(self) -> None:
        applied, waiting = self.model.split()
        with self.db.reading() as connection:
            tally = connection.execute(select(intake_tally)).mappings().first()
            queue = [
                Event(*row)
                for row in connection.execute(
                    select(*(event.c[name] for name in Event._fields)).where(event.c.waits_for != "")
                )
            ]
            sums = {(row[0], row[1], row[3]): list(row[4:]) for row in connection.execute(select(SKU_KIND))}
            visitors = connection.scalar(select(func.sum(sale_minute.c.visitors)))
            buyers = connection.scalar(select(func.sum(sale_minute.c.buyers)))
            stock = {tuple(row[:2]): row for row in connection.execute(select(sale_sku))}
            levels = {row.sku_code: row for row in connection.execute(select(stock_position))}
        assert facts(queue) == facts(waiting)
        if tally:
            assert (tally["applied"], tally["waiting"]) == (len(applied), len(waiting))
            assert (tally["duplicate"], tally["rejected"]) == (self.model.duplicate, self.model.rejected)
        expected: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
        for each in applied:
            for i, by in enumerate((1, each.quantity, each.amount_fen)):
                expected[each.campaign_id, each.kind, each.sku_code][i] += by
        assert {key: found for key, found in sums.items() if any(found)} == dict(expected)
        assert (buyers or 0) == len(
            {(e.campaign_id, e.user_key or f"#{e.order_id}") for e in applied if e.kind == "pay"}
        )
        assert (visitors or 0) == len(
            {(e.campaign_id, e.user_key) for e in applied if e.kind == "view" and e.user_key}
        )
        needs = self.model.needs()
        asked = {key: (row.need, row.presale, row.shipped) for key, row in stock.items()}
        assert {key: units for key, units in asked.items() if any(units)} == needs
        self.stock_is_never_oversold(levels, needs, Counter(key[1] for key in stock))

    def stock_is_never_oversold(self, levels: Any, needs: Any, sales: Counter[str]) -> None:
        for code, opening in STOCK.items():
            need, presale, shipped = (
                sum(value[i] for key, value in needs.items() if key[1] == code) for i in range(3)
            )
            row = levels[code]
            assert row.on_hand == opening - shipped
            assert row.presale_committed == presale
            assert 0 <= row.reserved <= min(need, opening)
            if (
                sales[code] == 1
            ):  # what another sale gives back is kept by this one with its next event of the SKU
                assert row.reserved == max(0, min(need, row.on_hand - presale))
        assert "C" not in levels


def assert_ledger_holds(examples: int, steps: int, template: Path) -> None:
    machine = type("LedgerMachine", (Ledger,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        ),
    )


def test_ledger_machine(sqlite_template: Path) -> None:
    assert_ledger_holds(8, 10, sqlite_template)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ledger_machine_long(sqlite_template: Path) -> None:
    assert_ledger_holds(600, 30, sqlite_template)
