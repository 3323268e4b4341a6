"""试验: what could we try, what have we tried, and what did it teach us?"""

from pages.parts.experiments import room as parts
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("review.view")
page = need_campaign(page, "experiments.title")
heading(page, "experiments.title")
parts.tabs(page)
