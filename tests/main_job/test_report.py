"""The report opens in a browser with no network and no error, and draws what was found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from jobs.home import Home
from jobs.report.make import make_report
from tests.main_job.conftest import Job

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def test_the_report_is_one_file_that_asks_for_nothing_else(done: Job, tmp_path: Path) -> None:
    text = make_report(Home(done.home), tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in text
    assert text.count("<svg") == 7
    assert not [line for line in text.splitlines() if 'src="' in line or 'href="http' in line]


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="no Chromium on this machine: apt-get install chromium"
)
def test_the_report_opens_in_a_browser_offline(done: Job, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    page_file = make_report(Home(done.home), tmp_path / "report.html")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=flags)
        context = browser.new_context(offline=True, viewport={"width": 1240, "height": 900})
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto(page_file.as_uri())
        assert page.locator("section.card svg").count() == 7
        assert page.locator("svg text").count() > 30
        narrow = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    assert wrong == []
    assert narrow, "the page is wider than the window"
