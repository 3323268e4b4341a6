"""大屏: one number, one curve, one ranking, one message; readable at five metres, alive or honest about it."""

from core import clock
from pages.parts import wall as parts
from pages.parts.guard import database, require
from pages.parts.picker import need_campaign

user = require("live.view")
chosen = need_campaign(user)
db = database()
moment = chosen.moment(clock.now())

parts.dress()
parts.bar(chosen, moment)
parts.show(db, user, chosen, parts.minute(chosen, moment))
