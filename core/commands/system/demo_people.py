"""The demo's people: their records, memberships and invites, the levels in force, targets of the five stages, the calendar."""

from __future__ import annotations

import orjson
import pandas as pd

from core import clock
from core.audience.growth import service as growth
from core.audience.growth.service import Aim
from core.audience.members import service as members
from core.audience.partners import service as partners
from core.audience.partners.service import Terms
from core.audience.touches import service as touches
from core.audience.touches.calendar import Touch
from core.campaign import service as campaigns
from core.commands.imports import run_import
from core.commands.terminal.run import desk


def load(files: dict[str, bytes]) -> dict[str, int]:
    """The three workbooks of people, then what was decided about them."""
    counts = {
        kind: run_import(kind, f"{kind}.csv", files[f"{kind}.csv"]).figures["added"]
        for kind in ("people", "members", "invites")
    }
    at, plan = desk(), orjson.loads(files["people.json"])
    levels = pd.DataFrame(plan["levels"]).set_index("level")
    members.set_levels(at.db, at.actor, levels, {}, now=at.now)
    sale = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    for stage, channel, target, spend in plan["targets"]:
        growth.set_target(at.db, at.actor, sale, Aim(stage, channel, target, spend), now=at.now)
    for one in plan["touches"]:
        entry = Touch(**one | {"starts_at": clock.parse_local(one["starts_at"], clock.SHANGHAI)})
        touches.put(at.db, at.actor, sale, entry, now=at.now)
    for one in plan["partners"]:
        partners.put(at.db, at.actor, Terms(**one), now=at.now)
    counts["partners"] = len(plan["partners"])
    counts["touches"] = len(plan["touches"])
    return counts | {"member_levels": len(levels), "stage_targets": len(plan["targets"])}
