"""What is measured is what happened: stages without what runs inside them, waiting counted from the schedule."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from benchmarks.clock import PeakMemory, Stages, percentiles, show, side_by_side
from benchmarks.open_loop import fire, http

STALL_S = 0.3


def test_ways_are_taken_in_turn_and_the_other_way_about_every_other_round() -> None:
    order: list[str] = []
    side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_no_round_is_begun_once_enough_time_has_passed() -> None:
    order: list[str] = []
    side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3, enough=0.0)
    assert order == ["a", "b"]


class Clock:
    """Moves only when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_does_not_count_what_runs_inside_it() -> None:
    clock = Clock()
    stages = Stages(clock)

    def work(seconds: float) -> None:
        clock.now += seconds

    with stages.stage("outer"):
        work(1)
        stages.timed("inner", work)(10)
        with stages.stage("inner"), stages.stage("innermost"):
            work(100)
    assert stages.seconds == {"outer": 1, "inner": 10, "innermost": 100}


def test_drawing_counts_the_making_of_items_not_their_use() -> None:
    clock = Clock()
    stages = Stages(clock)

    def slow() -> Iterator[int]:
        for i in range(3):
            clock.now += 1
            yield i

    for _ in stages.drawn("made", slow()):
        clock.now += 10
    assert stages.seconds == {"made": 3}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentiles([1, 2, 3, 4, 100]) == [3, 100, 100]


def test_the_peak_of_memory_is_that_of_the_block() -> None:
    with PeakMemory() as large:
        held = bytearray(64 << 20)
        del held
    with PeakMemory() as small:
        pass
    if large.peak != large.peak:
        pytest.skip("this system does not tell the peak of a block")
    assert large.peak - large.before > 60
    assert small.peak < large.peak - 60


def test_a_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", ("what", "n"), [("a", 1_000), ("bc", 0.12345), ("d", float("nan"))])
    assert capsys.readouterr().out == "\ntitle\n  what      n\n  a     1,000\n  bc    0.123\n  d         -\n"


@pytest.fixture
def stalling() -> Iterator[int]:
    """A server that does one request after the other and stalls in its first."""
    one_at_a_time, ready, loop = asyncio.Lock(), threading.Event(), asyncio.new_event_loop()
    port = 0
    first = True

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            async with one_at_a_time:
                if first:
                    first = False
                    await asyncio.sleep(STALL_S)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        writer.close()

    async def start() -> asyncio.Server:
        nonlocal port
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return server

    def work() -> None:
        server = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        server.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    yield port
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_waiting_behind_a_stalled_request_counts(stalling: int) -> None:
    answers = fire("127.0.0.1", stalling, [http("GET", "/", {})] * 5, rate=100.0)
    assert [a.status for a in answers] == [200] * 5
    assert all(a.body == b"ok" for a in answers)
    assert all(a.after >= STALL_S - i / 100 for i, a in enumerate(answers)), "due while the first one stalled"


def test_a_request_that_nobody_answers_is_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (answer,) = fire("127.0.0.1", taken.getsockname()[1], [http("GET", "/", {})], rate=50.0)
    assert answer.status == 0


def test_a_body_is_sent_with_its_length() -> None:
    sent = http("POST", "/x", {"X-API-Key": "k"}, b"{}")
    assert sent.startswith(b"POST /x HTTP/1.1\r\n")
    assert b"\r\nX-API-Key: k\r\n" in sent
    assert sent.endswith(b"Content-Length: 2\r\n\r\n{}")
