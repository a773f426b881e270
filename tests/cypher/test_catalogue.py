"""The catalogue holds the questions of every finding kind, and its page in the docs is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from cypher.catalogue import QUESTIONS, load_catalogue
from cypher.errors import LintError
from graph.model import KINDS, RELATIONS
from graph.store.questions import questions, vocabulary
from graph.store.questions_page import PAGE, page


def test_every_file_becomes_a_question_and_templates_one_for_each_relation() -> None:
    templates = {q.template for q in questions().values()}
    assert templates == {p.stem for p in QUESTIONS.glob("*.cypher")}
    for name in ("expand_out", "expand_in", "expand_out_unwind", "expand_in_unwind"):
        assert sum(q.template == name for q in questions().values()) == len(RELATIONS)
    assert sum(q.template == "node" for q in questions().values()) == len(KINDS)
    assert "expand_out:Account-TRANSFER-Account" in questions()


@pytest.mark.parametrize(
    "names",
    [
        ["device_shared_by_merchants", "device_shared_by_buyers_count", "device_draw", "phone_shared", "phone_draw"],
        ["device_shared_by_accounts", "device_shared_by_accounts_count", "device_evidence_owners", "account_owners"],
        ["ring_evidence_devices", "ring_evidence_parcels", "ring_evidence_payback", "guarantee_evidence_loans"],
        ["address_shared_by_buyers", "address_draw_registered", "address_draw_parcels"],
        ["ring_seed_device", "ring_seed_address", "ring_own_address", "ring_pair_device_users", "ring_draw_orders"],
        [*(f"fund_loop_{n}" for n in range(2, 7)), *(f"fund_loop_{n}_count" for n in range(2, 7)), "transfer_draw"],
        [*(f"guarantee_circle_{n}" for n in range(2, 6)), "guarantee_draw"],
        [
            *(f"loan_{k}_{n}" for k in ("trace", "return_own", "return_owner") for n in range(1, 5)),
            "loan_draw_disbursed",
            "loan_evidence_parties",
        ],
    ],
)
def test_every_finding_kind_can_be_listed_and_drawn(names: list[str]) -> None:
    assert set(names) <= set(questions())


def test_the_page_in_the_docs_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m graph.store.questions_page"


def test_a_folder_with_a_bad_question_does_not_load(tmp_path: Path) -> None:
    good = (QUESTIONS / "device_draw.cypher").read_text("utf-8")
    (tmp_path / "good.cypher").write_text(good, "utf-8")
    assert set(load_catalogue(vocabulary(), tmp_path)) == {"good"}
    (tmp_path / "worse.cypher").write_text(good.replace("u.first_ts", "u.frist_ts"), "utf-8")
    with pytest.raises(LintError) as caught:
        load_catalogue(vocabulary(), tmp_path)
    assert (caught.value.question, caught.value.line, caught.value.code) == ("worse", 5, "unknown_property")
