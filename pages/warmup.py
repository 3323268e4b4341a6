"""预热: is the heat enough for the target? Signals against their plan, the funnel, the opening hour, sessions, labels, old
customers.
"""

from core import clock
from core.warmup import service
from pages.parts import warmup as parts
from pages.parts.cards import heading
from pages.parts.guard import database, require
from pages.parts.picker import need_campaign

user = require("warmup.view")
db, now = database(), clock.now()
chosen = need_campaign(user, "warmup.title")
heat = service.heat(db, user, chosen.campaign_id, now)
heading("warmup.title", chosen, parts.standing(heat, now))

parts.answer(heat, service.opening_demand(db, user, chosen.campaign_id), now)
parts.tabs(db, user, chosen, heat, now)
