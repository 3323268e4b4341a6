"""复盘返场: why did we land there, and what comes back?"""

from pages.parts.review import landing as parts
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("review.view")
page = need_campaign(page, "review.title")
heading(page, "review.title")
landing = parts.landing(page)
if landing is not None:
    parts.show(page, landing)
