"""备战: who is late? Readiness by department, the T−n board with its critical path, heads by hour and their
rota, bought advertising.
"""

from core.readiness import service
from pages.parts.readiness import board as parts
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.guard import require
from pages.parts.shell.heading import heading

page = require("readiness.view")
page = need_campaign(page, "readiness.title")
board = service.board(page.database, page.actor, page.campaign_id, page.now)
heading(page, "readiness.title", parts.standing(board))

if board.tasks.empty:
    parts.draw_up(page)
parts.tabs(page, board)
