"""补货: what do I order today, for how much, and why? A run computed, looked into line by line, overridden,
approved, ordered, received."""

from core.replenishment import service
from pages.parts.replenishment import run as parts
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.empty import empty
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("replenishment.view")
page = need_campaign(page, "replenishment.title")
run_id = service.newest(page.database, page.actor, page.campaign_id)
view = service.sheet(page.database, page.actor, run_id, page.now) if run_id else None
heading(page, "replenishment.title", parts.standing(view, page.now) if view else "")

parts.controls(page, view)
if view is None:
    empty("replenishment.empty")
    parts.tabs(page, None, None)
else:
    parts.tabs(page, view, parts.answer(page, view))
