"""Earlier outcomes: loans overdue and labels already known, the merchant's own and those of shops tied to it.

Labels are facts like others: only what was known by as_of counts, so never the outcome of the application at hand.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_array

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.order_rows import flat
from graph.features.segments import count, pairs
from graph.features.ties import CROWD
from graph.snapshot import Float64, Int32


def settled(lens: Lens) -> tuple[Float64, Float64]:
    """Earlier applications of each merchant whose outcome is known, and how many of them ended badly.

    An outcome counts only for an application that was made and known by as_of: one that a source dates before its own
    application, as a leak would be, says nothing.
    """
    merchant = lens.snapshot.fact_merchants("label")
    labels, applications = lens.snapshot.facts["label"], lens.snapshot.facts["application"]
    made = applications.table["id"].filter(pc.less_equal(applications.table["ts"], lens.snapshot.as_of))
    before = flat(pc.is_in(labels.table["application_id"], value_set=flat(made))).to_numpy(zero_copy_only=False)
    counted = (merchant >= 0) & before & labels.known("label")
    bad = counted & labels.true("label")
    return count(merchant[counted], lens.n), count(merchant[bad], lens.n)


def _bad(lens: Lens) -> Float64:
    """Bad outcomes known of each merchant."""
    return settled(lens)[1]


def _of_others(lens: Lens, merchant: Int32, thing: Int32) -> Float64:
    """Bad outcomes of other merchants on the same things; things that over 50 merchants have tie nobody."""
    who, what, _ = pairs(merchant, thing)
    width = int(what.max(initial=0)) + 1
    kept = np.bincount(what, minlength=width)[what] <= CROWD
    has = csr_array((np.ones(kept.sum()), (who[kept], what[kept])), shape=(lens.n, width))
    ties = csr_array(has @ has.T)
    ties.setdiag(0)
    ties.data = np.minimum(ties.data, 1)
    tied = np.bincount(who, minlength=lens.n) > 0
    return lens.known_if(np.asarray(ties @ _bad(lens)), tied, "label")


@feature(
    "overdue_loans",
    "count",
    concept="flows",
    tabular=True,
    en="Loans overdue",
    zh="逾期贷款笔数",
)
def overdue_loans(lens: Lens) -> Float64:
    """Loans of the merchant that are overdue as last known."""
    asked = lens.snapshot.relation("Merchant", "APPLIED_FOR", "Loan")
    status = pc.fill_null(pc.equal(lens.snapshot.nodes["Loan"].table["status"], "overdue"), False)
    late = flat(status).to_numpy(zero_copy_only=False)[asked.dst]
    return lens.known_if(count(asked.src[late], lens.n), lens.banks, "Loan")


@feature(
    "bad_outcomes",
    "count",
    concept="flows",
    tabular=True,
    en="Earlier credit that ended badly",
    zh="既往不良授信次数",
)
def bad_outcomes(lens: Lens) -> Float64:
    """Earlier applications of the merchant known to have ended in fraud or default."""
    applied = lens.snapshot.fact_merchants("application")
    return lens.known_if(_bad(lens), count(applied[applied >= 0], lens.n) > 0, "label")


@feature("owner_bad_outcomes", "count", concept="identity")  # no words: another shop's credit is not told
def owner_bad_outcomes(lens: Lens) -> Float64:
    """Earlier applications of the owner's other shops known to have ended in fraud or default."""
    kinds = [lens.snapshot.relation(k, "OWNS", "Merchant") for k in ("Person", "Company")]
    shift = len(lens.snapshot.nodes["Person"])
    owners = np.concatenate([kinds[0].src, kinds[1].src + shift]).astype(np.int32)
    return _of_others(lens, np.concatenate([r.dst for r in kinds]), owners)


@feature("tied_bad_outcomes", "count", concept="identity")
def tied_bad_outcomes(lens: Lens) -> Float64:
    """Earlier applications known to have ended badly, of other shops on the same devices, phones or addresses."""
    merchants, things, shift = [], [], 0
    for type_, kind in (
        ("USED_DEVICE", "Device"),
        ("HAS_PHONE", "Phone"),
        ("SHIPS_FROM", "Address"),
        ("REGISTERED_AT", "Address"),
    ):
        relation = lens.snapshot.relation("Merchant", type_, kind)
        merchants.append(relation.src)
        things.append(relation.dst + shift)
        if type_ != "SHIPS_FROM":  # both address relations number the same places
            shift += len(lens.snapshot.nodes[kind])
    return _of_others(lens, np.concatenate(merchants), np.concatenate(things).astype(np.int32))
