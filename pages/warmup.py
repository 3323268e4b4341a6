"""预热: is the heat enough for the target? Signals against their plan, the funnel, the opening hour, sessions,
labels, old customers.
"""

from core.warmup import service
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading
from pages.parts.warmup import signals as parts

page = require("warmup.view")
page = need_campaign(page, "warmup.title")
heat = service.heat(page.database, page.actor, page.campaign_id, page.now)
heading(page, "warmup.title", parts.standing(heat, page.now))

parts.tabs(page, heat, service.opening_demand(page.database, page.actor, page.campaign_id))
