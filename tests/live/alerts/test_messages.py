"""What groups read of a night: every kind of alert from the real watch, in both languages, and in a drill."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.access import Actor
from core.campaign.target import Target
from core.database import insert
from core.goods.tables import sku
from core.live.actions import advice
from core.live.alerts import messages as alert_messages
from core.live.alerts import monitor, rules
from core.live.intake import batches
from core.live.ledger.events import Refusal
from core.live.rehearsal import rehearsal
from core.live.tables import decision
from core.notify import service as notify
from core.notify.postings import LONGEST
from core.notify.tables import message
from core.readiness import service as readiness
from core.readiness.service import NewTask
from core.settings import settings
from core.translations import sentences
from tests import shops
from tests.live.conftest import OPENS, Shop, event, hour

BEFORE = OPENS - timedelta(days=1)
NOT_IN_A_DRILL = {"rejected", "task"}
CODE_WORDS = re.compile(r"[a-z]_[a-z]|\blive\.|[{}=]|None|nan|True|False")


@pytest.fixture
def groups(small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a plan beyond its reach, a late task, and a Chinese and an English group."""
    monkeypatch.setattr(
        settings(), "channels", {name: SecretStr("json://127.0.0.1:9/") for name in ("zh", "en")}
    )
    notify.change_channel(small_shop.db, admin, "en", notify.Use(language="en"), BEFORE)
    far = Target(100_000_000, 100_000, 0.1, 10_000)
    shops.planned(small_shop.db, admin, small_shop.campaign_id, BEFORE, target=far)
    readiness.add(
        small_shop.db, admin, small_shop.campaign_id, NewTask("拍主图", "design", 20, 1, owner="王"), BEFORE
    )
    return small_shop


def judge(shop: Shop, *minutes: int) -> None:
    for minute in minutes:
        at = OPENS + timedelta(minutes=minute)
        monitor.tick(shop.db, shop.campaign_id, at, at)


def messages(shop: Shop, language: str, kind: str = "") -> list[tuple[str, str, str]]:
    """The messages of the sale in one group, oldest first: kind, title, text."""
    query = select(message).where(
        message.c.channel == language, message.c.key.startswith(f"live:{shop.campaign_id}:{kind}")
    )
    with shop.db.reading() as connection:
        rows = connection.execute(query.order_by(message.c.id)).mappings().all()
    return [(row["key"].split(":")[2], row["title"], row["body"]) for row in rows]


def night(shop: Shop, admin: Actor) -> None:
    """A bad night: a good hour far below the plan, parcels that come back, visitors who stop buying, a wrong
    price, bad data, silence."""
    events = hour(orders=300)
    back = [(int(one["event_id"][3:]), one["sku_code"]) for one in events if one["kind"] == "pay"][:60]
    events += [
        event(n, "refund", 62 + n / 10, order_id=f"o{n}", sku_code=code, amount_fen=9_900) for n, code in back
    ]
    events += [event(50_000 + n, "view", 60 + n / 20, user_key=f"v{n}") for n in range(2_500)]
    events += [
        event(60_000 + n, "pay", 100, order_id=f"x{n}", sku_code="S39", amount_fen=990) for n in range(3)
    ]
    events.append(event(80_000, "pay", 101, order_id="x0", sku_code="S39", amount_fen=990))  # under a new id
    shop.send([one | {"campaign": shop.campaign_id} for one in events], shop.campaign_id)
    judge(shop, *range(5, 190, 5))
    strange = [event(70_000 + n, "view", 188) | {"sku_code": 7} for n in range(40)]
    batches.take(shop.db, admin, "erp", strange, OPENS + timedelta(minutes=188))
    judge(shop, 190, 191, 192, 206)


