"""What a page costs: the server's side of every page, with a session of 100,000 episodes behind it.

    python bench/viewer.py [--episodes 100000] [--place FOLDER] [--times 5] [--json]

The session is made by `bench/synthetic.py` (kept in `--place`, and taken from there the next
time), its catalogue is filled from nothing, and each page is asked for through the whole
application, door and templates with it, without a socket. A page's time is from the request
to the last byte of its answer; a kind of page is told by the median of its addresses, and by
the worst, with the processor's share of it, which is what a busy machine does not change. The
goal is 200 ms.
"""

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from synthetic import make

from noria.memory.catalogue import FILE, Catalogue
from noria.memory.ledger import FILE as LEDGER
from noria.viewer.access import Access
from noria.viewer.app import application
from noria.viewer.shelf import Shelf

GOAL_MS = 200.0
SEARCHES = ("apple", '"how many"', "umbrella rabbit", "answer", "zebra", "wint")


def filled(session: Path) -> dict[str, Any]:
    """Fill the catalogue from nothing; what that took."""
    for file in session.glob(f"{FILE}*"):
        file.unlink()
    found = Catalogue(session)
    started, used = time.perf_counter(), time.process_time()
    found.catch_up()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    started = time.perf_counter()
    found.catch_up()
    again = time.perf_counter() - started
    found.close()
    return {
        "seconds": round(seconds, 1), "of_it_cpu": round(cpu, 1), "nothing_new_ms": round(1000 * again, 3),
        "megabytes": round((session / FILE).stat().st_size / 1e6),
        "ledger_megabytes": round((session / LEDGER).stat().st_size / 1e6),
        "most_held_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }  # fmt: skip


def addresses(session: Path, name: str) -> dict[str, list[str]]:
    """The addresses of each kind of page, with filters that find much, little and nothing."""
    found = Catalogue(session)

    def values(query: str) -> list[str]:
        return [quote(str(row[0]), safe="") for row in found.rows(query)]

    last = "ORDER BY sequence DESC LIMIT 2"
    place = f"/s/{name}"
    versions = values("SELECT version FROM templates ORDER BY first_round LIMIT 2")
    policies = values("SELECT name FROM policies ORDER BY round LIMIT 3")
    listed = [
        "", *(f"?q={quote(words)}" for words in SEARCHES), "?domain=units", "?domain=units&level=3", "?round=2",
        *(f"?policy={one}" for one in policies), *(f"?template={one}" for one in versions), "?verdict=reject",
        "?verdict=accept&domain=code&q=apple", "?before=5000", "?before=100&domain=units", "?domain=nowhere",
    ]  # fmt: skip
    samples = values(f"SELECT id FROM samples {last}") + values("SELECT id FROM samples WHERE withdrawn <> '' LIMIT 1")
    episodes = [
        *values("SELECT id FROM episodes ORDER BY number DESC LIMIT 2"),
        *values("SELECT id FROM episodes WHERE reason = 'broken' LIMIT 1"),
    ]
    pages = {
        "sessions": ["/"],
        "session": [f"{place}/"],
        "accepted": [f"{place}/accepted{one}" for one in (*listed, "?role=all", "?withdrawn=1", "?source=student")],
        "accepted, newer": [f"{place}/accepted/newer?after=70000", f"{place}/accepted/newer?after=10&domain=units"],
        "refused": [f"{place}/refused{one}" for one in (*listed, "?reason=duplicate", "?reason=broken&level=1")],
        "refused, newer": [f"{place}/refused/newer?after=99000", f"{place}/refused/newer?after=10&domain=units"],
        "sample": [f"{place}/sample/{one}" for one in samples],
        "episode": [f"{place}/episode/{one}" for one in episodes],
        "prompts": [f"{place}/prompts"],
        "prompt": [f"{place}/prompts/{one}" for one in ("generator", "solver", "judge")],
        "policies": [f"{place}/policies"],
        "policy": [f"{place}/policies/{one}" for one in policies],
        "compare": [f"/compare?a={name}:1&b={name}:2", f"/compare?a={name}&b={name}"],
    }
    found.close()
    return pages


async def asked(app: Any, access: Access, address: str) -> tuple[int, float, float]:
    """Status and seconds of one page, by the clock and of this process's own work."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"127.0.0.1:80"), (b"cookie", f"noria-80={access.cookie}".encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    started, used = time.perf_counter(), time.process_time()
    await app(scope, receive, send)
    return statuses[0], time.perf_counter() - started, time.process_time() - used


async def timed(session: Path, times: int) -> dict[str, Any]:
    """Milliseconds of every kind of page."""
    access = Access()
    app = application(Shelf(session), access)
    name = Shelf(session).names()[0]
    found = {}
    for kind, pages in addresses(session, name).items():
        costs, work = dict[str, float](), dict[str, float]()
        for address in pages:
            runs = [await asked(app, access, address) for _ in range(times)]
            if runs[0][0] not in (200, 303, 307):
                raise SystemExit(f"{address} was answered with {runs[0][0]}")
            costs[address] = 1000 * statistics.median(seconds for _, seconds, _ in runs)
            work[address] = 1000 * statistics.median(seconds for *_, seconds in runs)
        worst = max(costs, key=lambda one: costs[one])
        found[kind] = {
            "addresses": len(costs), "median_ms": round(statistics.median(costs.values()), 1),
            "worst_ms": round(costs[worst], 1), "worst_cpu_ms": round(max(work.values()), 1), "worst": worst,
        }  # fmt: skip
    return found


def main() -> None:
    """Measure, and print a table or one JSON object; the status is 1 where a page misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=100_000)
    parser.add_argument("--place", type=Path, help="Folder to keep the session in.")
    parser.add_argument("--times", type=int, default=5, help="How often each address is asked for.")
    parser.add_argument("--kept", action="store_true", help="Do not fill the catalogue anew.")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        session = (wanted.place or Path(folder)) / f"session-{wanted.episodes}"
        if not (session / LEDGER).is_file():
            asyncio.run(make(session, wanted.episodes))
        fill = {} if wanted.kept else filled(session)
        pages = asyncio.run(timed(session, wanted.times))
    if wanted.json:
        print(json.dumps({"episodes": wanted.episodes, "goal_ms": GOAL_MS, "fill": fill, "pages": pages}))
    else:
        print(f"{wanted.episodes} episodes; the catalogue: {fill}")
        for kind, one in pages.items():
            over = "  over the goal" if one["worst_ms"] > GOAL_MS else ""
            worst = f"worst {one['worst_ms']:7.1f} ms (cpu {one['worst_cpu_ms']:.1f}; {one['worst']})"
            print(f"{kind:16} {one['median_ms']:7.1f} ms, {worst}{over}")
    raise SystemExit(any(one["worst_ms"] > GOAL_MS for one in pages.values()))


if __name__ == "__main__":
    main()
