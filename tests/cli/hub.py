"""A hub of a few lines over HTTP: repositories are made, files arrive, and everything is remembered."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Hub:
    """Takes what huggingface_hub sends, all files inline."""

    def __init__(self, *, public: bool = False) -> None:
        self.asked: list[tuple[str, str, str]] = []
        """Method, path and token of each request."""
        self.made: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.public = public
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                hub._answer(self, "GET")

            def do_POST(self) -> None:
                hub._answer(self, "POST")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked.append((method, request.path, request.headers.get("authorization", "")))
        status, said = self._said(request.path, body)
        text = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def _said(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/api/repos/create":
            self.made.append(json.loads(body))
            return 200, {"url": f"{self.url}/datasets/me/data"}
        if path.endswith("/preupload/main"):
            named = json.loads(body)["files"]
            return 200, {
                "files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in named]
            }
        if "/commit/main" in path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return 200, {"commitUrl": f"{self.url}/me/data/commit/1", "commitOid": "1" * 40, "hookOutput": ""}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.startswith(("/api/datasets/me/data", "/api/models/me/data")):
            return 200, {"id": "me/data", "private": not self.public, "sha": "1" * 40, "siblings": []}
        return 404, {"error": "not found"}
