"""Demo workbooks of people: records, memberships and invites of the buyers that the orders and the last sale know, and
of visitors of the warm-up."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.demo_campaign import order_draws
from data.demo_live import SALES, payers
from data.demo_shop import SEED
from data.english.speaking import said

VISITORS = 1_500  # of the warm-up, without an order so far
PROVINCES = ("广东", "浙江", "江苏", "上海", "北京", "四川", "湖北", "山东", "河南", "湖南", "福建", "重庆")
TIERS = ("一线", "新一线", "二线", "三线", "四线及以下")
AGES = ("18-24", "25-29", "30-34", "35-39", "40-49", "50+")
CHANNELS = ("search", "recommendation", "live_room", "paid", "friend")
DEVICES = ("iOS", "Android", "PC")
INTERESTS = ("护肤", "彩妆", "个护", "香氛", "家居", "健康")
LEVELS = ("银卡", "金卡", "铂金卡", "黑金卡")
FLOORS = (1, 3, 6, 11)  # orders from which a buyer was taken for each level, about
MEMBERS = 0.56  # of buyers
INVITES, NEW, OLD = 700, 0.16, 0.06  # sent, and shares that came with a new and an old account
TERMS = ("threshold", "benefit_rate", "benefits")
SETTLED = (  # level, fen of net spend in twelve months, share given back, benefits
    ("银卡", 0, 0.01, "生日券 20 元"),
    ("金卡", 80_000, 0.03, "每月免邮券 2 张，生日礼"),
    ("铂金卡", 200_000, 0.05, "专属客服，新品试用，每月免邮"),
    ("黑金卡", 450_000, 0.08, "大促提前购，专属客服，全年免邮"),
)
TARGETS = (  # stage, channel, target, fen spent on the channel
    ("acquisition", "", 4_200, None),
    ("acquisition", "search", 90, 520_000),
    ("acquisition", "live_room", 60, 680_000),
    ("acquisition", "paid", None, 610_000),
    ("activation", "", 0.05, None),
    ("retention", "", 0.3, None),
    ("revenue", "", 58_000, None),
    ("referral", "", 0.06, None),
)
TOUCHES = (  # form, channel, content, audience, people, fen, days from today, hour, hours of results
    ("notice", "recommendation", "双十一预告：跨店满减规则", "", None, 0, -8, 20, 48),
    ("post", "recommendation", "面膜十五天空瓶笔记", "护肤人群", 1_400, 120_000, -6, 12, 24),
    ("live", "live_room", "预热专场：口红试色", "", None, 380_000, -4, 20, 12),
    ("push", "search", "加购有礼：前 500 名送小样", "加购未买", 820, 40_000, -3, 12, 24),
    ("message", "paid", "老客专享：定金翻倍", "重要保持", 640, 51_200, -1, 10, 24),
    ("live", "live_room", "预售开场直播", "", None, 520_000, 2, 20, 12),
    ("push", "search", "预售尾款提醒", "付过定金", 310, 15_500, 5, 10, 24),
)
CRITERIA = ("fit", "expertise", "values", "strength", "willingness")
PARTNERS = (  # role, name and channel, reach, fen a month, commission, fen a new buyer, days to the end, next step, points
    ("leader", "团长小满", 2_600, 0, 0.08, 500, 140, "周五群里预告预售清单", (5, 4, 5, 4, 5)),
    ("leader", "团长阿岚", 1_400, 0, 0.08, 500, 18, "补发样品", (4, 3, 5, 3, 4)),
    ("kol", "KOL成分实验室", 86_000, 600_000, 0.1, 0, 75, "双十一空瓶测评脚本", (4, 5, 4, 5, 3)),
    ("supplier", "供应商直播间", 12_000, 0, 0.05, 300, -6, "谈续约与联名装", (3, 4, 4, 3, 4)),
)
REWARD = 20  # yuan for both sides, once the invited person has bought


def files(anchor: date) -> dict[str, bytes]:
    """people.csv, members.csv and invites.csv, as a member system writes them out; people.json: levels and targets."""
    random = np.random.default_rng(SEED + 77)
    people = _people(anchor, random)
    contents = {
        "people.csv": _records(people, random),
        "members.csv": _members(people, anchor, random),
        "invites.csv": _invites(people, anchor, random),
    }
    plan = {"levels": [dict(zip(("level", *TERMS), row, strict=True)) for row in SETTLED], "targets": TARGETS}
    plan |= {"touches": [_touch(anchor, row) for row in TOUCHES]}
    plan |= {"partners": [_partner(anchor, row) for row in PARTNERS]}
    sheets = {name: frame.to_csv(index=False).encode("utf-8-sig") for name, frame in contents.items()}
    return sheets | {"people.json": json.dumps(plan, ensure_ascii=False, indent=1).encode()}


def _partner(anchor: date, row: tuple[object, ...]) -> dict[str, object]:
    """A partner with the day on which its contract ends."""
    kind, name, reach, fee, rate, reward, left, task, points = row
    ends = (anchor + timedelta(days=int(str(left)))).isoformat()
    terms = {
        "kind": kind,
        "name": name,
        "channel": name,
        "reach": reach,
        "fixed_fee": fee,
        "commission_rate": rate,
    }
    scores = dict(zip(CRITERIA, points, strict=True)) if isinstance(points, tuple) else {}
    return terms | {"reward": reward, "contract_ends": ends, "task": task} | scores


def _touch(anchor: date, row: tuple[object, ...]) -> dict[str, object]:
    """An entry of the calendar with its local moment."""
    form, channel, title, audience, people, budget, days, hour, window = row
    at = pd.Timestamp(anchor) + pd.Timedelta(days=int(str(days)), hours=int(str(hour)))
    named = {"kind": form, "channel": channel, "title": title, "audience": audience, "people": people}
    return named | {"budget": budget, "starts_at": at.isoformat(), "window_hours": window}


def _people(anchor: date, random: np.random.Generator) -> pd.DataFrame:
    """Everybody by the shop's own id: who, orders, first (day of the first order, NaT without), payer (of the last sale),
    came (days from the first visit to the first order)."""
    draws = order_draws(anchor)
    bought = pd.DataFrame({"buyer": draws.buyer, "day": pd.to_datetime(draws.paid).normalize()})
    by = bought.groupby("buyer")["day"].agg(["size", "min"])
    buyers = pd.DataFrame(
        {"who": [f"拾光用户{n:05d}" for n in by.index], "orders": by["size"], "first": by["min"]}
    )
    _, ago, seed = SALES[-1]
    paid = payers(anchor, seed)
    night = pd.Timestamp(anchor - timedelta(days=ago - 1))
    payer = pd.DataFrame({"who": paid, "orders": 1, "first": night, "payer": True})
    visitors = pd.DataFrame({"who": [f"member-{n:05d}" for n in range(VISITORS)], "orders": 0})
    people = pd.concat([buyers, payer, visitors], ignore_index=True)
    waited = np.where(
        random.random(len(people)) < 0.7,
        random.integers(0, 7, len(people)),
        random.integers(8, 60, len(people)),
    )
    return people.assign(payer=people["payer"].eq(True), came=waited)


def _records(people: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Traits; buyers of the sale are younger, more often women, and came by the live room more often."""
    n, sale = len(people), people["payer"].to_numpy(bool)
    today = people["first"].max()
    visited = today - pd.to_timedelta(random.integers(0, 24, n), unit="D")
    first_visit = (people["first"] - pd.to_timedelta(people["came"], unit="D")).fillna(
        pd.Series(visited, people.index)
    )
    interests = [said(name) for name in INTERESTS]
    one = random.choice(interests, n, p=[0.3, 0.25, 0.15, 0.1, 0.12, 0.08])
    two = random.choice(interests, n)
    return pd.DataFrame(
        {
            "用户标识": people["who"],
            "首次访问日期": first_visit.dt.strftime("%Y-%m-%d"),
            "性别": np.where(
                random.random(n) < 0.06,
                "",
                np.where(random.random(n) < np.where(sale, 0.82, 0.74), "女", "男"),
            ),
            "年龄段": _picked(
                random, AGES, sale, (0.22, 0.27, 0.21, 0.14, 0.12, 0.04), (0.31, 0.29, 0.18, 0.11, 0.08, 0.03)
            ),
            "省份": random.choice(
                [said(name) for name in PROVINCES],
                n,
                p=np.linspace(2, 0.5, len(PROVINCES)) / np.linspace(2, 0.5, len(PROVINCES)).sum(),
            ),
            "城市级别": _picked(
                random,
                tuple(said(name) for name in TIERS),
                sale,
                (0.2, 0.27, 0.22, 0.18, 0.13),
                (0.24, 0.29, 0.21, 0.16, 0.1),
            ),
            "渠道": _picked(
                random, CHANNELS, sale, (0.33, 0.27, 0.16, 0.17, 0.07), (0.26, 0.25, 0.27, 0.15, 0.07)
            ),
            "终端": random.choice(DEVICES, n, p=[0.52, 0.44, 0.04]),
            "兴趣": [a if a == b else f"{a},{b}" for a, b in zip(one, two, strict=True)],
        }
    )


