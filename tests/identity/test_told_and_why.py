"""A person's word on a pair is obeyed whatever the evidence; why two belong together is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.shared_devices import SharedDeviceParams, find_shared_devices
from graph.identity.clusters import identity_clusters
from graph.identity.told import Told, told_components
from graph.identity.union import components
from graph.identity.why import NoSubject, Why, why_together
from records.database import open_records
from records.errors import RecordsError
from records.pair_words import WordsContradict, save_word, words_in_force
from tests.findings.facts import Facts

HUB = 12


def chain() -> Facts:
    """a-b on a device, b-c on a phone; d apart with a library's device."""
    facts = Facts()
    facts.device("Buyer:a", "d1")
    facts.device("Buyer:b", "d1")
    for who in ("b", "c"):
        facts.edge("HAS_PHONE", f"Buyer:{who}", "Phone:p1", since=5)
    for i in range(20):
        facts.device(f"Buyer:x{i:02d}", "library")
    for who in ("c", "d"):
        facts.device(f"Buyer:{who}", "library")
    return facts


def why(a: str, b: str, told: Told = Told()) -> Why:  # noqa: B008 - it is frozen
    return why_together(chain().snapshot(), f"Buyer:{a}", f"Buyer:{b}", HUB, told)


def test_what_two_share_and_what_it_counts_is_told() -> None:
    found = why("a", "b")
    assert (found.outcome, found.evidence) == ("joined", 1.0)
    assert [(s.node, s.users, s.counts) for s in found.shared] == [("Device:d1", 2, "yes")]
    assert "Device:d1" in found.text_en and "共用" in found.text_zh


def test_two_over_a_third_are_in_one_cluster_and_the_third_is_named() -> None:
    found = why("a", "c")
    assert (found.outcome, found.chain, found.shared) == ("same_cluster", ("Buyer:b",), ())


def test_a_crowded_device_is_named_and_does_not_count() -> None:
    found = why("c", "d")
    assert (found.outcome, found.evidence, found.shared[0].counts) == ("apart", 0.0, "too_many_users")


def test_a_word_is_obeyed_and_told() -> None:
    apart = why("a", "b", Told(apart=(("Buyer:a", "Buyer:b"),)))
    assert (apart.outcome, apart.said, apart.evidence) == ("apart", "not_same", 1.0)
    assert why("a", "d", Told(same=(("Buyer:a", "Buyer:d"),))).outcome == "joined"
    assert why("b", "c", Told(apart=(("Buyer:a", "Buyer:b"),))).outcome == "joined"
    assert why("a", "c", Told(apart=(("Buyer:a", "Buyer:c"),))).outcome == "apart"


def test_ownership_makes_one_party_and_a_subject_that_is_not_there_is_named() -> None:
    facts = Facts()
    facts.edge("OWNS", "Person:p", "Merchant:m")
    assert why_together(facts.snapshot(), "Person:p", "Merchant:m", HUB).outcome == "one_party"
    with pytest.raises(NoSubject, match="Buyer:nobody"):
        why("a", "nobody")


def test_findings_obey_a_word() -> None:
    facts = Facts()
    for i in range(5):
        facts.device(f"Buyer:b{i}", "d1")
    told = Told(apart=(("Buyer:b0", "Buyer:b1"),))
    (found,) = find_shared_devices(facts.snapshot(), SharedDeviceParams(told=told))
    assert len({"b0", "b1"} & set(found.of_kind("Buyer"))) <= 1
    assert len(find_shared_devices(facts.snapshot())[0].of_kind("Buyer")) == 5


def test_a_card_of_three_holders_joins_them_and_is_a_finding() -> None:
    facts = Facts()
    for who in ("a", "b", "c"):
        facts.edge("OWNS", f"Buyer:{who}", "Account:card", since=7)
    facts.edge("OWNS", "Buyer:d", "Account:own")
    (found,) = find_shared_devices(facts.snapshot())
    assert set(found.of_kind("Buyer")) == {"a", "b", "c"} and found.of_kind("Account") == ["card"]
    assert found.numbers["shared_accounts"] == 1 and "account of several holders" in found.text_en


PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]), max_size=3))
def test_nobody_is_joined_to_whom_they_must_not_be_and_nobody_else_is_parted(
    pairs: list[tuple[int, int]], apart: list[tuple[int, int]]
) -> None:
    left, right = (np.array([p[i] for p in pairs], np.int64) for i in (0, 1))
    weight = np.linspace(1, 2, len(pairs))
    none, must = np.empty((0, 2), np.int64), np.array(sorted(set(apart)), np.int64).reshape(-1, 2)
    of = told_components(8, left, right, weight, none, must)
    plain = components(8, left, right)
    assert all(of[a] != of[b] for a, b in apart)
    touched = {plain[a] for a, b in apart if plain[a] == plain[b]}
    assert all(of[i] == plain[i] for i in range(8) if plain[i] not in touched)
    for a, b in pairs:  # whoever could still be joined by a pair is: nothing is parted without need
        if of[a] != of[b]:
            joined = {of[a], of[b]}
            assert any({of[x], of[y]} == joined for x, y in apart)
    assert (told_components(8, right[::-1], left[::-1], weight[::-1], none, must) == of).all()


def test_words_are_kept_the_newest_counts_and_a_contradiction_is_refused(tmp_path: Path) -> None:
    engine = open_records(f"sqlite:///{tmp_path / 'records.sqlite'}")
    with engine.begin() as c:
        save_word(c, "Buyer:b", "Buyer:a", "same", "one person", "user:li", 1)
        save_word(c, "Buyer:b", "Buyer:c", "same", "", "user:li", 2)
        with pytest.raises(WordsContradict):
            save_word(c, "Buyer:a", "Buyer:c", "not_same", "", "user:li", 3)
        save_word(c, "Buyer:a", "Buyer:b", "open", "", "user:li", 4)
        save_word(c, "Buyer:a", "Buyer:c", "not_same", "", "user:li", 5)
        with pytest.raises(WordsContradict):
            save_word(c, "Buyer:a", "Buyer:b", "same", "", "user:li", 6)
        with pytest.raises(RecordsError):
            save_word(c, "Buyer:a", "Buyer:a", "same", "", "user:li", 7)
        assert words_in_force(c) == Told(same=(("Buyer:b", "Buyer:c"),), apart=(("Buyer:a", "Buyer:c"),))


def test_words_on_subjects_that_are_gone_do_no_harm() -> None:
    told = Told(same=(("Buyer:a", "Buyer:gone"),), apart=(("Buyer:a", "Person:gone"),))
    snapshot = chain().snapshot()
    plain = identity_clusters(snapshot, HUB).of_party
    assert (identity_clusters(snapshot, HUB, told).of_party == plain).all()
