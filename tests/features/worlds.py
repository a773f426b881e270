"""Small random worlds as landing rows: every table, with gaps, ties, second currencies and shared identities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot

DAY = 86_400_000
AS_OF = 1_740_000_000_000
Row = dict[str, object]


def tables(rows: Mapping[str, Iterable[Row]]) -> dict[str, pa.Table]:
    """Landing tables of the given rows; columns left out are null, known_ts and updated_ts default to ts or 0."""
    out = {}
    for name, schema in landing_schemas().items():
        given = list(rows.get(name, ()))
        full = [{"updated_ts": r.get("ts") or 0, "known_ts": r.get("ts") or 0, **r} for r in given]
        out[name] = pa.table({f.name: pa.array([r.get(f.name) for r in full], f.type) for f in schema}, schema=schema)
    return out


def snapshot(rows: Mapping[str, Iterable[Row]], as_of: int = AS_OF) -> Snapshot:
    """A snapshot of the given rows."""
    made = tables(rows)
    return build_snapshot(made.__getitem__, as_of)


def edge(id_: str, src: str, dst: str, **properties: object) -> Row:
    """An edge row; ends are written Kind:id."""
    (a, b), (c, d) = src.split(":", 1), dst.split(":", 1)
    return {"id": id_, "src_kind": a, "src": b, "dst_kind": c, "dst": d, **properties}


def order(
    id_: str, merchant: str, buyer: str | None, ts: int, amount: int = 10_000, **more: object
) -> dict[str, list[Row]]:
    """The rows of an order: node, buyer, shop; ``device`` and ``address`` add their edges."""
    rows: dict[str, list[Row]] = {
        "Orders": [
            {
                "id": id_,
                "ts": ts,
                "amount": amount,
                "currency": more.get("currency", "CNY"),
                "status": more.get("status", "delivered"),
                "rating": more.get("rating"),
            }
        ],
        "SOLD_BY": [edge(f"s-{id_}", f"Orders:{id_}", f"Merchant:{merchant}", ts=ts)],
    }
    if buyer is not None:
        rows["PLACED"] = [edge(f"p-{id_}", f"Buyer:{buyer}", f"Orders:{id_}", ts=ts)]
    if more.get("device"):
        rows["USED_DEVICE"] = [edge(f"d-{id_}", f"Orders:{id_}", f"Device:{more['device']}")]
    if more.get("address"):
        rows["SHIPPED_TO"] = [
            edge(
                f"a-{id_}",
                f"Orders:{id_}",
                f"Address:{more['address']}",
                waybill=more.get("waybill"),
                shipped_ts=more.get("shipped_ts"),
                signed_ts=more.get("signed_ts"),
                weight_g=more.get("weight_g"),
            )
        ]
    return rows


def together(*parts: Mapping[str, Iterable[Row]]) -> dict[str, list[Row]]:
    """Rows of several worlds in one."""
    out: dict[str, list[Row]] = {}
    for part in parts:
        for name, rows in part.items():
            out.setdefault(name, []).extend(rows)
    return out


def random_world(seed: int, merchants: int = 8, orders: int = 150, as_of: int = AS_OF) -> dict[str, list[Row]]:
    """Every table filled at random; some of everything is missing, repeated, shared or in another currency."""
    rng = np.random.default_rng(seed)
    n_buyers, n_accounts, n_companies = max(orders // 4, 4), merchants * 3, merchants
    pick: Callable[..., str] = lambda prefix, n: f"{prefix}{int(rng.integers(n)):05d}"  # noqa: E731  # short on purpose
    past: Callable[[int], int] = lambda days: as_of - int(rng.integers(0, days * DAY))  # noqa: E731
    maybe: Callable[..., Any] = lambda value, p=0.8: value if rng.random() < p else None  # noqa: E731
    money: Callable[[], int] = lambda: int(rng.integers(1, 500)) * int(rng.choice([1, 100, 10_000, 100_000]))  # noqa: E731
    currency: Callable[[], object] = lambda: maybe("CNY" if rng.random() < 0.9 else "USD", 0.97)  # noqa: E731
    region: Callable[[], object] = lambda: maybe(str(rng.choice(["浙江", "江苏", "广东"])))  # noqa: E731
    party: Callable[[], str] = lambda: str(  # noqa: E731
        rng.choice(
            [f"Merchant:{pick('M', merchants)}", f"Company:{pick('C', n_companies)}", f"Person:{pick('P', merchants)}"]
        )
    )
    r: dict[str, list[Row]] = {name: [] for name in landing_schemas()}
    for i in range(merchants):
        m = f"M{i:05d}"
        r["Merchant"].append({"id": m, "platform": "taoping", "region": region(), "opened_ts": maybe(past(1000))})
        if rng.random() < 0.8:
            r["OWNS"].append(edge(f"o{m}", f"Person:{pick('P', merchants)}", f"Merchant:{m}"))
        if rng.random() < 0.5:
            r["OWNS"].append(edge(f"oc{m}", f"Company:{pick('C', n_companies)}", f"Merchant:{m}"))
        for t, prefix in (("SHIPS_FROM", "sf"), ("REGISTERED_AT", "ra")):
            if rng.random() < 0.7:
                r[t].append(edge(f"{prefix}{m}", f"Merchant:{m}", f"Address:{pick('A', n_buyers)}"))
        if rng.random() < 0.7:
            r["HAS_PHONE"].append(edge(f"ph{m}", f"Merchant:{m}", f"Phone:{pick('T', n_buyers)}"))
        for k in range(int(rng.integers(0, 3))):
            r["USED_DEVICE"].append(edge(f"dm{m}{k}", f"Merchant:{m}", f"Device:{pick('D', n_buyers // 2)}"))
            r["OWNS"].append(edge(f"am{m}{k}", f"Merchant:{m}", f"Account:{pick('K', n_accounts)}"))
        for q in range(int(rng.integers(0, 5))):
            end = as_of - q * 91 * DAY
            r["tax_filing"].append(
                {
                    "id": f"tf{m}{q}",
                    "merchant_id": m,
                    "period_start": end - 91 * DAY,
                    "period_end": end,
                    "ts": end + 1,
                    "revenue": money(),
                    "tax_paid": money() // 30,
                    "currency": currency(),
                }
            )
        for q in range(int(rng.integers(0, 4))):
            r["customs_declaration"].append(
                {
                    "id": f"cd{m}{q}",
                    "merchant_id": m,
                    "ts": past(400),
                    "amount": money(),
                    "currency": currency(),
                    "weight_g": maybe(int(rng.integers(1, 90_000))),
                    "parcels": maybe(int(rng.integers(1, 90))),
                }
            )
        for q in range(int(rng.integers(0, 3))):
            r["application"].append(
                {
                    "id": f"ap{m}{q}",
                    "merchant_id": m,
                    "ts": past(500),
                    "amount": money(),
                    "currency": currency(),
                    "status": "approved",
                    "loan_id": maybe(f"L{m}{q}"),
                }
            )
    for i, asked in enumerate(r["application"]):
        if rng.random() < 0.6:
            r["label"].append(
                {
                    "id": f"LB{i}",
                    "merchant_id": asked["merchant_id"],
                    "application_id": asked["id"],
                    "label": bool(rng.random() < 0.5),
                    "ts": past(300),
                }
            )
    for i in range(merchants):
        r["OWNS"].append(edge(f"ap{i}", f"Person:{pick('P', merchants)}", f"Account:{pick('K', n_accounts)}"))
        r["USED_DEVICE"].append(edge(f"dp{i}", f"Person:P{i:05d}", f"Device:{pick('D', n_buyers // 2)}"))
        r["HAS_PHONE"].append(edge(f"pp{i}", f"Person:P{i:05d}", f"Phone:{pick('T', n_buyers)}"))
        r["OWNS"].append(edge(f"oo{i}", f"Person:{pick('P', merchants)}", f"Company:C{i:05d}"))
    for i in range(n_buyers):
        b = f"B{i:05d}"
        r["Buyer"].append({"id": b, "region": region(), "registered_ts": maybe(past(300))})
        if rng.random() < 0.6:
            r["USED_DEVICE"].append(edge(f"db{b}", f"Buyer:{b}", f"Device:{pick('D', n_buyers // 2)}"))
        if rng.random() < 0.6:
            r["HAS_PHONE"].append(edge(f"hb{b}", f"Buyer:{b}", f"Phone:{pick('T', n_buyers)}"))
        if rng.random() < 0.4:
            r["OWNS"].append(edge(f"ob{b}", f"Buyer:{b}", f"Account:{pick('K', n_accounts)}"))
    for i in range(n_buyers):
        r["Address"].append({"id": f"A{i:05d}", "region": region()})
    for i in range(orders):
        o, ts = f"O{i:06d}", past(150)
        placed = order(
            o,
            pick("M", merchants),
            maybe(pick("B", n_buyers), 0.95),
            ts,
            money(),
            currency=currency(),
            status=maybe(str(rng.choice(["delivered", "cancelled"], p=[0.9, 0.1]))),
            rating=maybe(int(rng.integers(1, 6)), 0.5),
            device=maybe(pick("D", n_buyers // 2), 0.7),
        )
        for name, rows in placed.items():
            r[name].extend(rows)
        for k in range(int(rng.choice([0, 1, 1, 1, 2]))):
            shipped = ts + int(rng.integers(DAY))
            r["SHIPPED_TO"].append(
                edge(
                    f"a{o}{k}",
                    f"Orders:{o}",
                    f"Address:{pick('A', n_buyers)}",
                    waybill=maybe(pick("W", orders)),
                    shipped_ts=maybe(shipped),
                    signed_ts=maybe(shipped + int(rng.integers(4 * DAY))),
                    weight_g=maybe(int(rng.choice([0, 20, 300, 900]))),
                )
            )
        if rng.random() < 0.2:
            r["refund"].append(
                {
                    "id": f"R{o}",
                    "order_id": o,
                    "merchant_id": placed["SOLD_BY"][0]["dst"],
                    "buyer_id": None,
                    "ts": ts + int(rng.integers(9 * DAY)),
                    "amount": money(),
                    "currency": currency(),
                }
            )
    for i in range(orders):
        r["TRANSFER"].append(
            edge(
                f"x{i:06d}",
                f"Account:{pick('K', n_accounts)}",
                f"Account:{pick('K', n_accounts)}",
                ts=past(120),
                amount=money(),
                currency=currency(),
            )
        )
    for i in range(merchants * 2):
        r["GUARANTEES"].append(
            edge(
                f"g{i}",
                party(),
                party(),
                ts=past(400),
                amount=money(),
                currency=currency(),
                until=maybe(as_of + int(rng.integers(-100 * DAY, 300 * DAY))),
            )
        )
        r["Loan"].append(
            {
                "id": f"L{i}",
                "ts": past(400),
                "amount": money(),
                "currency": "CNY",
                "status": maybe(str(rng.choice(["active", "repaid", "overdue"]))),
            }
        )
        r["APPLIED_FOR"].append(edge(f"af{i}", party(), f"Loan:L{i}", ts=past(400), amount=money(), currency="CNY"))
        r["REPAID"].append(
            edge(
                f"rp{i}",
                f"Account:{pick('K', n_accounts)}",
                f"Loan:{pick('L', 1)[0]}{i}",
                ts=past(300),
                amount=money(),
                currency="CNY",
            )
        )
    for i in range(orders // 2):
        a, b = party(), party()
        if "Person" in a or "Person" in b:
            continue
        r["INVOICED"].append(
            edge(
                f"i{i}",
                a,
                b,
                ts=past(800),
                amount=money() * int(rng.choice([1, 1, 1, -1])),
                currency=currency(),
                tax=maybe(money() // 20),
                voided=maybe(bool(rng.random() < 0.1)),
            )
        )
    return r
