"""The report in a real browser: it asks for nothing, runs nothing, and fits the window, the narrow one too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sft_trainer.data.publish.report_page import report_page
from tests.unit.trainer.data.publish.reports import full_report, hostile_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MEASURE = """<script>
addEventListener("load", () => setTimeout(() => {
  const width = document.documentElement.clientWidth;
  const scrolled = element => element.closest(".scroll") !== null;
  const over = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1 && !scrolled(e));
  const found = {
    width: width, page: document.documentElement.scrollWidth, over: over.map(e => e.outerHTML.slice(0, 80)),
    requests: performance.getEntriesByType("resource").map(entry => entry.name), scripts: document.scripts.length,
  };
  document.title = "measured " + JSON.stringify(found);
}, 200));
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on PATH (Debian: apt-get install chromium)")
    return found


def run(browser: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder / 'profile'}"]
    return subprocess.run([browser, *fixed, *arguments], capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", ["ordinary", "hostile"])
def test_nothing_overflows_and_nothing_is_asked_for(browser: str, tmp_path: Path, kind: str, width: int) -> None:
    page = report_page(full_report() if kind == "ordinary" else hostile_report())
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert policy in page
    # The measuring script is the test's own: without the policy, which would stop it, whatever else can run or load does so too.
    opened = page.replace(policy, "").replace("<details>", "<details open>").replace("</body>", f"{MEASURE}</body>")
    file = tmp_path / "report.html"
    file.write_text(f"{opened}", encoding="utf-8")
    frame = tmp_path / "frame.html"  # headless windows have a least width of 500; a frame has none
    frame.write_text(
        f'<iframe src="report.html" style="width:{width}px;height:900px;border:0"></iframe>'
        "<script>setInterval(() => { document.title = frames[0].document.title; }, 50);</script>"
    )
    shown = run(
        browser, tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom", frame.as_uri()
    ).stdout
    measured = re.search(r"<title>measured (.*?)</title>", shown)
    assert measured, shown[:2000]
    found = json.loads(measured[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["width"] <= width
    assert found["over"] == []
    assert found["page"] <= found["width"]
    assert found["requests"] == []
    assert found["scripts"] == 1


def asked_for(browser: str, folder: Path, page: str) -> bool:
    """Whether the browser tried to reach the host that the hostile rows name."""
    folder.mkdir()
    file, log = folder / "report.html", folder / "net.json"
    file.write_text(page, encoding="utf-8")
    run(browser, folder, f"--log-net-log={log}", "--virtual-time-budget=3000", "--dump-dom", file.as_uri())
    return "example.com" in log.read_text(errors="replace")


def test_no_request_leaves(browser: str, tmp_path: Path) -> None:
    assert asked_for(browser, tmp_path / "control", "<img src=https://example.com/x>"), "the log would not show a request"
    assert not asked_for(browser, tmp_path / "report", report_page(hostile_report()))


def test_it_prints(browser: str, tmp_path: Path) -> None:
    file, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    file.write_text(report_page(full_report()), encoding="utf-8")
    run(browser, tmp_path, f"--print-to-pdf={printed}", file.as_uri())
    assert printed.read_bytes().startswith(b"%PDF")
