"""Every way into a page's code that is taken after the page was drawn, read from the source: callbacks,
fragments, dialogs, files made on the click; each with the action that its wrapper asks for, and what it
holds on to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = {"on_click", "on_change", "on_select", "on_submit", "on_dismiss"}
BUILT_IN = {"rerun", "ignore"}
LATER = {"fragment", "dialog", "download_button"}  # Streamlit's own, which ask nobody
WRAPPERS = {"callback": 0, "fragment": 0, "dialog": 1}  # ours -> the place of the action
PEOPLE = {"page", "actor", "user"}
PERSONAL = {"PageContext", "Actor"}


class Entry(NamedTuple):
    """A way in: the file, its kind, the code, and the action asked for; "" where nobody is asked."""

    file: str
    kind: str
    code: str
    action: str


def sources() -> Iterator[Path]:
    """The files of the screens."""
    return iter(sorted((ROOT / "pages").rglob("*.py")))


def entries(tree: ast.AST, file: str) -> Iterator[Entry]:
    """The ways in of one file."""
    decorators: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            decorators |= set(node.decorator_list)
            for one in node.decorator_list:
                bare = one.func if isinstance(one, ast.Call) else one
                if isinstance(bare, ast.Attribute) and _is_streamlits(bare):
                    yield Entry(file, bare.attr, node.name, "")
        if not isinstance(node, ast.Call) or node in decorators:
            continue
        name = _name(node.func)
        if name in WRAPPERS and isinstance(node.func, ast.Name):
            yield Entry(file, name, _code(node), _text(node.args[WRAPPERS[name]]))
        elif name == "download" and isinstance(node.func, ast.Name):
            asked = [_text(word.value) for word in node.keywords if word.arg == "action"]
            yield Entry(file, "download", _code(node), asked[0] if asked else "the page's own")
        elif isinstance(node.func, ast.Attribute) and _is_streamlits(node.func):
            yield Entry(file, node.func.attr, _code(node), "")
        for word in node.keywords:
            if word.arg in CALLBACKS and not _harmless(word.value):
                yield Entry(file, word.arg, ast.unparse(word.value), "")


def captured(tree: ast.AST) -> Iterator[str]:
    """Wrapped work that holds on to a person or to the context of the run in which it was drawn."""
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.Module):
            continue
        people = PEOPLE | _personal(scope)
        nested = {one.name: one for one in scope.body if isinstance(one, ast.FunctionDef)}
        for node in _own(scope):
            if isinstance(node, ast.Call) and _name(node.func) in {*WRAPPERS, *LATER, "download", "deferred"}:
                held = [*node.args, *(word.value for word in node.keywords)]
            elif isinstance(node, ast.Call):
                held = [word.value for word in node.keywords if word.arg in CALLBACKS | {"args", "kwargs"}]
            else:
                continue
            for one in held:
                inner = nested.get(one.id) if isinstance(one, ast.Name) else None
                if inner is not None and not isinstance(scope, ast.Module):
                    one = ast.Lambda(inner.args, ast.Tuple(inner.body, ast.Load()))  # type: ignore[arg-type]
                yield from (f"{node.lineno}: {name}" for name in _held(one, people))


def _held(node: ast.AST, people: set[str], later: bool = False) -> Iterator[str]:
    """The people in an expression: whole, as `page.actor`, or in any way in code that runs later."""
    if isinstance(node, ast.Lambda):
        own = {one.arg for one in (*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs)}
        yield from _held(node.body, people - own, later=True)
        return
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and not later:
        if node.value.id in people and node.attr == "actor":
            yield ast.unparse(node)
        return
    if isinstance(node, ast.Name) and node.id in people:
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _held(child, people, later)


def _personal(scope: ast.FunctionDef | ast.Module) -> set[str]:
    """The parameters of a function that are a person or a context."""
    if isinstance(scope, ast.Module):
        return set()
    every = (*scope.args.args, *scope.args.kwonlyargs, *scope.args.posonlyargs)
    return {
        one.arg for one in every if one.annotation and PERSONAL & set(_words(ast.unparse(one.annotation)))
    }


def _words(text: str) -> list[str]:
    return text.replace("|", " ").replace("[", " ").replace("]", " ").replace(".", " ").split()


def _own(scope: ast.FunctionDef | ast.Module) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def _is_streamlits(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "st" and node.attr in LATER


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _harmless(node: ast.AST) -> bool:
    """Streamlit's own words, or our wrapper around the work."""
    if isinstance(node, ast.IfExp):
        return _harmless(node.body) and _harmless(node.orelse)
    if isinstance(node, ast.Call):
        return _name(node.func) == "callback"
    return isinstance(node, ast.Constant) and node.value in BUILT_IN


def _text(node: ast.AST) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _code(node: ast.AST) -> str:
    return ast.unparse(node)[:90]
