"""What a restart finds on record of alerts that were told at once."""

from __future__ import annotations

from pathlib import Path

from flow.alerts import judged
from flow.facts import catalogue
from flow.keeper import Keeper
from policy.ruleset import read
from records.alerts import Position
from records.database import open_records


def test_provisional_alerts_without_a_settling_step_are_found_again(tmp_path: Path) -> None:
    rule = judged(read('[[rule]]\ncode = "R"\non = "merchant"\nwhen = "orders_1h > 1"', catalogue()))[0]
    open_, settled = (rule.alert(key, 1_772_000_000_000, "e", False, {"orders_1h": 2}, "provisional") for key in "MN")
    engine = open_records(f"sqlite:///{tmp_path / 'records.sqlite'}")
    keeper = Keeper(engine, Position(0, 0), lambda: 5)
    assert keeper.keep([open_, settled], Position(2, 0))
    assert keeper.keep([settled.as_("confirmed")], Position(3, 0))
    assert keeper.unsettled() == [open_]
    engine.dispose()
