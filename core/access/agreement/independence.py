"""Whether the second person is really another one, and who that person may be.

A decider whom the asker has created, promoted, given another sign-in address or a new password, or let in again
within the last days could be the asker in a second account; so could the asker be the decider's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from core.access.accounts import NOBODYS_NAME
from core.access.agreement import agreed
from core.access.rules import ACTIONS, APPROVALS, Actor
from core.access.tables import account, audit
from core.errors import ShopError

_MAKING = ("account.add", "account.reset_password", "account.enable", "account.change")
_IDENTITY = ("role", "email")


def require_independent(connection: Connection, asker: str, decider: str, now: datetime) -> None:
    """ShopError("approval.same_hands", made, by, days) where one of the two has the other's account in hand."""
    days = agreed.in_force(connection, "approver_days")
    if days <= 0:
        return
    for maker, made in ((asker, decider), (decider, asker)):
        if _made(connection, maker, made, now - timedelta(days=days)):
            raise ShopError("approval.same_hands", made=made, by=maker, days=days)


def _made(connection: Connection, maker: str, name: str, since: datetime) -> bool:
    a = audit.c
    acts = (a.account == maker, a.subject == name, a.action.in_(_MAKING), a.at > since)
    return any(
        row.action != "account.change"
        or any((row.before or {}).get(fact) != (row.after or {}).get(fact) for fact in _IDENTITY)
        for row in connection.execute(select(a.action, a.before, a.after).where(*acts))
    )


def decides(role: str) -> frozenset[str]:
    """What a role may decide as the second person."""
    return frozenset(action for _, action in APPROVALS.values() if role in ACTIONS[action])


def needs_second(connection: Connection, actor: Actor, name: str, before: str, after: str) -> bool:
    """Whether a new role may decide what the old one may not, and another administrator is there to agree.

    The operator at the machine itself holds the database anyway; an administrator who is alone has nobody to
    ask. In both cases `require_independent` still bars the account for some days.
    """
    if actor.name == NOBODYS_NAME or decides(after) <= decides(before):
        return False
    others = (
        select(func.count())
        .select_from(account)
        .where(
            account.c.role == "admin",
            account.c.disabled.is_(False),
            account.c.name.not_in((actor.name, name)),
        )
    )
    return bool(connection.scalar(others))
