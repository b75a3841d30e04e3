"""The pictures of the book, taken of a session that was really played.

    python docs/screenshots.py sessions/demo [--folder docs/images]

Needs Chromium and the development requirements. The episode is the first accepted one in which the
student itself was right, so nobody chose it for its looks.
"""

import argparse
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from noria.memory.catalogue.reading import catalogue

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def chosen(session: Path) -> sqlite3.Row:
    """The sample and the episode that are shown."""
    query = "SELECT id, episode FROM accepted WHERE source = 'student' ORDER BY sequence LIMIT 1"
    with catalogue(session) as found:
        return (found.rows(query) or found.rows("SELECT id, episode FROM accepted ORDER BY sequence LIMIT 1"))[0]


def taken(page: Page, address: str, file: Path, *, full: bool = False) -> None:
    """One picture."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(file), full_page=full)
    print(file)


def main() -> None:
    """Serve the session, and take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "images")
    wanted = parser.parse_args()
    one, name = chosen(wanted.session), wanted.session.resolve().name
    pages = {
        "session": "", "accepted": "accepted", "sample": f"sample/{one['id']}", "episode": f"episode/{one['episode']}",
        "refused": "refused", "prompts": "prompts", "policies": "policies",
    }  # fmt: skip
    command = [sys.executable, "-m", "noria", "view", str(wanted.session), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as viewer, sync_playwright() as playwright:
        assert viewer.stdout is not None
        address = viewer.stdout.readline().strip()
        host = address.split("/?")[0]
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        for scheme, size, mark in (("light", WIDE, ""), ("dark", WIDE, "-dark"), ("light", PHONE, "-narrow")):
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1)
            page.goto(address)
            for file, place in pages.items():
                if not mark or file in ("session", "episode"):
                    taken(page, f"{host}/s/{name}/{place}", wanted.folder / f"{file}{mark}.png")
            if not mark:
                compared = f"{host}/compare?a={name}:1&b={name}:2"
                taken(page, compared, wanted.folder / "compare.png")
            page.close()
        browser.close()
        viewer.terminate()


if __name__ == "__main__":
    main()
