"""A set that is approved over HTTP judges the next event; one that is taken back does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from jobs.home import Home
from records import keys
from records.database import open_records
from tests.flow.service.conftest import NOW, until

pytestmark = pytest.mark.slow

OTHER = """[[rule]]
code = "TOLD"
on = "merchant"
when = "notices_1h >= 1"
severity = "low"
text_en = "{notices_1h} notices"
text_zh = "通知{notices_1h}条"
measure = "read them"
tests = { fires = [{ notices_1h = 1 }], silent = [{}] }
"""
STRETCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}


class Clock:
    """Stands still until it is moved."""

    now = NOW


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app_of(tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], TestClient]]:
    """One running service; a client for each person."""
    home = Home(tmp_path / "home")
    app = create_app(Settings(home=home.root), clock=lambda: clock.now)

    def client(name: str) -> TestClient:
        engine = open_records(home.records_url)
        with engine.begin() as connection:
            key = keys.create(connection, name, keys.SCOPES, NOW, "user:test")
        engine.dispose()
        return TestClient(app, headers={"X-API-Key": key}, raise_server_exceptions=False)

    with TestClient(app):
        yield client


def test_an_approved_set_judges_the_next_event_and_a_rollback_the_one_after(
    app_of: Callable[[str], TestClient], clock: Clock
) -> None:
    ada, bob = app_of("ada"), app_of("bob")

    def notice(merchant: str) -> None:
        clock.now += 10_000  # moments that the clock has passed are judged by the set of then
        ts = datetime.fromtimestamp(clock.now / 1000, UTC).isoformat(timespec="milliseconds")
        event = {"event_id": f"n{clock.now}", "type": "notice", "ts": ts}
        event |= {"merchant_id": merchant, "severity": "warning", "code": "c"}
        assert ada.post("/v1/events", json=event).status_code == 200

    def raised(merchant: str) -> set[tuple[str, str]]:
        found = ada.get("/v1/alerts").json()["alerts"]
        return {(a["rule"], a["version"]) for a in found if a["key"] == merchant}

    def in_force() -> str:
        return str(ada.get("/v1/rules").json()["version"])

    def judged_by(version: str) -> None:
        flow = ada.app.state.service.flow  # type: ignore[attr-defined]  # the app is FastAPI's
        until(lambda: flow.get().state().rules == version)

    shipped = in_force()
    notice("M1")
    until(lambda: bool(raised("M1")))
    assert raised("M1") == {("NOTICE", shipped)}

    made = ada.post("/v1/rules/drafts", json={"text": OTHER}).json()
    path = f"/v1/rules/drafts/{made['draft']}"
    tried = bob.post(f"{path}/dry-run", json=STRETCH).json()
    assert tried["sentence_en"] == (
        "over 1 event, would have fired 1 time on 1 merchant; the current set 1 time on 1 merchant"
    )
    assert bob.post(f"{path}/approve", json={"version": made["version"]}).status_code == 200
    judged_by(made["version"])
    notice("M2")
    until(lambda: bool(raised("M2")))
    assert raised("M2") == {("TOLD", made["version"])}

    assert bob.post("/v1/rules/rollback", json={"version": made["version"]}).status_code == 200
    judged_by(shipped)
    notice("M3")
    until(lambda: bool(raised("M3")))
    assert raised("M3") == {("NOTICE", shipped)}
