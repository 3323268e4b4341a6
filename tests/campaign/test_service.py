"""Campaigns and plans on both databases: saved, versioned, refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import planning, service
from core.campaign.decompose import phase_curve
from core.campaign.pace import bin_shares, curve_from_days
from core.campaign.service import NewCampaign, NewSale
from core.campaign.sheet import PLAN, plan_sheet
from core.campaign.tables import campaign_plan_part
from core.campaign.target import Target, solve
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports
from core.versions import Version

TARGET = Target(5_000_000_000, 2_000_000, 0.10, 25_000)


@pytest.fixture
def campaign_id(database: Database, lead: Actor, now: datetime) -> str:
    """Double-11 2026, opened at 20:00."""
    return service.add(
        database, lead, NewCampaign("双十一 2026", service.draft("double_11", 2026, "20:00")), now=now
    )


def _refused(code: str) -> object:
    return pytest.raises(ShopError, match=rf"^{code}\b")


def test_a_campaign_is_kept_with_its_clocks(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    mine = service.load(database, lead, campaign_id)
    assert mine.opens_at == datetime(2026, 10, 31, 12, tzinfo=UTC)
    assert mine.closes_at == datetime(2026, 11, 11, 16, tzinfo=UTC)
    assert mine.faults == []
    current, upcoming = mine.phase_at(now), mine.next_phase(now)
    assert current is not None
    assert upcoming is not None
    assert (current.kind, upcoming.kind) == ("notice", "warm_up")
    assert service.campaigns(database, lead)["campaign_id"].tolist() == [campaign_id]


def test_names_are_one_each_and_never_empty(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    with _refused("campaign.same_name"):
        service.add_sale(database, lead, NewSale(" 双十一 2026 ", now, now + timedelta(days=1)), now=now)
    with _refused("campaign.no_name"):
        service.add_sale(database, lead, NewSale("  ", now, now + timedelta(days=1)), now=now)
    with _refused("campaign.unknown"):
        service.load(database, lead, "nothing")
    assert len(service.campaigns(database, lead)) == 1


def test_two_who_reschedule_at_once_do_not_overwrite_each_other(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    mine = service.load(database, lead, campaign_id)
    later = [
        replace(p, ends_at=p.ends_at + timedelta(hours=2)) if p.kind == "review" else p for p in mine.phases
    ]
    assert service.reschedule(database, lead, Version(campaign_id, mine.version), later, now=now).version == 2
    with _refused("campaign.moved"):
        service.reschedule(database, lead, Version(campaign_id, mine.version), mine.phases, now=now)
    assert service.load(database, lead, campaign_id).phases[-1].ends_at == mine.phases[
        -1
    ].ends_at + timedelta(hours=2)


def test_overlapping_sales_are_neighbours(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    other = service.add_sale(
        database,
        lead,
        NewSale("会员日", datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)),
        now=now,
    )
    service.add_sale(
        database,
        lead,
        NewSale("双十二", datetime(2026, 12, 11, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC)),
        now=now,
    )
    with database.reading() as connection:
        assert service.neighbours(connection, campaign_id)["campaign_id"].tolist() == [other]
    service.archive(database, lead, other, now=now)
    with database.reading() as connection:
        assert service.neighbours(connection, campaign_id).empty
    assert len(service.campaigns(database, lead)) == 2
    assert len(service.campaigns(database, lead, archived=True)) == 3


def test_a_plan_is_versioned_and_every_version_sums(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    assert planning.plan(database, lead, campaign_id) is None
    first = planning.set_target(
        database, lead, campaign_id, planning.NewPlan(TARGET, why="开局", version_before=0), now=now
    )
    higher = solve(gmv=6_000_000_001, conversion_rate=0.1, aov=25_000)
    second = planning.set_target(
        database, lead, campaign_id, planning.NewPlan(higher, why="加码", version_before=1), now=now
    )
    assert (first.version, second.version) == (1, 2)
    for number, numbers in ((1, TARGET), (2, higher)):
        stored = planning.plan(database, lead, campaign_id, number)
        assert stored is not None
        sums = stored.parts.groupby("dimension")[["gmv", "visitors"]].sum()
        assert set(sums["gmv"]) == {numbers.gmv}
        assert set(sums["visitors"]) == {numbers.visitors}
        assert sums.index.nunique() == 5
    listed = planning.versions(database, lead, campaign_id)
    assert listed[["version", "why"]].values.tolist() == [[2, "加码"], [1, "开局"]]
    with database.reading() as connection:
        assert planning.check(connection) == {"sums": []}
    with database.writing() as connection:
        one = (
            (campaign_plan_part.c.version == 1)
            & (campaign_plan_part.c.dimension == "tier")
            & (campaign_plan_part.c.part == "regular")
        )
        connection.execute(campaign_plan_part.update().where(one).values(gmv=campaign_plan_part.c.gmv - 1))
        assert planning.check(connection) == {"sums": [f"{campaign_id} v1"]}
    with _refused("plan.moved"):
        planning.set_target(
            database, lead, campaign_id, planning.NewPlan(TARGET, why="慢了一步", version_before=1), now=now
        )
    with _refused("plan.no_why"):
        planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why=" "), now=now)


def test_a_replan_moves_the_rest_to_what_is_open(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)
    after_first_live = datetime(2026, 11, 4, tzinfo=UTC)
    standing = planning.plan(database, lead, campaign_id)
    assert standing is not None
    closed = planning.closed_phases(standing, after_first_live)
    assert sorted(closed["kind"]) == ["live", "presale_balance", "warm_up"]
    actual = {row.phase_id: (1_000_000_000, 400_000) for row in closed.itertuples()}
    found = planning.replan(
        database, lead, campaign_id, planning.Replan(actual, why="第一波收官"), now=after_first_live
    )
    phases = found.part("phase").set_index("part")["gmv"]
    assert all(phases[phase] == 1_000_000_000 for phase in actual)
    assert phases.sum() == TARGET.gmv
    earlier = planning.plan(database, lead, campaign_id, 1)
    assert earlier is not None
    assert earlier.part("phase")["gmv"].sum() == TARGET.gmv
    with _refused("plan.phase_open"):
        planning.replan(
            database, lead, campaign_id, planning.Replan({"p08": (1, 1)}, why="早了"), now=after_first_live
        )


def test_acquisition_covers_what_retention_does_not(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    mine = service.load(database, lead, campaign_id)
    weights = replace(planning.first_weights(mine), base=800_000, retention=0.35, costs={"paid": 120})
    plan = planning.set_target(
        database, lead, campaign_id, planning.NewPlan(TARGET, weights=weights, why="拉新"), now=now
    )
    stored = planning.plan(database, lead, campaign_id)
    assert stored is not None
    assert stored.weights == plan.weights
    needed = stored.acquisition()
    assert needed["visitors"].sum() == 1_720_000
    assert needed["cost"].sum() == needed.loc[needed["channel"] == "paid", "visitors"].sum() * 120


def test_who_may_look_may_not_plan(
    database: Database, viewer: Actor, campaign_id: str, now: datetime
) -> None:
    assert service.load(database, viewer, campaign_id).name == "双十一 2026"
    with _refused("access.denied"):
        planning.set_target(database, viewer, campaign_id, planning.NewPlan(TARGET, why="我来"), now=now)
    with _refused("access.denied"):
        service.archive(database, viewer, campaign_id, now=now)


def test_the_plan_goes_out_as_a_workbook_and_comes_back(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    plan = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)

    def take(content: bytes) -> imports.Report:
        draft = imports.check(imports.inspect(database, lead, PLAN, content, "plan.xlsx"))
        return imports.commit(database, lead, draft, imports.Answers(campaign_id), now=now)

    same = take(plan_sheet(plan, "zh")).figures
    assert (same["changed"], same["rejected"]) == (0, 0)
    assert same["unchanged"] == same["rows"] == len(plan.parts)
    phases = plan.parts["dimension"] == "phase"
    more = plan.parts.assign(
        gmv=plan.parts["gmv"].mask(phases & (plan.parts["part"] == "p08"), plan.parts["gmv"] + 100_000)
    )
    with _refused("plan.sheet_sums"):
        take(plan_sheet(replace(plan, parts=more), "en"))
    report = take(plan_sheet(replace(plan, parts=more[phases]), "en"))
    assert report.figures["changed"] == 1
    found = planning.plan(database, lead, campaign_id)
    assert found is not None
    assert found.version == 2
    assert found.target.gmv == TARGET.gmv + 100_000
    assert found.part("phase")["gmv"].tolist() == more.loc[phases, "gmv"].tolist()
    imports.undo(database, lead, PLAN, report.import_id, reason="试", now=now)
    restored = planning.plan(database, lead, campaign_id)
    assert restored is not None
    assert (restored.version, restored.target) == (3, TARGET)
    assert restored.parts.equals(plan.parts)


def test_plan_sheets_are_taken_back_one_after_the_other(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    plan = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)

    def take(gmv: int, name: str) -> imports.Report:
        last = plan.parts["part"] == plan.part("phase")["part"].iloc[-1]
        parts = plan.parts.assign(gmv=plan.parts["gmv"].mask(last, plan.parts["gmv"] + gmv))
        content = plan_sheet(replace(plan, parts=parts[plan.parts["dimension"] == "phase"]), "zh")
        draft = imports.check(imports.inspect(database, lead, PLAN, content, name))
        return imports.commit(database, lead, draft, imports.Answers(campaign_id), now=now)

    def undo(report: imports.Report) -> None:
        imports.undo(database, lead, PLAN, report.import_id, reason="试", now=now)

    first, second = take(100_000, "一.xlsx"), take(200_000, "二.xlsx")
    with _refused("import.later_change"):
        undo(first)
    undo(second)
    undo(first)
    told = planning.versions(database, lead, campaign_id)
    assert told["gmv"].tolist() == [TARGET.gmv + more for more in (0, 100_000, 200_000, 100_000, 0)]
    assert told["why"].tolist() == ["↶ 一.xlsx", "↶ 二.xlsx", "二.xlsx", "一.xlsx", "开局"]


def test_days_and_hours_are_not_lost_silently(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    plan = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)
    draft = imports.check(
        imports.inspect(database, lead, PLAN, plan_sheet(_typed_over(plan), "zh"), "plan.xlsx")
    )
    report = imports.commit(database, lead, draft, imports.Answers(campaign_id), now=now)
    assert report.rejected["code"].tolist() == ["plan.part_follows"] * 3
    assert report.figures["rejected"] == 3
    assert report.figures["unchanged"] == report.figures["rows"] - 3
    standing = planning.plan(database, lead, campaign_id)
    assert standing is not None
    assert standing.version == 1


def _typed_over(plan: planning.Plan) -> planning.Plan:
    """The plan with the GMV of a day, the visitors of an hour, and a day that it does not have."""
    parts = plan.parts.copy()
    parts.loc[parts.index[parts["dimension"] == "day"][0], "gmv"] += 100
    parts.loc[parts.index[parts["dimension"] == "hour"][-1], "visitors"] += 1
    strange = parts[parts["dimension"] == "day"].tail(1).assign(part="2031-01-01")
    return replace(plan, parts=pd.concat([parts, strange], ignore_index=True))


def test_a_closed_phase_keeps_what_it_did_when_its_row_is_refused(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)
    after = datetime(2026, 11, 1, 13, tzinfo=UTC)
    plan = planning.replan(
        database, lead, campaign_id, planning.Replan({"p03": (100_000_000, 9_000)}, why="预热收官"), now=after
    )
    phases = plan.parts[plan.parts["dimension"] == "phase"]
    closed, other = phases["part"] == "p03", phases["part"] == "p08"
    typed = phases.assign(gmv=phases["gmv"] + closed * 700 + other * 1_000)
    draft = imports.check(
        imports.inspect(database, lead, PLAN, plan_sheet(replace(plan, parts=typed), "zh"), "plan.xlsx")
    )
    report = imports.commit(database, lead, draft, imports.Answers(campaign_id), now=after)
    assert report.rejected["code"].tolist() == ["plan.phase_closed"]
    found = planning.plan(database, lead, campaign_id)
    assert found is not None
    assert found.target.gmv == TARGET.gmv + 1_000
    assert found.part("phase").set_index("part")["gmv"]["p03"] == 100_000_000
    assert found.part("phase")["gmv"].sum() == TARGET.gmv + 1_000


def test_visitors_typed_into_the_sheet_are_the_plans(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    plan = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)

    def take(parts: pd.DataFrame) -> planning.Plan:
        draft = imports.check(
            imports.inspect(database, lead, PLAN, plan_sheet(replace(plan, parts=parts), "zh"), "plan.xlsx")
        )
        report = imports.commit(database, lead, draft, imports.Answers(campaign_id), now=now)
        assert report.rejected.empty
        found = planning.plan(database, lead, campaign_id)
        assert found is not None
        sums = found.parts.groupby("dimension")[["gmv", "visitors"]].sum()
        assert set(sums["gmv"]) == {found.target.gmv}
        assert set(sums["visitors"]) == {found.target.visitors}
        return found

    search, paid = (
        (plan.parts["dimension"] == "channel") & (plan.parts["part"] == name) for name in ("search", "paid")
    )
    shifted = plan.parts.assign(visitors=plan.parts["visitors"] + 50_000 * paid - 50_000 * search)
    found = take(shifted)
    assert found.target == TARGET  # nobody more, only elsewhere
    assert found.part("channel").equals(replace(plan, parts=shifted).part("channel"))
    assert found.part("hour").equals(plan.part("hour"))

    more = shifted.assign(visitors=shifted["visitors"] + 300_000 * paid)
    found = take(more)
    assert (found.target.gmv, found.target.visitors, found.target.aov) == (
        TARGET.gmv,
        TARGET.visitors + 300_000,
        TARGET.aov,
    )
    assert found.target.conversion_rate < TARGET.conversion_rate
    assert (
        found.part("channel")["visitors"].tolist()
        == replace(plan, parts=more).part("channel")["visitors"].tolist()
    )

    open_phase = (more["dimension"] == "phase") & (more["part"] == "p08")
    with _refused("plan.sheet_visitors"):
        take(more.assign(visitors=more["visitors"] + 1_000 * open_phase + 2_000 * paid))


def test_a_new_channel_of_the_sheet_brings_its_visitors(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    plan = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)
    channels = plan.parts[plan.parts["dimension"] == "channel"]
    added = channels.tail(1).assign(part="社群", gmv=channels["gmv"].iloc[0], visitors=12_345)
    lines = pd.concat([channels.iloc[1:], added], ignore_index=True)
    draft = imports.check(
        imports.inspect(database, lead, PLAN, plan_sheet(replace(plan, parts=lines), "zh"), "plan.xlsx")
    )
    imports.commit(database, lead, draft, imports.Answers(campaign_id), now=now)
    found = planning.plan(database, lead, campaign_id)
    assert found is not None
    assert found.part("channel").values.tolist() == lines[["part", "gmv", "visitors"]].values.tolist()
    assert found.acquisition()["channel"].unique().tolist() == lines["part"].tolist()


def test_a_newer_curve_is_told_and_taken_when_asked_for(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    first = planning.set_target(database, lead, campaign_id, planning.NewPlan(TARGET, why="开局"), now=now)
    live = next(p for p in first.campaign.phases if p.kind == "live")
    plain = phase_curve(live, first.campaign.timezone)
    early = [[100.0] * 12 + [1.0] * (len(bin_shares(plain)) - 12)]  # nearly everything in the first hour
    curves = {live.phase_id: curve_from_days(early, [plain.clock], plain.clock, int(plain.length))}
    assert planning.newer_curve(first, {}) == 0
    assert planning.newer_curve(first, curves) == 1
    later = datetime(2026, 11, 1, tzinfo=UTC)
    closed = {
        row.phase_id: (500_000_000, 100_000) for row in planning.closed_phases(first, later).itertuples()
    }
    kept = planning.replan(database, lead, campaign_id, planning.Replan(closed, why="预热收官"), now=later)
    assert (kept.curve_days, planning.newer_curve(kept, curves)) == (0, 1)
    renewed = planning.replan(
        database, lead, campaign_id, planning.Replan(closed, why="换曲线", curves=curves), now=later
    )
    assert (renewed.curve_days, planning.newer_curve(renewed, curves)) == (1, 0)
    stored = planning.plan(database, lead, campaign_id)
    assert stored is not None
    assert planning.newer_curve(stored, curves) == 0
    assert stored.part("phase").equals(kept.part("phase"))
    assert stored.part("hour")["gmv"].max() > kept.part("hour")["gmv"].max()
