"""The viewer's door: who gets in, from where, and what no address, header or form gets past it."""

import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from noria.errors import ConfigError
from noria.viewer.access import Access, loopback
from noria.viewer.serving import listen
from noria.viewer.shelf import Shelf
from tests.cli.shell import refused
from tests.viewer.browser import Viewing, viewing


@pytest.fixture(scope="module")
def steerable(played: Path) -> Iterator[Viewing]:
    with viewing(played, "--allow-steering") as one:
        yield one


def ask(
    viewer: Viewing, path: str, *, method: str = "GET", cookie: bool = True, body: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    """A request as it is written, nothing mended on its way."""
    port = viewer.host.rsplit(":", 1)[1]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    given = {"Host": f"127.0.0.1:{port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if cookie:
        given["Cookie"] = jar(viewer)
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    connection.close()
    return found


def jar(viewer: Viewing) -> str:
    _, headers, _ = ask(viewer, f"/?token={viewer.token}", cookie=False)
    return headers["set-cookie"].split(";")[0]


def said(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found, page
    return found[1]


def test_the_token_becomes_a_cookie_and_leaves_the_address(viewer: Viewing) -> None:
    status, headers, _ = ask(viewer, f"/s/turns/?round=1&token={viewer.token}", cookie=False)
    assert (status, headers["location"]) == (303, "/s/turns/?round=1")
    cookie = headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert viewer.token not in cookie
    assert ask(viewer, "/s/turns/?round=1")[0] == 200


@pytest.mark.parametrize("path", ["/", "/s/turns/", "/s/turns/events", "/compare", "/s/turns/steer/pause"])
def test_nothing_is_shown_without_the_token(viewer: Viewing, path: str) -> None:
    status, headers, page = ask(viewer, path, cookie=False)
    assert status == 403
    assert "noria view" in said(page)
    assert "set-cookie" not in headers
    assert "turns</bdi>" not in page or path == "/"


@pytest.mark.parametrize("token", ["", "a", "A" * 43, "é" * 43, "%00", "%F0%9F%92%A7", "' OR 1=1--"])
def test_a_forged_token_is_none(viewer: Viewing, token: str) -> None:
    assert ask(viewer, f"/?{urlencode({'token': token})}", cookie=False)[0] == 403
    port = viewer.host.rsplit(":", 1)[1]
    forged = token.encode("ascii", "ignore").decode()
    assert ask(viewer, "/", cookie=False, Cookie=f"noria-{port}={forged}")[0] == 403


def test_a_token_in_another_place_opens_nothing(viewer: Viewing) -> None:
    port = viewer.host.rsplit(":", 1)[1]
    assert ask(viewer, "/", cookie=False, Authorization=f"Bearer {viewer.token}")[0] == 403
    assert ask(viewer, "/", cookie=False, Cookie=f"noria-{port}={viewer.token}")[0] == 403
    assert ask(viewer, f"/{viewer.token}", cookie=False)[0] == 403
    assert ask(viewer, f"/?token={viewer.token}", method="POST", cookie=False)[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7", "localhost.", "", "[::1", "0"]
)
def test_a_name_that_leads_here_by_dns_is_not_answered(viewer: Viewing, host: str) -> None:
    status, _, page = ask(viewer, f"/?token={viewer.token}", Host=host)
    assert status == 403
    assert "this machine" in said(page)


@pytest.mark.parametrize("path", [
    "/s/..%2f..%2f..%2fetc/", "/s/%2e%2e/", "/s/%00/", "/s//etc/passwd", "/s/%2Fetc%2Fpasswd/", "/s/turns%00/",
    "/s/turns/../../etc/passwd", "/s/turns/sample/..%2f..%2fledger.db", "/static/..%2f..%2f..%2fpyproject.toml",
    "/static/%2e%2e/%2e%2e/access.py", "/static//etc/passwd", "/static/%00", "/s/..%5c..%5cetc/", "/s/ledger.db/",
    "/s/turns/ledger.db", "/s/turns/episode/%F0%9F%92%A7%ED%A0%80",
])  # fmt: skip
def test_no_path_leads_out_of_the_sessions(viewer: Viewing, path: str) -> None:
    status, _, page = ask(viewer, path)
    assert status == 404
    assert "root:" not in page
    assert "Traceback" not in page


def test_an_address_that_begins_with_two_slashes_leads_to_no_other_machine(viewer: Viewing) -> None:
    _, headers, _ = ask(viewer, f"//evil.example/?token={viewer.token}", cookie=False)
    assert headers["location"].startswith("/evil.example")


def test_a_viewer_that_only_reads_refuses_every_deed_with_a_sentence(viewer: Viewing) -> None:
    status, _, page = ask(viewer, "/s/turns/steer/pause", method="POST", Origin=viewer.host)
    assert status == 403
    assert "--allow-steering" in said(page)
    assert '<form method="post"' not in ask(viewer, "/s/turns/")[2]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1:1", "http://localhost"])
def test_a_deed_is_not_taken_from_another_origin(steerable: Viewing, origin: str) -> None:
    status, _, page = ask(steerable, "/s/turns/steer/pause", method="POST", Origin=origin)
    assert status == 403
    assert "another place" in said(page)


@pytest.mark.parametrize(
    "body", ["", "stamp=", "stamp=a.b", "stamp=%00", "\x00\xff", "stamp=" + "0" * 70_000, "&" * 600]
)
def test_a_deed_is_not_taken_without_the_pages_own_token(steerable: Viewing, body: str) -> None:
    status, _, page = ask(steerable, "/s/turns/steer/pause", method="POST", body=body, Origin=steerable.host)
    assert status in (400, 403, 413)
    assert re.search("not sent from a page|too large|no form", said(page))


def test_methods_that_no_page_has_are_refused(viewer: Viewing) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert ask(viewer, "/s/turns/", method=method)[0] == 405
    assert ask(viewer, "/s/turns/", method="POST", Origin=viewer.host)[0] == 403


@pytest.mark.parametrize("path", ["/", "/s/turns/", "/nowhere", "/static/style.css", "/static/nothing.css"])
def test_every_answer_says_what_a_page_may_do(viewer: Viewing, path: str) -> None:
    for cookie in (True, False):
        _, headers, page = ask(viewer, path, cookie=cookie)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        if path != "/static/style.css":
            assert " style=" not in page
            assert "<script>" not in page
            assert not re.search(r"\son\w+=", page)


def test_a_page_that_is_not_there_says_so(viewer: Viewing) -> None:
    for path, word in (("/s/other/", "no session"), ("/nowhere", "no such page"), ("/s/turns/nothing", "no such page")):
        status, _, page = ask(viewer, path)
        assert status == 404
        assert word in said(page)


def test_the_viewer_listens_on_loopback_alone() -> None:
    for host in ("0.0.0.0", "192.168.0.7", "::", "example.org", ""):
        with pytest.raises(ConfigError, match="does not listen"):
            listen(host=host)
    with listen() as one, pytest.raises(ConfigError, match="--port"):
        listen(one.getsockname()[1])
    assert one.family == socket.AF_INET


def test_a_host_is_loopback_by_name_or_number() -> None:
    assert all(map(loopback, ("localhost", "localhost:80", "127.0.0.1", "127.8.9.1:3", "[::1]:8000")))
    assert not any(map(loopback, ("", "example.org", "[::2]", "10.0.0.1", "127.0.0.1@evil.example", "localhost:x:y")))


def test_a_stamp_is_of_one_viewer() -> None:
    one, other = Access(), Access()
    assert one.stamped(one.stamp())
    assert not other.stamped(one.stamp())
    assert not one.stamped("")
    assert "token" not in repr(one)


def test_a_folder_without_sessions_is_refused_with_a_sentence(tmp_path: Path) -> None:
    assert "holds no session" in refused("view", tmp_path)
    assert "holds no session" in refused("view", tmp_path / "nowhere")


def test_sessions_are_found_by_name_and_no_deeper_than_they_may_lie(tmp_path: Path) -> None:
    for place in ("one", "two/three", ".hidden/four", "a/b/c/d/five", "one/students/six"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "ledger.db").touch()
    shelf = Shelf(tmp_path)
    assert shelf.names() == ["one", "two~three"]
    assert shelf.place("two~three") == tmp_path / "two" / "three"
    (tmp_path / "one" / "ledger.db").unlink()
    with pytest.raises(Exception, match="gone"):
        shelf.place("one")
