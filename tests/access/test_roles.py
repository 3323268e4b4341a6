"""Who may do what: the whole table spelt out, and no service function without its check."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.access.rules import ACTIONS, APPROVALS, ROLES, Actor, allow, allowed
from core.connect.kinds import KINDS
from core.connect.kinds import kind as load_kind
from core.errors import ShopError
from core.imports import service as imports

CORE = Path(__file__).parents[2] / "core"

# Every action and who may do it, written down a second time on purpose: v viewer, m merchandiser, c campaign
# lead, f finance, w warehouse, d department member, a admin. A new action needs its line here, a changed one
# a second thought.
LETTERS = dict(
    zip(
        "vmcfwda",
        ("viewer", "merchandiser", "campaign_lead", "finance", "warehouse", "member", "admin"),
        strict=True,
    )
)
EXPECTED = """
goods.view              vmcfwda
goods.edit              ma
goods.structure         mca
cost.view               mfa
cost.edit               fa
stock.view              vmcfwda
stock.import            ma
stock.count             mwa
stock.count_approve     mfa
supplier.edit           ma
import.view             mcfa
campaign.view           vmcfwda
campaign.edit           ca
plan.view               vmcfwda
plan.edit               ca
signals.view            vmcfwda
signals.import          mca
orders.view             mcfa
orders.import           mca
price.view              mcfa
price.edit              mfa
price.ask               mcfa
price.promotion         cfa
price.approve           fa
margin.view             fa
replenishment.view      mcfwa
replenishment.edit      ma
replenishment.approve   mfa
replenishment.receive   mwa
warmup.view             vmcfwda
warmup.edit             ca
warmup.import           mca
readiness.view          vmcfwda
readiness.edit          ca
readiness.task          mcfwda
staffing.edit           cwda
live.view               vmcfwda
live.act                ca
live.acknowledge        mca
live.intake             ca
audience.view           mcfa
audience.edit           ca
audience.import         mca
audience.export         ca
person.forget           a
experiment.edit         ca
experiment.vote         mcfwda
review.view             vmcfwda
review.edit             ca
approval.view           mcfa
account.manage          a
audit.view              a
notify.manage           a
settings.manage         a
demo.manage             a
settings.ask            mcfwa
backup.run              a
check.run               a
"""

# Functions whose action is not a literal but the workbook kind's own: tested kind by kind below.
BY_KIND = (
    "core.imports.inspection.inspect",
    "core.imports.service.preview",
    "core.imports.service.commit",
    "core.imports.service.undo",
)


def _expected() -> dict[str, set[str]]:
    lines = [line.split() for line in EXPECTED.strip().splitlines()]
    return {action: {LETTERS[letter] for letter in letters} for action, letters in lines}


def test_the_table_is_the_one_written_here() -> None:
    expected = _expected()
    assert set(ACTIONS) - set(expected) == set(), "an action without a line in this test"
    assert set(expected) - set(ACTIONS) == set(), "a line for an action that is gone"
    wrong = [
        (action, role)
        for action in ACTIONS
        for role in ROLES
        if (role in expected[action]) != allowed(Actor("x", role), action)
    ]
    assert wrong == []


def test_the_administrator_may_everything_and_a_stranger_nothing() -> None:
    assert all(allowed(Actor("x", "admin"), action) for action in ACTIONS)
    for role in ("", "root", "Admin", "admin ", "viewer,admin"):
        assert not any(allowed(Actor("x", role), action) for action in ACTIONS)
    with pytest.raises(KeyError):
        allow(Actor("x", "admin"), "no.such_action")


def test_what_needs_two_people_names_real_actions() -> None:
    assert {action for pair in APPROVALS.values() for action in pair} <= set(ACTIONS)


def _functions() -> list[tuple[str, ast.FunctionDef]]:
    """Every public function of core that takes both a Database and an Actor: what screens, commands and HTTP
    may call."""
    found = []
    for path in sorted(CORE.rglob("*.py")):
        module = ".".join(path.relative_to(CORE.parent).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                kinds = {
                    ast.unparse(argument.annotation)
                    for argument in [*node.args.args, *node.args.kwonlyargs]
                    if argument.annotation
                }
                if {"Database", "Actor"} <= kinds:
                    found.append((f"{module}.{node.name}", node))
    return found


FUNCTIONS = _functions()


def _action(node: ast.FunctionDef) -> str | None:
    """The action of the `allow(actor, "room.action")` that the function begins with, or None."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    call = body[0].value if body and isinstance(body[0], ast.Expr) else None
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "allow" and len(call.args) == 2):
        return None
    return call.args[1].value if isinstance(call.args[1], ast.Constant) else None


def test_every_service_function_begins_with_its_check() -> None:
    without = [name for name, node in FUNCTIONS if _action(node) not in ACTIONS and name not in BY_KIND]
    assert without == []
    assert set(BY_KIND) <= {name for name, _ in FUNCTIONS}, "an exception that is gone"
    assert len(FUNCTIONS) > 20, "the walk finds the services"


class Untouchable:
    """Stands in for the database: whoever reaches it has passed the check."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was reached: {name}")


@pytest.mark.parametrize(
    ("name", "node"),
    [pytest.param(name, node, id=name) for name, node in FUNCTIONS if _action(node) in ACTIONS],
)
def test_a_role_without_the_action_is_refused_before_anything_happens(
    name: str, node: ast.FunctionDef
) -> None:
    module, _, function = name.rpartition(".")
    call: Callable[..., Any] = getattr(import_module(module), function)
    action = str(_action(node))
    signature = inspect.signature(call)
    for role in (*ROLES, "", "stranger"):
        actor = Actor("somebody", role)
        if allowed(actor, action):
            continue
        given = {
            key: Untouchable()
            if "Database" in str(parameter.annotation)
            else actor
            if "Actor" in str(parameter.annotation)
            else None
            for key, parameter in signature.parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        assert _refusal(lambda: call(**given)) == (action, role)  # noqa: B023 - called at once


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_workbook_is_for_its_roles_alone(name: str) -> None:
    kind = load_kind(name)
    assert kind.action in ACTIONS
    draft: Any = SimpleNamespace(inspection=SimpleNamespace(kind=kind))
    nothing: Any = Untouchable()
    for role in (*ROLES, "stranger"):
        actor = Actor("somebody", role)
        if allowed(actor, kind.action):
            continue
        for call in (
            lambda: imports.inspect(nothing, actor, kind, b"", "x.xlsx"),  # noqa: B023 - called at once
            lambda: imports.preview(nothing, actor, draft, now=None),  # type: ignore[arg-type]  # noqa: B023
            lambda: imports.commit(nothing, actor, draft, now=None),  # type: ignore[arg-type]  # noqa: B023
            lambda: imports.undo(nothing, actor, kind, "x", reason="y", now=None),  # type: ignore[arg-type]  # noqa: B023
        ):
            assert _refusal(call) == (kind.action, role)


def _refusal(call: Callable[[], Any]) -> tuple[object, object]:
    with pytest.raises(ShopError) as caught:
        call()
    assert caught.value.code == "access.denied"
    return caught.value.facts["action"], caught.value.facts["role"]
