"""补货: what do I order today, for how much, and why? A run computed, looked into line by line, overridden, approved, ordered, received."""

from core import clock
from core.replenishment import service
from pages.parts import replenishment as parts
from pages.parts.cards import heading
from pages.parts.empty import empty
from pages.parts.guard import database, require
from pages.parts.picker import need_campaign

user = require("replenishment.view")
db, now = database(), clock.now()
chosen = need_campaign(user, "replenishment.title")
run_id = service.newest(db, user, chosen.campaign_id)
view = service.sheet(db, user, run_id) if run_id else None
heading("replenishment.title", chosen, parts.standing(view, now) if view else "")

parts.controls(db, user, chosen, view, now)
if view is None:
    empty("replenishment.empty")
else:
    parts.answer(view)
parts.tabs(db, user, chosen, view, now)
