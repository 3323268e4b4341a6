"""What stands in the tables against what the audit trail says of it: accounts, roles, passwords, decided
approvals, imports and purchase orders. Whoever writes them past the program leaves no row that explains them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from core.access.passwords import proof_of
from core.access.tables import account, approval, audit
from core.imports.tables import import_run
from core.replenishment.tables import purchase_order

_ACCOUNT_FACTS = ("role", "department", "email")
_DISABLING = {"account.disable": True, "account.enable": False}
Fault = dict[str, object]


def faults(connection: Connection) -> list[Fault]:
    """[{"kind", "subject", "fault"}]: "unexplained" where no row of the trail says how it came, the name of
    what differs where the trail says otherwise."""
    parts = (_account_faults, _approval_faults, _import_faults, _order_faults)
    return [fault for part in parts for fault in part(connection)]


def trail_expected(connection: Connection) -> bool:
    """Whether anything stands that never comes without a row in the trail."""
    tables = (account, approval, import_run, purchase_order)
    return any(connection.scalar(select(func.count()).select_from(table)) for table in tables)


def _rows(connection: Connection, *beginnings: str) -> Iterator[Any]:
    """The trail's rows of those actions, oldest first."""
    query = select(audit.c.action, audit.c.subject, audit.c.account, audit.c.after).order_by(audit.c.number)
    named = or_(*(audit.c.action.startswith(begin, autoescape=True) for begin in beginnings))
    yield from connection.execute(query.where(named))


def _account_faults(connection: Connection) -> list[Fault]:
    said: dict[str, dict[str, object]] = {}
    for row in _rows(connection, "account."):
        facts = said.setdefault(row.subject, {})
        facts.update(row.after or {})
        facts["disabled"] = _DISABLING.get(row.action, facts.get("disabled", False))
    wrong = []
    for person in connection.execute(select(account)):
        if person.name not in said:
            wrong.append(_fault("account", person.name, "unexplained"))
            continue
        present = {name: getattr(person, name) for name in (*_ACCOUNT_FACTS, "disabled")}
        present["proof"] = proof_of(person.password)
        wrong += [
            _fault("account", person.name, "password" if name == "proof" else name)
            for name, value in present.items()
            if said[person.name].get(name) != value
        ]
    return wrong


def _approval_faults(connection: Connection) -> list[Fault]:
    said: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in _rows(connection, "approval."):
        said[str((row.after or {}).get("id"))].add((row.action.removeprefix("approval."), row.account))
    wrong = []
    for row in connection.execute(select(approval)):
        wanted = {("request", row.requested_by)}
        if row.state in ("approved", "refused"):
            wanted.add((row.state, row.decided_by))
        if not wanted <= said[row.id]:
            wrong.append(_fault("approval", row.id, "unexplained"))
    return wrong


def _import_faults(connection: Connection) -> list[Fault]:
    done = {(row.action, row.subject): row.account for row in _rows(connection, "import.")}
    runs = connection.execute(select(import_run))
    return list(_unexplained_imports(runs, done))


def _unexplained_imports(runs: Iterable[Row[object]], done: Mapping[tuple[str, str], str]) -> Iterator[Fault]:
    for run in runs:
        if done.get((f"import.{run.kind}", run.import_id)) != run.account:
            yield _fault("import", run.import_id, "unexplained")
        if run.state == "undone" and done.get(("import.undo", run.import_id)) != run.undone_by:
            yield _fault("import", run.import_id, "undone")
        if run.state != "undone" and ("import.undo", run.import_id) in done:
            yield _fault("import", run.import_id, "state")


def _order_faults(connection: Connection) -> list[Fault]:
    said: dict[str, str] = {}
    for row in _rows(connection, "replenishment.order"):
        said |= dict.fromkeys((row.after or {}).get("orders", []), row.account)
    orders = connection.execute(select(purchase_order.c.number, purchase_order.c.account))
    unexplained = [order.number for order in orders if said.get(order.number) != order.account]
    return [_fault("purchase_order", number, "unexplained") for number in unexplained]


def _fault(kind: str, subject: str, fault: str) -> Fault:
    return {"kind": kind, "subject": subject, "fault": fault}
