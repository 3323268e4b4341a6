"""The tasks that every campaign starts from, as template.toml has them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Template:
    """One task: its code, department, T-n, length in days, what it waits for (codes), whether it asks for a
    proof, its title by language.
    """

    code: str
    department: str
    t_minus: int
    days: int
    after: tuple[str, ...]
    needs_proof: bool
    title: dict[str, str]


def _read() -> tuple[Template, ...]:
    content = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return tuple(
        Template(
            code,
            department,
            row["t"],
            row["days"],
            tuple(row.get("after", ())),
            row.get("proof", False),
            {"zh": row["zh"], "en": row["en"]},
        )
        for department, rows in content.items()
        for code, row in rows.items()
    )


TASKS = _read()
