"""Two rule sets on the same recorded events: what each raises, as the service would have had it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow.batch import decode
from flow.journal import Incoming, Journal
from jobs.flow_replay import replay_flow
from jobs.home import Home
from tests.cli.calling import call
from tests.flow.lanes.batches import BASE, order
from tests.flow.pipeline.streams import Event, lines, moment

MINUTE, DAY = 60_000, 86_400_000
LOW, HIGH = (f'[[rule]]\ncode = "MANY"\non = "merchant"\nwhen = "orders_24h >= {n}"\n' for n in (2, 4))


def journal(home: Home, *batches: tuple[list[Event], int]) -> None:
    with Journal(home.flow) as open_:
        for events, received in batches:
            decoded = decode(lines(events))
            open_.append([Incoming(decoded.events, decoded.bodies)], received)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    days = [[order(f"{day}-{i}", 2 * day * DAY + i, f"M{i % 2}") for i in range(2 + 2 * day)] for day in range(5)]
    journal(home, *((events, BASE + 2 * day * DAY + 10 * MINUTE) for day, events in enumerate(days)))
    (tmp_path / "low.toml").write_text(LOW)
    (tmp_path / "high.toml").write_text(HIGH)
    return home


def test_alerts_of_a_stretch_are_compared(home: Home, tmp_path: Path) -> None:
    """
    every other day  0   1   2   3   4
    orders a shop    1   2   3   4   5
    at least 2           x   x   x   x
    at least 4                   x   x
    """
    out = tmp_path / "changes.jsonl"
    low, high = tmp_path / "low.toml", tmp_path / "high.toml"
    done = replay_flow(home, high, BASE + 2 * DAY, BASE + 8 * DAY, low, out)
    assert done.events == 4 + 6 + 8
    assert (done.alerts_before, done.alerts_after, done.added, done.gone) == (6, 2, 2, 6)
    assert done.by_rule == {"MANY": {"before": 6, "after": 2, "both": 0}}
    changes = [json.loads(x) for x in out.read_text().splitlines()]
    assert [(c["change"], c["key"]) for c in changes[:2]] == [("gone", "M0"), ("gone", "M1")]
    assert sum(c["change"] == "added" for c in changes) == 2
    same = replay_flow(home, low, BASE, BASE + 19 * DAY, low)
    assert (same.added, same.gone, same.by_rule["MANY"]["both"]) == (0, 0, same.alerts_after)


def test_what_was_late_by_the_services_clock_is_late_in_the_replay(tmp_path: Path) -> None:
    home = Home(tmp_path)
    journal(home, ([order("a", 0)], BASE), ([order("b", 1)], BASE + 20 * MINUTE), ([order("c", 2)], BASE))
    rules = tmp_path / "low.toml"
    rules.write_text(LOW)
    assert replay_flow(home, rules, BASE, BASE + DAY, rules).alerts_after == 0


def test_the_set_in_force_is_what_it_is_compared_with(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--home", home.root, "replay", "--rules", tmp_path / "low.toml", "--from", moment(BASE))
    done = call(capsys, monkeypatch, *words, "--to", moment(BASE + DAY), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["by_rule"]["MANY"]["before"] == 0
    assert call(capsys, monkeypatch, *words).code == 2
