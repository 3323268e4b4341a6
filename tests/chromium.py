"""One Chromium a process, whichever folder's tests ask for it first: a second playwright cannot start beside it."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Browser, Playwright, sync_playwright

_running: list[tuple[Playwright, Browser]] = []


def shared(path: str, flags: Sequence[str]) -> Browser:
    """The browser, started by the first who asks."""
    if not _running:
        playwright = sync_playwright().start()
        _running.append((playwright, playwright.chromium.launch(executable_path=path, args=list(flags))))
    return _running[0][1]


def end() -> None:
    """At the end of the session, by whichever fixture goes first."""
    while _running:
        playwright, browser = _running.pop()
        browser.close()
        playwright.stop()
