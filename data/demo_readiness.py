"""Demo of readiness: the template's tasks three weeks before the sale, some done, some late, one stuck; own
hands; bought advertising."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

from data.english.speaking import spoken

OWNERS = {
    "mall": "陈静",
    "operations": "李想",
    "marketing": "周冉",
    "design": "顾南",
    "technology": "孙弈",
    "customer_service": "何苗",
    "logistics": "马腾",
    "finance": "方宁",
}
DONE = ("M1", "M2", "M3", "O1", "O2", "O3", "O4", "O5", "K1", "K2", "D1", "D2", "L1", "L2", "F1", "F2")
DOING = ("O6", "C1", "F3", "T1", "K3")
BLOCKED = {"M4": "平台满减配置页还没对我们店开放，已提工单"}
PERMANENT = {
    "pick": 40,
    "pack": 40,
    "weigh": 10,
    "load": 8,
}  # own people a shift; the rest is hired for the sale
PLACES = (  # name, channel, days from today to start and end, budget in fen, visitors expected
    ("信息流预热", "recommendation", 0, 20, 6_000_000, 48_000),
    ("搜索直通车", "search", 5, 22, 9_000_000, 60_000),
    ("达人专场直播", "live_room", 17, 18, 4_500_000, 25_000),
    ("会场首焦资源包", "paid", 20, 22, 12_000_000, 70_000),
)


def files(anchor: date) -> dict[str, bytes]:
    """readiness.json: owners by department, states of tasks by code, own hands by stage, advertising in local
    time."""
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001 - local by design
    places = [
        {
            "name": name,
            "channel": channel,
            "starts_at": (start + timedelta(days=first)).isoformat(),
            "ends_at": (start + timedelta(days=last)).isoformat(),
            "budget": budget,
            "expected_visitors": visitors,
        }
        for name, channel, first, last, budget, visitors in PLACES
    ]
    plan = {
        "language": spoken(),
        "owners": OWNERS,
        "done": DONE,
        "doing": DOING,
        "blocked": BLOCKED,
        "permanent": PERMANENT,
        "places": places,
    }
    return {"readiness.json": json.dumps(plan, ensure_ascii=False, indent=1).encode()}
