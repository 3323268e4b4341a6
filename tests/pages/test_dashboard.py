"""The front door holds no logic: one st.App of the shell, the routes and the shields; and the settings that
keep it shut."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from core.settings import settings

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_the_front_door_is_one_app_and_nothing_else() -> None:
    body = ast.parse((ROOT / "dashboard.py").read_text(encoding="utf-8")).body
    left = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert [type(node) for node in left] == [ast.Expr, ast.Assign]
    call = left[1].value  # type: ignore[attr-defined]
    assert ast.unparse(call.func) == "st.App"
    assert {word.arg for word in call.keywords} == {"routes", "middleware", "lifespan", "on_script_error"}


def test_the_ui_script_has_no_pages_folder_beside_it() -> None:
    """Streamlit would open every file in it to anyone who types its address."""
    assert (ROOT / "pages" / "parts" / "shell" / "shell.py").is_file()
    assert not (ROOT / "pages" / "parts" / "shell" / "pages").exists()


def test_the_server_is_shut_by_default() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert "allowedHosts" not in CONFIG["server"], "the one list of host names is BIGSALE_ALLOWED_HOSTS"
    assert settings().allowed_hosts == "127.0.0.1,localhost"
    assert CONFIG["server"]["enableXsrfProtection"] is True
    assert CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["maxUploadSize"] > settings().upload_mib, "the one limit is BIGSALE_UPLOAD_MIB"
    assert CONFIG["client"] == {"showErrorDetails": "none", "toolbarMode": "minimal"}
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_a_run_does_not_end_with_a_full_garbage_collection() -> None:
    assert CONFIG["runner"]["postScriptGC"] is False


def test_both_appearances_have_the_same_colours_named() -> None:
    light, dark = CONFIG["theme"]["light"], CONFIG["theme"]["dark"]
    assert set(light) == set(dark)
    assert len(light["chartCategoricalColors"]) == len(dark["chartCategoricalColors"]) == 5
    assert (light["primaryColor"], dark["primaryColor"]) == ("#C8102E", "#FF5A5F")
