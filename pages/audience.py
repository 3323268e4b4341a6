"""人群: whom do we call, with what?"""

from pages.parts.audience import room
from pages.parts.shell.campaign_picker import campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("audience.view")
page = campaign(page)
heading(page, "audience.title")
room.tabs(page)
