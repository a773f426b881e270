"""What carriers, the tax office, customs and the bank's collections send."""

from __future__ import annotations

import numpy as np

from ingest.sources import customs, labels, logistics, tax
from ingest.world import outcomes, papers
from ingest.world.files import CNY, Files, hours_later
from ingest.world.geography import CATEGORIES, PLACE_TYPES, REGIONS
from ingest.world.letters import coded, days, money, numbers, picked, times, words
from ingest.world.scene import PARTIES, Scene
from ingest.world.spec import DAY
from ingest.world.texts import Texts, sometimes_blank


def write_logistics(scene: Scene, texts: Texts, files: Files) -> None:
    """Parcels (a fifth come twice: picked up, then signed for) and the places they go to."""
    rng, parcels, places, n = scene.chance.of("logistics files"), scene.parcels, scene.places, len(scene.parcels)
    arrived = parcels["signed"] < scene.calendar.end - DAY
    early = np.flatnonzero((rng.random(n) < 0.2) | ~arrived)
    late = np.flatnonzero(arrived)
    row = np.concatenate([early, late])
    is_late = np.arange(len(row)) >= len(early)
    updated = np.where(is_late, parcels["signed"][row], parcels["shipped"][row])
    weight = parcels["weight_g"][row]
    files.write(
        logistics.PARCELS,
        hours_later(rng, updated),
        {
            "parcel_id": coded("P", row + 1, 8),
            "order_id": picked(texts.order, parcels["order"][row]),
            "waybill": sometimes_blank(rng, coded("SF", parcels["waybill"][row] + 1_000_000_001, 10), 0.02),
            "address": picked(texts.street, parcels["address"][row]),
            "shipped_at": times(parcels["shipped"][row]),
            "signed_at": times(parcels["signed"][row], is_late),
            "weight_g": numbers(weight, weight > 0),
            "updated_at": times(updated),
        },
    )
    since = scene.calendar.start - rng.integers(30 * 86_400, 700 * 86_400, len(places)) * 1000
    files.write(
        logistics.ADDRESSES,
        since,
        {
            "address": texts.street,
            "city": words([r.city for r in REGIONS], places["region"]),
            "region": words([r.name for r in REGIONS], places["region"]),
            "postcode": sometimes_blank(rng, words([r.postcode for r in REGIONS], places["region"]), 0.1),
            "place_type": sometimes_blank(rng, words(PLACE_TYPES, places["kind"]), 0.2),
            "updated_at": times(since),
        },
    )


def write_tax(scene: Scene, texts: Texts, files: Files) -> None:
    """Returns, known a few days after filing; invoices the next morning, and again when voided."""
    rng, filings, book = scene.chance.of("tax files"), scene.filings, scene.invoices
    filings.keep(np.argsort(filings["ts"], kind="stable"))
    known = filings["ts"] + rng.integers(1, 4, len(filings)) * DAY
    files.write(
        tax.FILINGS,
        known,
        {
            "filing_id": coded("TF", np.arange(1, len(filings) + 1), 6),
            "merchant_id": picked(texts.shop, filings["shop"]),
            "period_start": days(filings["start"]),
            "period_end": days(filings["end"]),
            "filed_at": times(filings["ts"]),
            "revenue": money(filings["revenue"]),
            "tax_paid": money(filings["tax"]),
            "currency": CNY,
        },
    )
    book.keep(np.argsort(book["ts"], kind="stable"))
    row = np.concatenate([np.arange(len(book)), np.flatnonzero(book["voided"] >= 0)])
    later = np.arange(len(row)) >= len(book)
    updated = np.where(later, book["voided"][row], book["ts"][row])
    seller_kind, buyer_kind = book["seller_kind"][row], book["buyer_kind"][row]
    files.write(
        tax.INVOICES,
        scene.calendar.next_morning(rng, updated),
        {
            "invoice_no": coded("I", row + 1, 7),
            "seller_kind": words(PARTIES, seller_kind),
            "seller_id": texts.id(seller_kind, book["seller"][row]),
            "seller_identity": texts.identity(seller_kind, book["seller"][row]),
            "buyer_kind": words(PARTIES, buyer_kind),
            "buyer_id": texts.id(buyer_kind, book["buyer"][row]),
            "buyer_identity": texts.identity(buyer_kind, book["buyer"][row]),
            "issued_at": times(book["ts"][row]),
            "amount": money(book["amount"][row]),
            "tax": money(book["tax"][row]),
            "currency": CNY,
            "voided": words(("false", "true"), later.astype(np.int64)),
            "updated_at": times(updated),
        },
    )


def write_customs(scene: Scene, texts: Texts, files: Files) -> None:
    """Declarations, known two or three days later."""
    rng, book = scene.chance.of("customs files"), scene.declarations
    book.keep(np.argsort(book["ts"], kind="stable"))
    files.write(
        customs.DECLARATIONS,
        scene.calendar.next_morning(rng, book["ts"] + DAY),
        {
            "declaration_id": coded("CD", np.arange(1, len(book) + 1), 6),
            "merchant_id": picked(texts.shop, book["shop"]),
            "declared_at": times(book["ts"]),
            "amount": money(book["amount"]),
            "currency": CNY,
            "weight_g": sometimes_blank(rng, numbers(book["weight_g"]), 0.02),
            "country": words(papers.COUNTRIES, book["country"]),
            "hs_code": words([c.hs_code for c in CATEGORIES], scene.shops["category"][book["shop"]]),
            "parcels": sometimes_blank(rng, numbers(book["parcels"]), 0.02),
        },
    )


def write_labels(scene: Scene, texts: Texts, files: Files) -> None:
    """What became of applications, as far as it is known by the end."""
    rng, book = scene.chance.of("label files"), scene.labels
    files.write(
        labels.LABELS,
        book["known"],
        {
            "label_id": coded("LB", book["number"] + 1, 6),
            "merchant_id": picked(texts.shop, scene.applications["shop"][book["application"]]),
            "application_id": picked(texts.application, book["application"]),
            "label": words(("false", "true"), book["label"]),
            "label_source": sometimes_blank(rng, words(outcomes.SOURCES, book["source"]), 0.05),
            "decided_at": times(book["decided"]),
        },
    )
