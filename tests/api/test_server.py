"""A real server on a socket: caps, slow senders, broken connections, kills."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jobs.home import Home
from tests.api.conftest import new_key
from tests.api.test_score import body
from tests.api.town import NOW

pytestmark = pytest.mark.slow

SERVE = """
import sys
from pathlib import Path
from api.app import create_app
from api.server import serve
from api.settings import Settings
settings = Settings(home=Path(sys.argv[1]), port=0, header_timeout_s=1.0, body_timeout_s=1.0)
serve(settings, create_app(settings, clock=lambda: int(sys.argv[2])))
"""


@dataclass
class Running:
    """A server process and where it listens."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(home: Home, log: Path) -> Iterator[Running]:
    with log.open("a") as out:
        start = out.tell()
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(home.root), str(NOW)], stderr=out, text=True)
    try:
        for _ in range(600):
            found = re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text()[start:])
            if found:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        assert found, log.read_text()
        yield Running(process, int(found[1]), log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    home = Home(Path(shutil.copytree(built, folder / "home")))
    with running(home, folder / "log") as server:
        (folder / "key").write_text(new_key(home))
        yield server


@pytest.fixture
def key(server: Running) -> dict[str, str]:
    return {"X-API-Key": (server.log.parent / "key").read_text()}


def _talk(server: Running, *pieces: bytes, pause: float = 0.0, patience: float = 5.0) -> tuple[bytes, float]:
    """Send pieces, then read until the server closes; what came, and how long it took."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as s:
        for piece in pieces:
            s.sendall(piece)
            time.sleep(pause)
        got = b""
        while piece := s.recv(65_536):
            got += piece
    return got, time.monotonic() - started


def test_a_large_body_is_refused_and_others_are_served_meanwhile(server: Running, key: dict[str, str]) -> None:
    big = b'{"merchant_id": "' + b"x" * (38 << 20) + b'"}'
    answer = httpx.post(f"{server.url}/v1/score", content=big, headers={**key, "content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert _memory_peak(server) < 400 << 20
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_body_that_hides_its_size_in_chunks_is_counted(server: Running, key: dict[str, str]) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 1_024

    answer = httpx.post(f"{server.url}/v1/score", content=pieces(), headers=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("length", ["65537", "9" * 18, "9" * 40])
def test_a_claimed_size_is_refused_before_anything_is_sent(server: Running, length: str) -> None:
    head = f"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
    got, seconds = _talk(server, head)
    assert got.split(b" ")[1] in (b"413", b"400")
    assert seconds < 4.5


def test_who_sends_a_body_slowly_is_told_and_let_go(server: Running) -> None:
    head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    got, _ = _talk(server, head)
    assert b"408" in got.split(b"\r\n")[0]
    assert b"body_too_slow" in got


@pytest.mark.parametrize("start", [b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nX-A: b\r\n"])
def test_who_sends_headers_slowly_is_let_go(server: Running, start: bytes) -> None:
    got, seconds = _talk(server, start)
    assert got == b""
    assert 0.5 < seconds < 4.5


def test_a_trickle_of_headers_does_not_buy_more_time(server: Running) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        try:
            for n in range(100):
                s.sendall(f"{'GET / HTTP/1.1' if n == 0 else f'X-{n}: 1'}\r\n".encode())
                time.sleep(0.1)
        except OSError:
            pass
    assert time.monotonic() - started < 5


def test_headers_without_end_are_refused(server: Running) -> None:
    got, _ = _talk(server, b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 100_000)
    assert got == b"" or b"400" in got.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_server_lives(server: Running, raw: bytes) -> None:
    got, _ = _talk(server, raw)
    head, _, answer = got.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] in (b"400", b"408")
    assert json.loads(answer)["error"]["code"] in ("invalid_http", "body_too_slow")
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_more_connections_than_there_may_be_are_told_so_in_the_one_shape(server: Running) -> None:
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(512)]
    try:
        got, _ = _talk(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        for s in crowd:
            s.close()
    head, _, answer = got.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"503"
    assert json.loads(answer)["error"]["code"] == "too_many_connections"


def test_a_caller_who_hangs_up_leaves_no_fault(server: Running, key: dict[str, str]) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    metrics = httpx.get(f"{server.url}/metrics", headers=key).text
    assert "ringfence_faults_total 0.0" in metrics


def test_the_log_is_json_and_holds_no_query_or_body(server: Running, key: dict[str, str]) -> None:
    httpx.get(f"{server.url}/v1/clusters?member=110101199003071234", headers=key)
    httpx.get(f"{server.url}/110101199003071234?q=110101199003071234", headers=key)
    httpx.post(f"{server.url}/v1/score", content=b'{"id": "110101199003071234"}', headers=key)
    time.sleep(0.2)
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert "110101199003071234" not in server.log.read_text()
    requests = [line for line in lines if line["event"] == "request"]
    assert {"request_id", "method", "route", "status", "ms", "key_id", "ts", "level"} <= set(requests[-1])
    assert any(r["route"] == "/v1/clusters" for r in requests)
    assert key["X-API-Key"].split("_", 2)[2] not in server.log.read_text()


def test_the_process_imports_no_training_stack(server: Running, key: dict[str, str]) -> None:
    with _caller(server, key) as caller:
        for n, merchant in enumerate(("M1", "M9", "nobody")):
            caller.post("/v1/score", json=body(application_id=f"I{n}", merchant_id=merchant))
        assert caller.get("/v1/merchants/M1/subgraph").status_code == 200
        assert caller.get("/v1/clusters").status_code == 200
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "/pyarrow/" in maps  # what is imported can be seen here
    assert [line for line in maps.splitlines() if re.search("xgboost|torch|sklearn|onnx", line)] == []


def _memory_peak(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_a_stop_signal_ends_the_server_cleanly(home: Home, tmp_path: Path) -> None:
    with running(home, tmp_path / "log") as server:
        os.kill(server.process.pid, signal.SIGTERM)
        server.process.wait(10)
    assert "server_error" not in (tmp_path / "log").read_text()


def test_what_was_answered_before_a_kill_is_answered_again_after_it(home: Home, tmp_path: Path) -> None:
    told: dict[str, bytes] = {}
    key = {"X-API-Key": new_key(home)}
    for round_ in range(2):
        with running(home, tmp_path / "log") as server, _caller(server, key) as caller, ThreadPoolExecutor(4) as pool:
            assert all(_ask(caller, id_) == answer for id_, answer in told.items())
            answers = {id_: pool.submit(_ask, caller, id_) for id_ in (f"K{round_}-{n}" for n in range(200))}
            while sum(f.done() for f in answers.values()) < 20:
                time.sleep(0.005)
            server.process.kill()
            told |= {id_: answer for id_, f in answers.items() if (answer := f.result()) is not None}
    assert 40 <= len(told) < 400  # some were answered, some cut off
    with running(home, tmp_path / "log") as server, _caller(server, key) as caller:
        assert all(_ask(caller, id_) == answer for id_, answer in told.items())


def _caller(server: Running, key: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers=key, timeout=60)


def _ask(caller: httpx.Client, application_id: str) -> bytes | None:
    """The answer, or None where the connection broke."""
    try:
        answer = caller.post("/v1/score", json=body(application_id=application_id))
    except httpx.TransportError:
        return None
    assert answer.status_code == 200, answer.text
    return answer.content