def _picked(
    random: np.random.Generator,
    values: tuple[str, ...],
    sale: np.ndarray,
    usual: tuple[float, ...],
    other: tuple[float, ...],
) -> np.ndarray:
    """A value each, by other shares for the buyers of the sale."""
    return np.where(
        sale, random.choice(values, len(sale), p=other), random.choice(values, len(sale), p=usual)
    )


def _members(people: pd.DataFrame, anchor: date, random: np.random.Generator) -> pd.DataFrame:
    """More than half of the buyers, by the level that they had when levels were last settled."""
    joined = people[(people["orders"] > 0) & (random.random(len(people)) < MEMBERS)]
    settled = np.maximum(joined["orders"].to_numpy() - random.integers(0, 2, len(joined)), 1)
    days = joined["first"] + pd.to_timedelta(random.integers(0, 20, len(joined)), unit="D")
    return pd.DataFrame(
        {
            "用户标识": joined["who"],
            "会员等级": np.array([said(name) for name in LEVELS])[
                np.searchsorted(FLOORS, settled, side="right") - 1
            ],
            "入会日期": days.where(days < pd.Timestamp(anchor), pd.Timestamp(anchor)).dt.strftime("%Y-%m-%d"),
        }
    )


def _invites(people: pd.DataFrame, anchor: date, random: np.random.Generator) -> pd.DataFrame:
    """Who invited whom in the last two months; some came with a new account, fewer of them have bought."""
    faithful = people[people["orders"] >= 3]["who"].to_numpy()[:320]
    since = pd.Timestamp(anchor - timedelta(days=40))
    fresh = people[(people["first"] >= since) & (people["orders"] > 0)]["who"].to_numpy()
    new = np.concatenate(
        [random.permutation(fresh)[:40], people[people["orders"] == 0]["who"].to_numpy()[:200]]
    )
    old = people[people["orders"] >= 2]["who"].to_numpy()
    dice, rows, taken = random.random(INVITES), [], 0
    for n in range(INVITES):
        sent = pd.Timestamp(anchor) + pd.Timedelta(hours=9 - float(random.uniform(30, 24 * 42)))
        kind = "新客" if dice[n] < NEW else "老客" if dice[n] < NEW + OLD else ""
        whom = str(new[taken % len(new)]) if kind == "新客" else str(random.choice(old)) if kind else ""
        taken += kind == "新客"
        reward = REWARD if kind == "新客" and not whom.startswith("member-") else 0
        came = (
            (sent + pd.Timedelta(hours=float(random.gamma(2, 5)))).strftime("%Y-%m-%d %H:%M:%S")
            if kind
            else ""
        )
        channel = "wechat" if random.random() < 0.7 else "live_room"
        rows.append(
            (
                f"Y{n:05d}",
                str(random.choice(faithful)),
                whom,
                kind,
                sent.strftime("%Y-%m-%d %H:%M:%S"),
                came,
                channel,
                reward,
            )
        )
    head = ["邀请编号", "邀请人", "被邀请人", "新老账号", "邀请时间", "接受时间", "渠道", "奖励金额"]
    return pd.DataFrame(rows, columns=head)
