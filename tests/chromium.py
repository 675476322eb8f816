"""A Chromium to test the page in: one that is here, or else one that is brought."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (  # where installers that put nothing on the PATH leave it
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
INSTALL_S = 300
PATIENCE_MS = 60_000


class NoBrowser(Exception):
    """There is no browser and none could be brought; says what was tried."""


@contextmanager
def headless() -> Iterator[Browser]:
    """A browser without a window: one that is installed, Playwright's own, or one that is installed now.

    Raises:
        NoBrowser: with what went wrong in each of these ways.
    """
    if tried := _driver():
        tried += _from_debian()  # brings the libraries as well
        if _driver():
            raise NoBrowser("; ".join(tried))
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        browser.new_context(locale="en-US")  # the first one: the usual one of `visitors`
        yield browser
        browser.close()


def open_browser() -> Iterator[Browser]:
    """For a fixture: a browser whose expectations wait for a minute, as machines that run tests can be slow.

    Tests are skipped where there is none.
    """
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with headless() as browser:
            yield browser
    except NoBrowser as error:
        pytest.skip(f"no browser to test the page in: {error}")


@contextmanager
def visitors(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each as a visitor who comes with these options of a context; all are closed with this.

    The first one that asks for no more than a viewport is in the browser's usual context, where the page's scripts are
    compiled already. What it stores there is removed, unless a test closes it: such a one asks for a locale.
    """
    usual, contexts = browser.contexts[0], []

    def open_page(**options: object) -> Page:
        if not usual.pages and not options.keys() - {"viewport"}:
            return _open_usual(usual, **options)
        context = browser.new_context(**{"locale": "en-US", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    _empty(usual)


def _open_usual(usual: BrowserContext, viewport: ViewportSize | None = None) -> Page:
    usual.set_default_timeout(PATIENCE_MS)
    page = usual.new_page()
    if viewport:
        page.set_viewport_size(viewport)
    return page


def _empty(context: BrowserContext) -> None:
    """Close its pages, with what they have stored."""
    for page in context.pages:
        if page.url.startswith("http"):  # a page that never arrived has no storage
            page.evaluate("localStorage.clear()")
        page.close()
    context.clear_cookies()


def _launch(playwright: Playwright) -> Browser:
    tried = []
    for bring in (_nothing, _from_playwright, _from_debian):
        tried += bring()
        for path in (*_installed(), None):  # None is Playwright's own
            try:
                return playwright.chromium.launch(executable_path=path, args=FLAGS.split())
            except Error as error:  # Ubuntu's chromium starts a snap, which containers do not have
                tried.append(f"{path or 'Playwright’s own'}: {_first_line(error.message)}")
    raise NoBrowser("; ".join(dict.fromkeys(tried)))


def _installed() -> Iterator[str]:
    """The browsers that are here, CHROMIUM's first."""
    named = os.environ.get("CHROMIUM")
    found = [named, *map(shutil.which, NAMES), *(place for place in PLACES if Path(place).is_file())]
    return iter(dict.fromkeys(path for path in found if path))


def _driver() -> list[str]:
    """What keeps Playwright's driver from running, if anything: bare systems lack a library of it."""
    return _run([sys.executable, "-m", "playwright", "--version"])


def _nothing() -> list[str]:
    return []


def _from_playwright() -> list[str]:
    """Fetch the browser that playwright brings, into the user's cache."""
    return _run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"])


def _from_debian() -> list[str]:
    """Install Debian's Chromium, where this is Debian or like it and we may."""
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return ["apt-get: it is for root on Debian"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-noto-color-emoji", "libatomic1"]
    return _run(["apt-get", "update", "-q"], **quiet) or _run(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], **quiet
    )


def _run(command: list[str], **settings: str) -> list[str]:
    """Run an installer; returns what went wrong, if anything."""
    run: Callable = partial(subprocess.run, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    try:
        done = run(command, env=os.environ | settings)
    except subprocess.TimeoutExpired:
        return [f"{' '.join(command)}: not done after {INSTALL_S} s"]
    return [f"{' '.join(command)}: {_complaint(done.stderr or done.stdout)}"] if done.returncode else []


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _complaint(text: str) -> str:
    """The line of an installer's output that says what went wrong."""
    lines = text.strip().splitlines() or ["it said nothing"]
    return next((line.strip() for line in lines if line.startswith(("Error", "E:"))), lines[-1])
