"""All five kinds in one call: sorted, reported, and fit to be written down."""

from __future__ import annotations

import random

from graph.findings.finding import KINDS
from graph.findings.mine import MiningParams, mine_findings
from graph.findings.table import findings_from_table, findings_to_table
from tests.findings.facts import Facts
from tests.findings.test_fake_order_rings import START, honest_trade, ring

DAY = 86_400_000


def world() -> Facts:
    facts, rng = Facts(), random.Random(7)
    honest_trade(facts, rng)
    ring(facts, rng, money_back=True, shared=True)
    for i in range(3):
        facts.edge(
            "TRANSFER",
            f"Account:loop{i}",
            f"Account:loop{(i + 1) % 3}",
            ts=START + i * 3_600_000,
            amount=1_000_000 - i,
            currency="CNY",
        )
        facts.edge(
            "GUARANTEES",
            f"Merchant:shop{i:03d}",
            f"Merchant:shop{(i + 1) % 3:03d}",
            ts=START,
            amount=5_000_000,
            currency="CNY",
        )
    return facts


def test_all_kinds_are_mined_sorted_and_reported() -> None:
    told: list[tuple[str, int, int]] = []
    found = mine_findings(world().snapshot(), MiningParams(), lambda *line: told.append(line))
    assert {f.kind for f in found} >= {"shared_device", "fake_order_ring", "fund_loop", "guarantee_circle"}
    assert [(f.kind, -f.score, f.id) for f in found] == sorted((f.kind, -f.score, f.id) for f in found)
    assert {kind for kind, _, _ in told} == set(KINDS)
    assert sum(n for _, n, _ in told) == len(found)


def test_what_was_mined_can_be_written_and_read_back() -> None:
    found = mine_findings(world().snapshot())
    assert findings_from_table(findings_to_table(found)) == found
    assert len({f.id for f in found}) == len(found)
    for f in found:
        assert 0 <= f.score <= 1 and f.text_en and f.text_zh


def test_rows_in_the_opposite_order_give_the_same_findings() -> None:
    assert mine_findings(world().snapshot()) == mine_findings(world().snapshot(reverse=True))


def test_nothing_known_is_nothing_found() -> None:
    assert mine_findings(Facts().snapshot()) == []