@pytest.mark.parametrize("drill", [False, True])
def test_every_alert_of_a_night_is_told_in_words(groups: Shop, admin: Actor, drill: bool) -> None:
    shop = groups
    if drill:
        shop = replace(
            shop,
            campaign_id=rehearsal.start(
                shop.db, admin, shop.campaign_id, BEFORE, play=rehearsal.Play(speed=60)
            ),
        )
    night(shop, admin)
    for language, marked, other in (("zh", "【演练】", "DRILL"), ("en", "DRILL · ", "演练")):
        told = messages(shop, language)
        assert {kind for kind, *_ in told} == set(rules.RULES) - (NOT_IN_A_DRILL if drill else set())
        for kind, title, body in told:
            lines = body.splitlines()
            begins = f"{marked if drill else ''}11.11 · "
            word = sentences(language)[f"alert.{kind}"]
            assert re.fullmatch(
                rf"{begins}(\d\d-\d\d [\d:]+ · )?{word}( ?[（(]\d+ (goods|个商品)[）)])?", title
            )
            assert other not in title + body
            assert not CODE_WORDS.search(body), body
            assert re.match(r"11-11 0\d:\d\d " if language == "zh" else r"11 Nov 0\d:\d\d ", lines[0])
            assert lines[-1].startswith("下一步：" if language == "zh" else "Next: ")
            assert len(lines[-1]) > 10
            if language == "en":  # what is Chinese there is the shop's own
                assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"货\d+|拍主图", "", title + body)), body


def test_the_figures_are_those_of_the_trade(groups: Shop, admin: Actor) -> None:
    night(groups, admin)
    zh, en = (
        {kind: body for kind, _, body in reversed(messages(groups, language))} for language in ("zh", "en")
    )
    assert zh["price"].startswith(
        "11-11 01:40 货39（S39）：近 10 分钟成交均价 ¥9.90，只有到手价 ¥99 的 10.0%\n"
    )
    assert en["price"].startswith(
        "11 Nov 01:40 货39 (S39): paid ¥9.90 on average in the last 10 min, only 10.0% of the"
    )
    assert re.match(
        r"11-11 00:15 预计收盘 ¥[\d.]+万，有九成五把握到不了 ¥[\d.]+万，目标 ¥100万，差 9\d\.\d%\n下一步：先看「搜索」的访客，它少了 ¥",
        zh["pace"],
    )
    assert re.search(
        r"target ¥1M, 9\d\.\d% short\nNext: look at “Search”, Visitors: ¥[\d.]+K short", en["pace"]
    )
    assert zh["silence"].startswith("11-11 03:10 6 分钟没有任何数据，最后一条在 03:04\n")
    assert "近 10 分钟拒收 40 条" in zh["rejected"]
    assert "来源 erp，最多的原因：这个字段要写成文本" in zh["rejected"]
    assert "1 个备战任务过了截止日：拍主图\n" in zh["task"]
    assert "平时 7.3%（访客 600）" in zh["conversion"]
    assert "usually 7.3% (visitors: 600)" in en["conversion"]


@pytest.mark.parametrize("taken_back", [False, True])
def test_the_first_ranked_step_is_told_and_not_again_what_was_decided(
    groups: Shop, admin: Actor, taken_back: bool
) -> None:
    sells = [
        event(n, kind, 1 + n, sku_code="S01", order_id=f"o{n}", amount_fen=9_900)
        for n in range(38)
        for kind in ("order", "pay")
    ]
    groups.send(sells)
    done = {
        "decision_id": "d1",
        "campaign_id": groups.campaign_id,
        "at": OPENS,
        "account": "lead",
        "act": "restock",
        "note": "",
    }
    with groups.db.writing() as connection:
        insert(connection, decision, pd.DataFrame([done | {"sku_code": "S01", "figures": {}}]))
        if taken_back:
            back = done | {"decision_id": "d2", "act": "uncap", "sku_code": "S01", "figures": {"of": "d1"}}
            insert(connection, decision, pd.DataFrame([back]))
    judge(groups, *range(42, 51))
    ((_, title, body),) = messages(groups, "zh", "stock_out")
    assert title == "11.11 · 即将断货"
    assert re.match(
        r"11-11 00:\d\d 货1（S01）：还剩 2 件，约 \d+ 分钟后售罄，近期没有到货\n下一步：.*货1（S01）", body
    )
    assert ("加急补货" in body) == taken_back


def test_what_waited_for_the_hour_is_told_with_the_next_message(groups: Shop, admin: Actor) -> None:
    for code, first in (("S01", 1), ("S02", 20)):
        line = {"sku_code": code, "amount_fen": 9_900}
        groups.send(
            [
                event(first * 100 + n, kind, first + n, order_id=f"{code}-{n}", **line)
                for n in range(39)
                for kind in ("order", "pay")
            ]
        )
    judge(groups, *range(35, 131))
    first, second = (body for _, _, body in messages(groups, "zh", "stock_out"))
    assert ("S01" in first, "S02" in first) == (True, False)
    assert ("S01" in second, "S02" in second) == (False, True)
    told = monitor.standing_alerts(groups.db, admin, groups.campaign_id, OPENS + timedelta(minutes=130))
    moments = told[told["kind"] == "stock_out"].set_index("subject")["notified_at"]
    assert moments.notna().all()
    assert moments["S02"] - moments["S01"] >= timedelta(hours=1)


