"""实况: are we ahead or behind, why, and what now? The running minute, or any past one."""

from core import clock
from pages.parts import live as parts
from pages.parts import live_desk as desk
from pages.parts.cards import heading
from pages.parts.guard import database, require
from pages.parts.live_minute import minute
from pages.parts.picker import need_campaign

user = require("live.view")
chosen = need_campaign(user, "live.title")
db, now = database(), clock.now()
moment = chosen.moment(now)

heading("live.title", chosen)
at = minute(chosen, moment)
desk.before(db, user, chosen, moment, now)
parts.board(db, chosen, at)
desk.tabs(db, user, chosen, at or moment, now)
