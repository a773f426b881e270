"""Verdicts: kept with the id, a guard against raising a false alarm again, labels where one is confirmed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.finding import Finding, Member
from graph.findings.table import findings_to_table
from graph.findings.verdicts import FALSE_ALARM, Verdict, verdict_of, with_verdicts
from graph.model import landing_schemas
from graph.snapshot_files import publish, save_snapshot
from jobs.home import Home
from jobs.look import LookError, all_findings, find_clusters
from jobs.verdict import CONFIRMED_BY, give_verdict
from landing.tables import Landing
from records.audit import entries
from records.database import open_records, reading
from records.verdicts import save_verdict, verdicts_in_force, verdicts_on
from tests.findings.facts import Facts

RING = Finding(
    kind="fake_order_ring",
    id="ring-1",
    score=0.8,
    members=(Member("Merchant", "M1", "shop"), Member("Buyer", "b1", "buyer")),
    edges=(),
    numbers={"orders": 3},
    first_ts=1,
    last_ts=2,
    text_en="A ring.",
    text_zh="团伙。",
)
NOW = 1_750_000_000_000
ALARM = Verdict("ring-1", "fake_order_ring", "false_alarm", "a fan club", frozenset({"Merchant:M1", "Buyer:b1"}), 5)


def more(finding: Finding) -> Finding:
    return replace(finding, members=(*finding.members, Member("Buyer", "b2", "buyer")))


def test_a_false_alarm_is_scored_down_and_marked_while_its_members_are_the_same() -> None:
    (quiet,) = with_verdicts([RING], [ALARM])
    assert quiet.score == pytest.approx(0.8 * FALSE_ALARM)
    assert verdict_of(quiet) == {
        "verdict": "false_alarm",
        "note": "a fan club",
        "ts": 5,
        "new_members": 0,
        "score": 0.8,
    }
    (fewer,) = with_verdicts([replace(RING, members=RING.members[:1])], [ALARM])
    assert fewer.score == pytest.approx(0.08)


def test_with_a_new_member_it_is_raised_again_and_says_how_many_are_new() -> None:
    (loud,) = with_verdicts([more(RING)], [ALARM])
    mark = verdict_of(loud)
    assert loud.score == 0.8 and mark is not None and mark["new_members"] == 1


def test_the_same_members_under_another_id_are_known_again_and_another_kind_is_not() -> None:
    (same,) = with_verdicts([replace(RING, id="ring-2")], [ALARM])
    assert same.score == pytest.approx(0.08)
    assert with_verdicts([replace(RING, id="x", kind="shared_device")], [ALARM]) == [
        replace(RING, id="x", kind="shared_device")
    ]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["confirmed", "false_alarm", None]), st.sampled_from(["confirmed", "false_alarm", None]))
def test_marking_again_changes_nothing_and_a_later_verdict_leaves_no_trace_of_the_earlier(
    first: str | None, then: str | None
) -> None:
    def said(word: str | None) -> list[Verdict]:
        return [] if word is None else [replace(ALARM, word=word)]  # type: ignore[arg-type]  # one of the two words

    once = with_verdicts([RING], said(first))
    assert with_verdicts(once, said(first)) == once
    assert with_verdicts(once, said(then)) == with_verdicts([RING], said(then))


def test_the_newest_verdict_is_in_force_and_every_one_is_in_the_audit(tmp_path: Path) -> None:
    engine = open_records(f"sqlite:///{tmp_path / 'records.sqlite'}")
    with engine.begin() as connection:
        save_verdict(connection, RING, "confirmed", "seen", "000001", "user:li", 1)
        save_verdict(connection, RING, "false_alarm", "not so", "000002", "user:wu", 2)
        assert [v.word for v in verdicts_in_force(connection)] == ["false_alarm"]
        assert [j.actor for j in verdicts_on(connection, "ring-1")] == ["user:li", "user:wu"]
        assert [e.details["verdict"] for e in entries(connection, "cluster:ring-1")] == ["false_alarm", "confirmed"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a ring published, whose shop has applied for credit; so has another shop."""
    home = Home(tmp_path)
    facts = Facts()
    facts.device("Merchant:M1", "d")
    for id_, shop in (("A1", "M1"), ("A2", "M2")):
        facts.fact("application", id_, merchant_id=shop, ts=10, amount=100, currency="CNY", status="approved")
    landing = Landing(home.landing, landing_schemas())
    with landing.begin("first", "test", "test") as batch:
        batch.add("application", facts.table("application"))
    save_snapshot(facts.snapshot(), home.snapshots / "000001", {"findings": findings_to_table([RING])}, {})
    publish(home.snapshots, "000001")
    return home


def labels(home: Home) -> list[tuple[str, bool, str]]:
    found = Landing(home.landing, landing_schemas()).view().newest("label").to_pylist()
    return sorted((r["application_id"], r["label"], r["label_source"]) for r in found)


def test_a_confirmed_finding_labels_the_applications_of_its_shops_once(home: Home) -> None:
    for now in (NOW, NOW + 1_000):
        assert give_verdict(home, "ring-1", "confirmed", "visited", now, "user:li").labels == ("A1",)
    assert labels(home) == [("A1", True, CONFIRMED_BY)]
    (shown,) = find_clusters(home).findings
    assert shown.score == 0.8 and (verdict_of(shown) or {})["note"] == "visited"


def test_a_false_alarm_labels_nothing_and_is_shown_far_down_at_once(home: Home) -> None:
    assert give_verdict(home, "ring-1", "false_alarm", "a fan club", NOW, "user:li").labels == ()
    assert labels(home) == []
    assert find_clusters(home, min_score=0.5).total == 0 and len(all_findings(home)[1]) == 1


def test_a_confirmation_taken_back_is_corrected(home: Home) -> None:
    give_verdict(home, "ring-1", "confirmed", "", NOW, "user:li")
    give_verdict(home, "ring-1", "false_alarm", "mistaken", NOW + 1_000, "user:li")
    assert [(a, label) for a, label, _ in labels(home)] == [("A1", False)]


def test_a_finding_that_is_not_there_gets_no_verdict(home: Home) -> None:
    with pytest.raises(LookError):
        give_verdict(home, "ring-9", "confirmed", "", 1, "user:li")
    with reading(open_records(home.records_url)) as connection:
        assert verdicts_in_force(connection) == []
