"""One mechanism for versioned rows: no import has a refusal or a before-image of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from core.errors import ShopError
from core.imports.versioned import refuse_later, row_states

CORE = Path(__file__).parents[2] / "core"


def _sources_with(pattern: str) -> set[str]:
    return {
        str(path.relative_to(CORE))
        for path in CORE.rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }


def test_only_one_module_refuses_because_of_a_later_change_and_keeps_before_images() -> None:
    assert _sources_with(r'ShopError\(\s*"import\.later_change", import_id') == {"imports/versioned.py"}
    assert _sources_with(r"\(\s*connection,\s*import_change\b") == {"imports/versioned.py"}
    assert _sources_with(r'\["row_version"\]') == {"imports/versioned.py"}


def test_a_row_is_added_before_it_can_be_changed() -> None:
    keys = pd.Index(["new", "moved", "same"])
    assert row_states(keys, [False, True, True], [True, True, False]).tolist() == [
        "added",
        "changed",
        "unchanged",
    ]


def test_the_first_later_change_is_named_and_a_row_that_has_gone_counts_as_one() -> None:
    refuse_later("import-1", pd.Series(["import-1", "import-1"], index=["a", "b"]))
    with pytest.raises(ShopError) as refusal:
        refuse_later("import-1", pd.Series(["import-1", None, "lead"], index=["a", "b", "c"]))
    assert (refusal.value.facts["key"], refusal.value.facts["by"], refusal.value.facts["count"]) == (
        "b",
        "",
        2,
    )
