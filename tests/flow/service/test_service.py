"""Events in, alerts on record: through restarts, changes of rules and records that go away."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from flow.facts import catalogue
from flow.journal import JournalError
from flow.service import FlowService
from policy.ruleset import read
from tests.flow.events.lines import line
from tests.flow.service.conftest import NOW, RULES, World, until


def order(n: int, merchant: str = "M1", ms: int = 0, **more: object) -> bytes:
    """The n-th order, so many milliseconds from now."""
    ts = datetime.fromtimestamp((NOW + ms) / 1000, UTC).isoformat(timespec="milliseconds")
    return line("order", f"e{merchant}{n}", ts, merchant_id=merchant, order_id=f"o{n}", **more)


def settled(service: FlowService) -> bool:
    """Whether all that came is judged."""
    state = service.state()
    return state.trouble is None and state.waiting == 0


def test_events_become_alerts_with_the_position_they_came_from(world: World) -> None:
    service = world.service()
    assert world.send(service, *(order(i, ms=-1000 + i) for i in range(4))) == ["created"] * 4
    until(lambda: settled(service) and bool(world.alerts()))
    assert world.alerts() == [("THREE", "M1", "provisional")]
    world.now += 700_000  # the lateness bound has passed
    until(lambda: world.alerts() == [("THREE", "M1", "confirmed")])
    counts = service.state().counts
    assert counts.received == counts.stored == 4
    assert service.state().processed == 4


@pytest.mark.slow
def test_a_restart_goes_on_and_tells_nothing_twice(world: World) -> None:
    service = world.service()
    world.send(service, *(order(i, ms=-3000 + i) for i in range(2)))
    until(lambda: settled(service))
    service.close()
    world.open.clear()
    again = world.service()
    world.send(again, order(2, ms=-1000), *(order(i, "M2", ms=-900 + i) for i in range(3)))
    until(lambda: len(world.alerts()) == 2)
    again.close()
    world.open.clear()
    third = world.service()
    until(lambda: settled(third))
    assert world.alerts() == [("THREE", "M1", "provisional"), ("THREE", "M2", "provisional")]
    world.now += 700_000
    until(lambda: world.alerts() == [("THREE", "M1", "confirmed"), ("THREE", "M2", "confirmed")])


def test_what_was_stored_and_not_judged_is_judged_after_a_restart(world: World) -> None:
    service = world.service()
    service._keeper.keep = lambda *_: False  # type: ignore[method-assign]  # killed before anything is kept
    world.send(service, *(order(i, ms=-1000 + i) for i in range(3)))
    service._closing = True
    service._wake.set()
    service._thread.join()
    service.close()
    world.open.clear()
    assert world.alerts() == []
    again = world.service()
    until(lambda: world.alerts() == [("THREE", "M1", "provisional")])
    assert again.state().processed == 3


@pytest.mark.slow
def test_only_one_service_owns_the_journal(world: World) -> None:
    world.service()
    with pytest.raises(JournalError, match="another process"):
        world.service()


def test_repeats_conflicts_and_refusals_are_answered_and_accounted_for(world: World) -> None:
    service = world.service()
    assert world.send(service, order(1), order(1), b"{", order(1, device_id="D9"), order(2, ms=400_000)) == [
        "created",
        "exists",
        "rejected",
        "conflict",
        "rejected",
    ]
    counts = service.state().counts
    assert counts.received == counts.stored + counts.duplicate + counts.rejected + counts.conflict == 5
    assert service.journal.dead_letters.counts() == {"future": 1, "json": 1}


def test_personal_data_never_reach_the_disk_in_clear(world: World) -> None:
    service = world.service()
    world.send(service, order(1, phone="+86 138 0013 8000"), order(2, ms=400_000, phone="13800138001"))
    world.send(service, order(3, phone="13800138000"), order(4, phone="---"), b'{"phone": "13800138002"')
    assert world.send(service, order(1, phone="013800138000")) == ["exists"]  # one form, one token
    until(lambda: settled(service))
    held = b"".join(p.read_bytes() for p in world.folder.rglob("*") if p.is_file())
    assert b"ph_" in held
    assert b"13800138" not in held
    assert b"138 0013" not in held


@pytest.mark.slow
def test_dead_letters_come_in_once_their_time_has_come(world: World) -> None:
    service = world.service()
    world.send(service, *(order(i, ms=400_000 + i) for i in range(3)))
    assert service.state().counts.stored == 0
    world.now += 200_000
    assert service.journal.dead_letters.want() == 3
    until(lambda: service.state().counts.stored == 3)
    until(lambda: world.alerts() == [("THREE", "M1", "provisional")])
    assert service.journal.dead_letters.want() == 0


@pytest.mark.slow
def test_new_rules_judge_from_the_next_event_on_and_after_a_restart_too(world: World) -> None:
    service = world.service()
    world.send(service, *(order(i, ms=-900 + i) for i in range(3)))
    until(lambda: len(world.alerts()) == 1)
    first = service.state().rules
    world.text = RULES.replace("THREE", "FOUR").replace("3", "4")
    until(lambda: service.state().rules != first)
    world.now += 5000
    world.send(service, order(3, ms=4500))
    until(lambda: len(world.alerts()) == 2)
    service.close()
    world.open.clear()
    again = world.service()
    assert again.state().rules != first
    world.now += 700_000
    until(lambda: world.alerts() == [("FOUR", "M1", "confirmed"), ("THREE", "M1", "confirmed")])


@pytest.mark.slow
def test_rules_that_cannot_be_taken_leave_the_old_ones_in_force(world: World) -> None:
    service = world.service()
    old = service.state().rules
    object.__setattr__(service._outside, "rules", lambda: ("bad", "[[rule]]\ncode = 3"))
    until(lambda: "rules" in service.state().missing)
    world.send(service, *(order(i, ms=-1000 + i) for i in range(3)))
    until(lambda: len(world.alerts()) == 1)
    assert service.state().rules == old


def test_alerts_keep_coming_while_the_records_are_away_and_come_on_record_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flow.keeper

    service = world.service()
    world.send(service, order(0, ms=-3000))
    until(lambda: settled(service))
    kept = flow.keeper.advance

    def away(*_: object) -> int:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(flow.keeper, "advance", away)
    world.send(service, order(1, ms=-2000), order(2, ms=-1000))
    until(lambda: bool(service.held_back()))
    [alert] = service.held_back()
    assert alert.degraded[-1] == "records"
    until(lambda: "records" in service.state().missing)
    assert world.alerts() == []
    world.send(service, *(order(i, "M2", ms=-900 + i) for i in range(3)))
    until(lambda: len(service.held_back()) == 2)
    monkeypatch.setattr(flow.keeper, "advance", kept)
    until(lambda: len(world.alerts()) == 2)
    until(lambda: "records" not in service.state().missing and not service.held_back())
    assert settled(service)


@pytest.mark.slow
def test_what_is_missing_is_marked_on_alerts(world: World) -> None:
    world.missing = ("store",)
    service = world.service()
    until(lambda: "store" in service.state().missing)
    world.send(service, *(order(i, ms=-1000 + i) for i in range(3)))
    until(lambda: len(world.alerts()) == 1)
    from records.alerts import Filters, page

    with world.records.connect() as connection:
        [row] = page(connection, Filters(), 10)
    assert set(row.degraded) >= {"store", "snapshot"}


@pytest.mark.slow
def test_a_fault_while_judging_is_told_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import flow.service

    monkeypatch.setattr(flow.service, "AGAIN_S", 0.1)
    service = world.service()
    judge = service._judge
    assert judge is not None

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(judge.pipeline, "push", broken)
    assert world.send(service, *(order(i, ms=-1000 + i) for i in range(3))) == ["created"] * 3
    until(lambda: len(world.alerts()) == 1)  # by a judge made anew
    assert service.state().trouble is None


@pytest.mark.slow
def test_a_journal_that_was_replaced_is_told(world: World) -> None:
    service = world.service()
    world.send(service, order(1))
    until(lambda: settled(service) and service.state().processed == 1)
    service.close()
    world.open.clear()
    for path in (world.folder / "flow").glob("journal.sqlite*"):
        path.unlink()
    world.service(judging=False)
    until(lambda: world.open[-1].state().trouble not in ("starting", None))
    assert "was replaced" in (world.open[-1].state().trouble or "")


@pytest.mark.slow
def test_every_event_is_judged_by_exactly_one_version_while_rules_change(world: World) -> None:
    one = '[[rule]]\ncode = "{}"\non = "merchant"\nwhen = "orders_1h >= 1"\n'
    world.text = one.format("A0")
    service = world.service()
    for n in range(40):
        world.now += 2000
        world.send(service, *(order(i, f"S{n}-{i}", ms=world.now - NOW - 1000 + i) for i in range(10)))
        if n % 8 == 4:
            world.text = one.format(f"A{n}")
            if n % 16 == 4:
                wanted = world.text
                until(lambda: service.state().rules == read(wanted, catalogue()).version)  # noqa: B023 - asked at once
    until(lambda: settled(service))
    world.now += 700_000
    until(lambda: len(world.alerts()) == 400 and all(status == "confirmed" for *_, status in world.alerts()))
    judged = Counter(key for _, key, _ in world.alerts())
    assert len(judged) == 400
    assert set(judged.values()) == {1}
    assert len({rule for rule, *_ in world.alerts()}) > 1
