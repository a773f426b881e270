"""The doors of the flow: events in, alerts out, questions about transfers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.routes import alerts as alert_routes
from api.routes import events as event_routes
from api.settings import Settings
from flow.service import FlowService
from jobs.home import Home
from records import keys
from records.alerts import Position, Step, advance
from records.database import open_records
from tests.flow.events.lines import event, line
from tests.flow.service.conftest import NOW, until

NDJSON = {"Content-Type": "application/x-ndjson"}
TS = "2026-03-01T21:19:00Z"


class Doors:
    """A client with every scope over an empty home, its clock standing unless it is moved."""

    def __init__(self, home: Home) -> None:
        self.now = NOW
        self.home = home
        app = create_app(Settings(home=home.root, request_timeout_s=2), clock=lambda: self.now)
        self.client = TestClient(app, headers={"X-API-Key": self.key()}, raise_server_exceptions=False)
        self.service = app.state.service

    def key(self, *scopes: str) -> str:
        engine = open_records(self.home.records_url)
        with engine.begin() as connection:
            made = keys.create(connection, "test", scopes or keys.SCOPES, NOW, "user:test")
        engine.dispose()
        return made

    def send(self, *lines: bytes, **headers: str) -> Any:
        return self.client.post("/v1/events", content=b"\n".join(lines), headers={**NDJSON, **headers})

    def one(self, body: dict[str, object]) -> Any:
        return self.client.post("/v1/events", json=body)

    def metrics(self) -> dict[str, float]:
        found = re.findall(r"^ringfence_(\w+) (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def flow(self) -> FlowService:
        running: FlowService = self.service.flow.get()
        until(lambda: running.state().trouble is None)
        return running

    def keep(self, *alert_ids: str, before: int = 0) -> None:
        """Alerts on record, as a judge keeps them."""
        steps = []
        for n, id_ in enumerate(alert_ids):
            body = {
                **{"alert_id": id_, "rule": "VOL", "version": "v1", "on": "merchant", "key": "M1", "ts": TS},
                **{
                    "event_id": "e1",
                    "enter_or_leave": "enter",
                    "facts": {"orders_1h": 3},
                    "text_en": "t",
                    "text_zh": "t",
                },
                **{"severity": "high", "measure": "", "mode": "active", "risk_type": "volume", "tier": "restrict"},
                **{"when": "x", "status": "provisional", "customer": None, "evidence": {}, "late": False},
                **{"degraded": [], "count": 1},
            }
            steps.append(
                Step(id_, "VOL", "v1", "merchant", "M1", NOW + n, "high", "active", "final", 1, (), json.dumps(body))
            )
        with self.service.records.begin() as connection:
            advance(connection, before, Position(before, 0), steps, NOW)


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    made = Doors(Home(tmp_path / "home"))
    with made.client:
        yield made


def test_one_object_is_created_exists_or_in_conflict(doors: Doors) -> None:
    first = doors.one(event(ts=TS))
    assert (first.status_code, first.json()["counts"]["created"]) == (200, 1)
    assert first.json()["answers"] == [{"line": 1, "event_id": "e1", "answer": "created"}]
    assert doors.one(event(ts=TS)).json()["answers"][0]["answer"] == "exists"
    other = doors.one(event(ts=TS, amount=1))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "event_conflict")
    pretty = json.dumps(event(event_id="e2", ts=TS), indent=2)
    answer = doors.client.post("/v1/events", content=pretty, headers={"Content-Type": "application/json"})
    assert answer.json()["counts"]["created"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "field", "code"),
    [
        (event(amount=-1), 422, "amount", "range"),
        (event(amount=...), 422, "amount", "missing"),
        (event(ts="2026-03-01T21:26:00Z"), 422, "ts", "future"),
        (event(currency="ABC"), 422, "currency", "currency"),
    ],
)
def test_a_single_event_that_does_not_fit_is_told_by_field(
    doors: Doors, body: dict[str, object], status: int, field: str, code: str
) -> None:
    answer = doors.one(body)
    assert answer.status_code == status
    assert answer.json()["error"]["fields"] == [{"field": field, "code": code}]


def test_every_line_gets_its_answer_and_good_ones_go_on(doors: Doors) -> None:
    told = doors.send(
        line(ts=TS), b"", b"nonsense", line(ts=TS), line(ts=TS, amount=1), line(event_id="e2", ts=TS, extra=1)
    )
    assert told.status_code == 200
    assert [(a["line"], a["answer"], a.get("code")) for a in told.json()["answers"]] == [
        (1, "created", None),
        (3, "rejected", "json"),
        (4, "exists", None),
        (5, "conflict", None),
        (6, "rejected", "unknown_field"),
    ]
    assert told.json()["counts"] == {"created": 1, "exists": 1, "conflict": 1, "rejected": 2}


def test_the_accounting_adds_up_on_metrics_before_and_after(doors: Doors) -> None:
    before = doors.metrics()
    assert before["flow_received_total"] == before["flow_waiting"] == 0
    doors.send(line(ts=TS), line(ts=TS), line(ts=TS, amount=1), b"{", line(event_id="e2", ts=TS))
    until(lambda: doors.metrics()["flow_waiting"] == 0)
    m = doors.metrics()
    assert (
        m["flow_received_total"]
        == 5
        == sum(m[f"flow_{n}_total"] for n in ("stored", "duplicate", "rejected", "conflict"))
    )
    assert m["flow_stored_total"] == m["flow_processed_total"] + m["flow_waiting"] == 2
    assert m["flow_late_total"] == 0
    assert "graph_lag_ms" in m


def test_what_is_no_event_and_too_much_are_refused(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    post = doors.client.post
    assert post("/v1/events", content=b"a,b", headers={"Content-Type": "text/csv"}).status_code == 415
    assert doors.send(line(ts=TS), **{"Content-Encoding": "gzip"}).status_code == 415
    assert post("/v1/events?x=1", content=line(ts=TS), headers=NDJSON).status_code == 422
    assert post("/v1/events", content=b"", headers={"Content-Type": "application/json"}).status_code == 400
    monkeypatch.setattr(event_routes, "LINES", 3)
    assert (
        doors.send(*[line(f"e{i}", ts=TS) if False else line(event_id=f"e{i}", ts=TS) for i in range(5)]).status_code
        == 413
    )
    assert doors.send(b" " * (9 << 20)).status_code == 413
    assert doors.metrics()["flow_received_total"] == 0


@pytest.mark.slow
def test_keys_need_their_scopes(doors: Doors) -> None:
    wrong = {"X-API-Key": doors.key("read")}
    assert doors.send(line(ts=TS), **wrong).status_code == 403
    assert doors.client.post("/v1/alerts/a/acknowledge", headers=wrong).status_code == 403
    assert doors.client.post("/v1/transfers:check", json={}, headers=wrong).status_code == 403
    assert doors.client.get("/v1/alerts", headers={"X-API-Key": doors.key("events")}).status_code == 403


@pytest.mark.slow
def test_a_journal_that_cannot_be_written_answers_for_nothing(doors: Doors) -> None:
    flow = doors.flow()
    flow.journal._db.execute("CREATE TRIGGER full BEFORE INSERT ON batches BEGIN SELECT raise(ABORT, 'disk full'); END")
    answer = doors.send(line(ts=TS))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "journal_unavailable")
    flow.journal._db.execute("DROP TRIGGER full")
    assert doors.send(line(ts=TS)).json()["counts"]["created"] == 1


@pytest.mark.slow
def test_a_second_process_does_not_take_events(doors: Doors) -> None:
    doors.flow()
    second = Doors(doors.home)
    with second.client:
        answer = second.send(line(ts=TS))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "flow_unavailable")
        assert second.metrics()["flow_trouble"] == 1
    assert doors.send(line(ts=TS)).status_code == 200


@pytest.mark.slow
def test_alerts_are_listed_page_by_page(doors: Doors) -> None:
    doors.keep("a1", "a2", "a3")
    page = doors.client.get("/v1/alerts", params={"limit": 2}).json()
    assert ([a["alert_id"] for a in page["alerts"]], page["total"], page["complete"]) == (["a3", "a2"], 3, False)
    rest = doors.client.get("/v1/alerts", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert ([a["alert_id"] for a in rest["alerts"]], rest["complete"]) == (["a1"], True)
    assert doors.client.get("/v1/alerts", params={"cursor": "x"}).status_code == 422
    assert doors.client.get("/v1/alerts", params={"severity": "low"}).json()["total"] == 0
    assert doors.client.get("/v1/alerts/a1").json()["status"] == "final"
    assert doors.client.get("/v1/alerts/none").status_code == 404


@pytest.mark.slow
def test_people_acknowledge_put_off_and_assign(doors: Doors) -> None:
    doors.keep("a1", "a2")
    post = doors.client.post
    assert post("/v1/alerts/a1/acknowledge").json()["acknowledged_by"].startswith("key:")
    assert post("/v1/alerts/none/acknowledge").status_code == 404
    assert post("/v1/alerts/a2/assign", json={"to": "li.na"}).json()["assigned_to"] == "li.na"
    assert post("/v1/alerts/a2/snooze", json={"until": "2026-03-01T00:00:00Z"}).status_code == 409
    assert post("/v1/alerts/a2/snooze", json={"until": "2026-03-02T00:00:00Z"}).status_code == 200

    def listed(**params: str) -> list[str]:
        return [a["alert_id"] for a in doors.client.get("/v1/alerts", params=params).json()["alerts"]]

    assert listed() == ["a1"]
    assert listed(snoozed="true", acknowledged="false") == ["a2"]
    doors.now += 86_400_000
    assert listed() == ["a2", "a1"]


def test_the_stream_is_taken_up_where_it_ended(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_routes, "STREAM_S", 0.3)
    doors.keep("a1", "a2", "a3")

    def told(last: str) -> list[tuple[str, str]]:
        answer = doors.client.get("/v1/alerts/stream", headers={"Last-Event-ID": last})
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [
            (number, json.loads(data)["alert_id"])
            for number, data in re.findall(r"id: (\d+)\nevent: alert\ndata: (.*)\n", answer.text)
        ]

    everything = told("0")
    assert [a for _, a in everything] == ["a1", "a2", "a3"]
    assert told(everything[0][0]) == everything[1:]
    assert told(everything[-1][0]) == []
    assert doors.client.get("/v1/alerts/stream").text.startswith("retry: 500\n")  # from now on: nothing yet
    assert doors.client.get("/v1/alerts/stream", headers={"Last-Event-ID": "-1"}).status_code == 422


@pytest.mark.slow
def test_the_stream_tells_what_waits_for_the_records(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow.alerts import Alert

    monkeypatch.setattr(alert_routes, "STREAM_S", 0.3)
    flow = doors.flow()
    waiting = Alert(
        *(
            "x1",
            "VOL",
            "v1",
            "merchant",
            "M1",
            NOW,
            "e1",
            False,
            {},
            "t",
            "t",
            "high",
            "",
            "active",
            "volume",
            "restrict",
            "x",
        ),
        degraded=("records",),
    )
    monkeypatch.setattr(flow, "held_back", lambda: [waiting])
    text = doors.client.get("/v1/alerts/stream", headers={"Last-Event-ID": "0"}).text
    [data] = re.findall(r"^data: (.*)$", text, re.MULTILINE)
    assert json.loads(data)["degraded"] == ["records"]
    assert "id: " not in text


def test_a_transfer_is_checked_before_it_is_made(doors: Doors) -> None:
    made = [("A", "B", 1), ("B", "C", 2)]
    doors.send(*(line("transfer", f"t{n}", f"2026-03-01T21:0{n}:00Z", src=a, dst=b, amount=100) for a, b, n in made))
    flow = doors.flow()
    until(lambda: flow.state().waiting == 0)

    def check(src: str, dst: str) -> Any:
        body = {"src": src, "dst": dst, "amount": 100, "currency": "USD", "ts": TS}
        return doors.client.post("/v1/transfers:check", json=body).json()

    closing = check("C", "A")
    assert closing["closes_loop"] is True
    assert closing["loops"][0]["events"] == ["t1", "t2"]
    assert check("A", "C")["closes_loop"] is False
    assert "snapshot" in closing["missing"]
    assert doors.metrics()["flow_stored_total"] == 2
    assert check("C", "A") == {**closing, "latency_ms": pytest.approx(0, abs=10_000)}
    assert doors.client.post("/v1/transfers:check", json={"src": "A"}).status_code == 422