def test_thirty_goods_in_one_message_are_named_the_worst_first_and_counted(groups: Shop) -> None:
    seen = monitor.service.draw(groups.db, groups.campaign_id, OPENS + timedelta(minutes=20))
    facts = {"name": "名字很长的商品" * 9, "left": 5, "short": 0, "next_on": "2026-11-12"}
    rows = [{"subject": f"S{n:02d}", "facts": facts | {"minutes": 90 - n}} for n in range(28)]
    rows += [{"subject": "GONE", "facts": facts | {"left": 0, "minutes": None}}]
    rows += [{"subject": "OVER", "facts": facts | {"left": 0, "short": 1_200, "minutes": None}}]
    nothing = pd.DataFrame({"sku_code": []})
    for language, count, more, last in (
        ("zh", "即将断货（30 个商品）", r"另有 (\d+) 个商品，看大促实况", "下一步：打开大促实况"),
        (
            "en",
            "Running out (30 goods)",
            r"and (\d+) more goods on the page “Live sale”",
            "Next: open “Live sale”",
        ),
    ):
        title, body = alert_messages.alert(seen, "stock_out", rows, nothing, language)
        first, *named, rest, step = body.splitlines()
        assert title.endswith(count)
        assert first.startswith("11-11 00:20" if language == "zh" else "11 Nov 00:20")
        assert [re.search(r"[（(](\w+)[）)]", line)[1] for line in named][:4] == [
            "OVER",
            "GONE",
            "S27",
            "S26",
        ]  # type: ignore[index]
        assert "1,200" in named[0]
        assert len(named) + int(re.fullmatch(more, rest)[1]) == 30  # type: ignore[index]
        assert step.startswith(last)
        assert len(body.encode()) <= LONGEST


def test_a_hostile_name_stays_a_name(groups: Shop) -> None:
    name = '<at user_id="all">所有人</at>\n# **降价** [领券](http://evil.example) \u202egpj' + "长" * 500
    with groups.db.writing() as connection:
        connection.execute(sku.update().where(sku.c.sku_code == "S05").values(name=name))
    groups.send([event(n, "pay", 1, order_id=f"x{n}", sku_code="S05", amount_fen=990) for n in range(3)])
    judge(groups, 2)
    ((_, _, body),) = messages(groups, "zh", "price")
    assert len(body.splitlines()) == 2
    assert "<at" not in body
    assert "\u202e" not in body
    assert "http://" not in body
    assert body.replace("\u2060", "").startswith(
        '11-11 00:02 <at user_id="all">所有人</at> # **降价** […（S05）：近'[:30]
    )
    assert "S05）" in body
    assert len(body) < 200


def test_every_act_and_every_refusal_has_its_words() -> None:
    for language in ("zh", "en"):
        assert {f"message.step.{act}" for act in advice.ACTS} <= set(sentences(language))
        assert {f"errors.{code}" for code in refusals()} <= set(sentences(language))


def refusals() -> set[str]:
    """The codes with which the intake refuses a line."""
    from pathlib import Path

    import core.live as live

    folder = Path(live.__file__).parent
    text = "".join(
        (folder / file).read_text(encoding="utf-8")
        for file in ("ledger/events.py", "intake/batches.py", "ledger/ledger.py", "ledger/order_lines.py")
    )
    assert Refusal.__name__ in text
    found = set(re.findall(r'(?:_Refused\(|Refusal\([^"\n]*(?:"",)? ?)"(live\.\w+)"', text))
    assert len(found) > 8
    return found


def test_a_message_leads_to_its_page(groups: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "public_url", "https://sale.shop.example/")
    judge(groups, 6)
    ((_, _, body),) = messages(groups, "en", "silence")
    assert body.splitlines()[0] == "11 Nov 00:06 no data at all, 6 min after the opening"
    assert body.splitlines()[-1] == f"Open https://sale.shop.example/live?campaign={groups.campaign_id}"
