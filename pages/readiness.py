"""备战: who is late? Readiness by department, the T−n board with its critical path, heads by hour and their rota, bought
advertising.
"""

from core import clock
from core.readiness import service
from pages.parts import readiness as parts
from pages.parts.cards import heading
from pages.parts.guard import database, require
from pages.parts.picker import need_campaign

user = require("readiness.view")
db, now = database(), clock.now()
chosen = need_campaign(user, "readiness.title")
board = service.board(db, user, chosen.campaign_id, now)
heading("readiness.title", chosen, parts.standing(board))

if board.tasks.empty:
    parts.draw_up(db, user, chosen, now)
else:
    parts.answer(board)
parts.tabs(db, user, chosen, board, now)
