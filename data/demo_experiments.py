"""Demo of experiments: a backlog with votes, hypotheses on the target, one test that runs, one that won, one whose
log lost buyers, and learnings."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.workbook import sheet_bytes

TEAM = ("运营 陈静", "设计 顾南", "推广 周冉", "客服 何苗", "商品 李想")
VIDEO, HINT, MARK = "首屏视频试验", "凑单提示试验", "价格角标试验"
WEIGHTS = {"growth": 3, "speed": 2, "reuse": 1, "running_cost": 1, "fit": 2}
IDEAS: tuple[tuple[str, str, tuple[tuple[int, ...], ...]], ...] = (  # title, detail, points a person
    (
        "详情页首屏放 15 秒视频",
        "首屏还是静态图，看完要滑三屏才知道功效。视频同款竞品都有。",
        ((5, 4, 4, 2, 4), (4, 4, 5, 3, 5), (5, 3, 4, 2, 4), (4, 4, 4, 2, 4), (5, 4, 4, 3, 4)),
    ),
    (
        "购物车里提示“还差 28 元满减”",
        "满减门槛 199，平均订单 171，差一点的人最多。",
        ((4, 5, 5, 1, 4), (4, 5, 4, 1, 3), (3, 4, 5, 1, 4), (4, 5, 5, 2, 4), (4, 5, 5, 1, 4)),
    ),
    (
        "搜索结果主图加价格角标",
        "",
        ((4, 5, 3, 2, 3), (2, 4, 3, 2, 3), (5, 5, 4, 2, 3), (3, 4, 3, 2, 2), (4, 5, 3, 2, 3)),
    ),
    (
        "直播间口播改成先报到手价",
        "",
        ((3, 5, 4, 1, 5), (3, 5, 4, 1, 2), (4, 5, 4, 1, 5), (3, 5, 3, 1, 1), (3, 5, 4, 1, 4)),
    ),
    ("会员日改成每周三", "现在每月一次，记不住。", ((2, 3, 4, 3, 3), (3, 3, 4, 3, 3), (2, 4, 4, 3, 3))),
    (
        "做一套自己的小游戏",
        "",
        ((4, 1, 3, 5, 1), (3, 1, 2, 5, 1), (4, 1, 3, 4, 2), (3, 1, 3, 5, 1), (4, 1, 3, 5, 1)),
    ),
)
DECLINED = {"做一套自己的小游戏": "要三个月，大促前上不了线，也不是我们的强项。"}
HYPOTHESES = (  # name, factor, change, title, idea
    ("video", "conversion_rate", 0.003, "视频比静态首图更能留人", "详情页首屏放 15 秒视频"),
    ("hint", "aov", 800.0, "提示差额能把客单价抬过门槛", "购物车里提示“还差 28 元满减”"),
    ("mark", "visitors", 0.02, "到手价角标带来更多搜索访客", "搜索结果主图加价格角标"),
)
TESTS = (  # name, hypothesis, idea, second arm, base, minimum, days from today to start and end
    (VIDEO, "video", "详情页首屏放 15 秒视频", "视频", 0.060, 0.006, -15, -1),
    (HINT, "hint", "购物车里提示“还差 28 元满减”", "提示", 0.062, 0.006, -7, 7),
    (MARK, "mark", "搜索结果主图加价格角标", "角标", 0.055, 0.006, -15, -1),
)
RATES = {VIDEO: (0.060, 0.0725), HINT: (0.062, 0.0660), MARK: (0.055, 0.055)}
LOST = {MARK: 0.22}  # of the second arm's buyers, with their exposure: what its log has not
DAILY = {VIDEO: 1_050, HINT: 900, MARK: 1_000}  # people a day and arm
LEARNT = {
    "detail": "护肤品首屏放视频，转化更高；彩妆没有分开看。",
    "scope": "护肤详情页",
    "tags": ["详情页", "视频"],
}
BY_HAND = {
    "title": "凑单提示文案放在结算按钮上方才有人看",
    "factor": "aov",
    "verdict": "win",
    "detail": "放在购物车顶部时点击率 0.4%，移到按钮上方是 3.1%。",
    "scope": "购物车",
    "tags": ["购物车", "文案"],
}


def files(anchor: date) -> dict[str, bytes]:
    """experiments.json: ideas, votes, hypotheses, tests, learnings; experiments.xlsx: counts by day, arm, layer."""
    plan = {
        "team": TEAM,
        "weights": WEIGHTS,
        "ideas": [
            {"title": title, "detail": detail, "owner": TEAM[n % len(TEAM)], "votes": votes}
            for n, (title, detail, votes) in enumerate(IDEAS)
        ],
        "declined": [{"title": title, "reason": reason} for title, reason in DECLINED.items()],
        "hypotheses": [
            {"name": name, "factor": factor, "change": change, "title": title, "idea": idea}
            for name, factor, change, title, idea in HYPOTHESES
        ],
        "tests": [
            {
                "name": name,
                "hypothesis": hypothesis,
                "idea": idea,
                "arm": arm,
                "base": base,
                "minimum": minimum,
                "starts_on": (anchor + timedelta(days=first)).isoformat(),
                "ends_on": (anchor + timedelta(days=last)).isoformat(),
            }
            for name, hypothesis, idea, arm, base, minimum, first, last in TESTS
        ],
        "learnt": LEARNT | {"test": VIDEO},
        "by_hand": BY_HAND,
    }
    content = json.dumps(plan, ensure_ascii=False, indent=1).encode()
    return {"experiments.json": content, "experiments.xlsx": sheet_bytes(_counts(anchor))}


def _counts(anchor: date) -> pd.DataFrame:
    """People and buyers by day, arm and layer up to yesterday; of a losing log fewer than the orders show."""
    random, rows = np.random.default_rng(618), []
    for name, _, _, second, _, _, first, last in TESTS:
        for day in range(first, min(last, 0)):
            for layer, share, lift in (("新客", 0.64, 0.85), ("老客", 0.36, 1.27)):
                for arm, rate in zip(("control", second), RATES[name], strict=True):
                    people = int(random.poisson(DAILY[name] * share))
                    buyers = int(random.binomial(people, rate * lift))
                    lost = int(random.binomial(buyers, LOST.get(name, 0.0))) if arm == second else 0
                    rows.append(
                        (name, anchor + timedelta(days=day), arm, layer, people - lost, buyers - lost, buyers)
                    )
    columns = ["试验", "日期", "组别", "分层", "进组人数", "买家数", "订单买家数"]
    return pd.DataFrame(rows, columns=columns)
