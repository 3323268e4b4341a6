"""Files that a screen has made for somebody: who may fetch each, and as long as their role may do what it was
made for. Known to this process, which keeps the files too.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from core.access.rules import Actor, allowed

MOST = 10_000  # files remembered; the oldest are forgotten, and then nobody may fetch them

_takers: OrderedDict[str, frozenset[tuple[str, str]]] = OrderedDict()  # file id -> (account, action)
_lock = Lock()


def made_for(file_id: str, account: str, action: str) -> None:
    """Notes that the file was made for this account, which was allowed to do `action`."""
    with _lock:
        _takers[file_id] = _takers.pop(file_id, frozenset()) | {(account, action)}
        while len(_takers) > MOST:
            _takers.popitem(last=False)


def may_fetch(file_id: str, actor: Actor) -> bool:
    """Whether the file was made for this account, whose role may still do what it was made for."""
    with _lock:
        takers = _takers.get(file_id, frozenset())
    return any(account == actor.name and allowed(actor, action) for account, action in takers)
