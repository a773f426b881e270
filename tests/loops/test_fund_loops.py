"""Fund loops as findings: equal to trying all paths, and honest structures named."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.fund_loops import LoopParams, find_fund_loops
from graph.loops.engine import LoopRule
from tests.graph.small_world import edge, snapshot
from tests.loops.brute import brute_loops

HOUR, DAY = 3_600_000, 86_400_000


def transfer(
    id_: str, src: str, dst: str, ts: int | None, amount: int | None, currency: str = "CNY"
) -> dict[str, object]:
    return edge(id_, f"Account:{src}", f"Account:{dst}", ts=ts, amount=amount, currency=currency)


ROUND = [
    transfer("t1", "a", "b", 0, 1_000_000),
    transfer("t2", "b", "c", HOUR, 980_000),
    transfer("t3", "c", "a", 5 * HOUR, 950_000),
]


def test_a_round_of_money_is_a_finding_with_accounts_owners_and_a_sentence() -> None:
    rows = {"TRANSFER": ROUND, "OWNS": [edge("o1", "Merchant:M", "Account:a"), edge("o2", "Person:P", "Account:b")]}
    (found,) = find_fund_loops(snapshot(rows))
    assert {(m.node, m.role) for m in found.members} == {
        ("Account:a", "account"),
        ("Account:b", "account"),
        ("Account:c", "account"),
        ("Merchant:M", "owner"),
        ("Person:P", "owner"),
    }
    assert [e.id for e in found.edges] == ["t1", "t2", "t3"]
    assert found.numbers["loops"] == 1
    assert (found.numbers["amount_first"], found.numbers["amount_last"]) == (1_000_000, 950_000)
    assert (found.numbers["total_amount"], found.numbers["span_ms"]) == (2_930_000, 5 * HOUR)
    assert found.text_en == (
        "10,000 CNY left an account and 95 % of it came back through two other accounts within five hours."
    )
    assert "95 %" in found.text_zh
    assert found.complete


def test_loops_over_the_same_accounts_are_one_finding_and_rounds_that_share_nothing_are_counted() -> None:
    again = [{**t, "id": f"{t['id']}b", "ts": int(str(t["ts"])) + 10 * DAY} for t in ROUND]
    parallel = transfer("t4", "b", "c", 2 * HOUR, 970_000)
    (found,) = find_fund_loops(snapshot({"TRANSFER": [*ROUND, parallel, *again]}))
    assert (found.numbers["loops"], found.numbers["round_trips"]) == (3, 2)
    assert found.numbers["returned_amount"] == 1_900_000
    assert (found.first_ts, found.last_ts) == (0, 10 * DAY + 5 * HOUR)
    (single,) = find_fund_loops(snapshot({"TRANSFER": ROUND}))
    assert found.id == single.id
    assert found.score > single.score


def test_currencies_never_mix_in_a_loop() -> None:
    assert find_fund_loops(snapshot({"TRANSFER": [*ROUND[:2], {**ROUND[2], "currency": "USD"}]})) == []


def test_accounts_of_one_owner_look_like_treasury_pooling_and_rank_low() -> None:
    owns = [edge(f"o{a}", "Company:K", f"Account:{a}") for a in "ab"]
    owns += [edge("oc", "Merchant:M", "Account:c"), edge("om", "Company:K", "Merchant:M")]
    (pooled,) = find_fund_loops(snapshot({"TRANSFER": ROUND, "OWNS": owns}))
    (plain,) = find_fund_loops(snapshot({"TRANSFER": ROUND}))
    assert pooled.numbers["structure"] == "one_hand"
    assert "treasury pooling" in pooled.text_en
    assert pooled.score < 0.3 * plain.score


def test_partners_who_pay_each_other_all_along_are_named() -> None:
    trade = [transfer(f"x{i}", *("ab" if i % 2 else "ba"), i * 9 * DAY, 500_000) for i in range(10)]
    trade.append(transfer("y", "b", "a", 82 * DAY, 500_000))
    (found,) = find_fund_loops(snapshot({"TRANSFER": trade}))
    assert found.numbers["structure"] == "two_way_trade"
    assert "trading partners" in found.text_en


def test_payroll_that_is_spent_elsewhere_is_no_loop() -> None:
    wages = [transfer(f"w{i}", "firm", f"worker{i}", i, 500_000 + i) for i in range(20)]
    spent = [transfer(f"s{i}", f"worker{i}", "shop", DAY + i, 400_000) for i in range(20)]
    assert (
        find_fund_loops(snapshot({"TRANSFER": [*wages, *spent, transfer("z", "shop", "firm", 2 * DAY, 8_000_000)]}))
        == []
    )


def test_missing_amounts_missing_times_and_transfers_to_oneself_are_in_no_loop() -> None:
    for change in ({"amount": None}, {"ts": None}, {"currency": None}):
        assert find_fund_loops(snapshot({"TRANSFER": [*ROUND[:2], {**ROUND[2], **change}]})) == []
    assert find_fund_loops(snapshot({"TRANSFER": [transfer("s", "a", "a", 0, 5)]})) == []
    assert find_fund_loops(snapshot({})) == []


def test_a_search_that_was_cut_says_so_even_when_it_found_nothing() -> None:
    (found,) = find_fund_loops(snapshot({"TRANSFER": ROUND}), LoopParams(degree_cap=1))
    assert not found.complete
    assert found.score == 0
    assert {m.role for m in found.members} == {"not_searched"}
    assert found.truncated_why is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 30), st.integers(80, 120), st.booleans()),
        max_size=22,
    ),
    st.sampled_from([None, 0.1]),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_findings_hold_exactly_the_loops_that_trying_all_paths_gives(
    edges: list[tuple[int, int, int, int, bool]], decay: float | None
) -> None:
    rows = [
        transfer(f"t{i:02}", str(s), str(d), t, a, "CNY" if c else "USD") for i, (s, d, t, a, c) in enumerate(edges)
    ]
    params = LoopParams(window_ms=20, max_length=5, decay=decay, growth=0.05)
    found = find_fund_loops(snapshot({"TRANSFER": rows}), params)
    want: dict[tuple[str, tuple[int, ...]], int] = {}
    for currency in (True, False):
        mine = [e for e in edges if e[4] is currency]
        columns = [list(c) for c in zip(*mine, strict=True)][:4] if mine else [[], [], [], []]
        for loop in brute_loops(*columns, LoopRule(20, 5, decay, 0.05)):
            key = ("CNY" if currency else "USD", tuple(sorted(mine[i][0] for i in loop)))
            want[key] = want.get(key, 0) + 1
    got = {
        (str(f.numbers["currency"]), tuple(sorted(map(int, f.of_kind("Account"))))): f.numbers["loops"] for f in found
    }
    assert got == want
    for f in found:
        by_id = {str(r["id"]): r for r in rows}
        assert f.numbers["total_amount"] <= sum(int(str(r["amount"])) for r in by_id.values())
        assert [e.ts for e in f.edges[: int(f.numbers["length"])]] == sorted(
            e.ts or 0 for e in f.edges[: int(f.numbers["length"])]
        )
    assert find_fund_loops(snapshot({"TRANSFER": rows}), replace(params, max_edges=1)) is not None


def test_money_split_in_three_and_merged_in_two_is_a_finding() -> None:
    ends = (("A", "B1"), ("A", "B2"), ("A", "B3"), ("B1", "C1"), ("B2", "C1"), ("B3", "C2"), ("C1", "A"), ("C2", "A"))
    amounts = (30_000, 30_000, 40_000, 30_000, 30_000, 40_000, 60_000, 39_000)
    rows = [
        edge(f"t{i}", f"Account:{a}", f"Account:{b}", ts=1_000 + i, amount=x, currency="CNY")
        for i, ((a, b), x) in enumerate(zip(ends, amounts, strict=True))
    ]
    found = find_fund_loops(snapshot({"TRANSFER": rows}, 10_000))
    (split,) = [f for f in found if f.numbers["structure"] == "split_round_trip"]
    assert split.numbers["flow_left"] == 100_000
    assert split.numbers["flow_returned"] == 99_000
    assert "in three parts and 99 % of it came back over five other accounts" in split.text_en
    assert "分 3 笔" in split.text_zh
    assert [e.id for e in split.edges] == [f"t{i}" for i in range(8)]
    assert split.score > 0.5
