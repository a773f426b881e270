"""Random small streams: all types, ties, disorder, late ones, duplicates and conflicts, and rules over all facts."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from flow.facts import catalogue

Event = dict[str, object]

BASE = 1_772_000_000_000
WIDTHS = (300_000, 3_600_000, 86_400_000, 172_800_000, 259_200_000, 604_800_000, 2_592_000_000)
STEPS = (0, 0, 0, 1, 2, 999, 1_000, 60_000, 300_000, 300_001, 299_999, 3_600_000, 21_600_000, 86_400_000, 259_200_000)
LATENESS = 600_000


def moment(ts: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts)).isoformat(timespec="milliseconds")


def events(rng: random.Random, n: int, transfers: float = 0.3) -> list[Event]:
    """n events in order of time, about few keys, with equal times and equal amounts among them."""
    ts, out = BASE + rng.randrange(86_400_000), []
    ids = [f"e{i:04}" for i in range(n)]
    rng.shuffle(ids)
    for id_ in ids:
        ts += rng.choice(STEPS)
        out.append(one(rng, id_, ts, transfers))
    return out


def one(rng: random.Random, id_: str, ts: int, transfers: float = 0.3) -> Event:
    """One event of a random type."""
    others = ("order", "refund", "disbursement", "repayment", "login", "logistics", "notice")
    type_ = "transfer" if rng.random() < transfers else rng.choice(("order", "order", "refund", *others))
    event: Event = {"event_id": id_, "type": type_, "ts": moment(ts)}
    if type_ not in ("login", "logistics", "notice"):
        event |= {"amount": rng.choice((0, 5, 5, 7, 100, 10**15)), "currency": rng.choice(("CNY", "CNY", "USD"))}

    def maybe(**fields: str) -> None:
        event.update({k: v for k, v in fields.items() if rng.random() < 0.6})

    merchant, buyer, account = rng.choice("MN"), rng.choice("ABC"), rng.choice("XYZ")
    device, address = rng.choice("DE"), rng.choice("PQ")
    if type_ == "transfer":
        event |= {"src": account, "dst": rng.choice("XYZ")}
    elif type_ in ("disbursement", "repayment"):
        event |= {"loan_id": rng.choice("LK"), "account_id": account}
        maybe(merchant_id=merchant)
    elif type_ == "login":
        event["account_id"] = account
        maybe(merchant_id=merchant, buyer_id=buyer, device_id=device, address_id=address)
    elif type_ == "notice":
        event |= {"merchant_id": merchant, "severity": "warning", "code": "c"}
    elif type_ == "logistics":
        event |= {"merchant_id": merchant, "order_id": "o", "status": rng.choice(("shipped", "signed", "returned"))}
        maybe(buyer_id=buyer, address_id=address)
    else:
        event |= {"merchant_id": merchant, "order_id": "o"}
        if type_ == "order":
            event["buyer_id"] = buyer
        else:
            maybe(buyer_id=buyer)
        maybe(device_id=device, address_id=address)
    return event


def disturbed(rng: random.Random, clean: list[Event]) -> list[Event]:
    """The same events as a network delivers them: out of order, some too late, some twice, some changed."""

    def arrival(event: Event) -> int:
        ts = int(datetime.fromisoformat(str(event["ts"])).timestamp() * 1000)
        return ts + rng.choice((0, 0, 0, 0, 1, 1_000, LATENESS - 1, LATENESS, LATENESS + 1, 3 * LATENESS))

    out = sorted(clean, key=arrival)
    for event in rng.sample(clean, len(clean) // 6):
        again = dict(event)
        if rng.random() < 0.4:
            again["ts"] = moment(BASE)
        if rng.random() < 0.3:
            again = dict(reversed(again.items()))
        first = out.index(event) + 1 if rng.random() < 0.97 else 0
        out.insert(rng.randrange(first, len(out) + 1), again)
    return out


def lines(stream: list[Event]) -> bytes:
    """As a file."""
    return b"".join(json.dumps(e).encode() + b"\n" for e in stream)


def rules(rng: random.Random, n: int, windows: tuple[str, ...] = ()) -> str:
    """A rule set of n random rules over all facts."""
    texts = [
        f'currency = "{rng.choice(("CNY", "USD"))}"',
        f'utc_offset = "{rng.choice(("+00:00", "+08:00", "-05:30"))}"',
    ]
    for i in range(n):
        kind = rng.choice(("merchant", "buyer", "account", "account", "device"))
        texts += [
            "[[rule]]",
            f'code = "R{i}"',
            f'on = "{kind}"',
            f'when = "{condition(rng, kind, windows)}"',
            f'cooldown = "{rng.choice(("0s", "0s", "1ms", "5m", "1h", "3d"))}"',
            f'mode = "{rng.choice(("active", "active", "active", "shadow", "off"))}"' if i else 'mode = "active"',
        ]
    return "\n".join(texts)


def condition(rng: random.Random, kind: str, windows: tuple[str, ...] = ()) -> str:
    """A random condition over the facts of a kind."""
    names = [n for n in catalogue()[kind] if not windows or n.endswith(windows)]

    def number(depth: int = 0) -> str:
        pick = rng.random()
        if pick < 0.55 or depth > 1:
            name = rng.choice(names)
            measure, _, window = name.rpartition("_")
            return f"{measure}_usd_{window}" if measure in ("sum", "max", "sum_in") and rng.random() < 0.3 else name
        if pick < 0.85:
            return rng.choice(("0", "1", "2", "3", "0.5", "5", "7", "0.3", "1000", "300000"))
        return f"({number(depth + 1)} {rng.choice('+-*/')} {number(depth + 1)})"

    def compared() -> str:
        name = rng.choice(names)
        small = ("0", "1", "1", "2", "3", "0.5")
        right = rng.choice(small) if rng.random() < 0.6 else number()
        return (
            f"{name if rng.random() < 0.7 else number()} {rng.choice(('>', '>=', '>', '>=', '=', '<>', '<'))} {right}"
        )

    def whole() -> str:
        text = compared()
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            text = f"({text}) {rng.choice(('AND', 'AND', 'OR'))} ({compared()})"
        return f"NOT ({text})" if rng.random() < 0.1 else text

    while True:
        text = whole()
        if len(text) <= 500 and any(n in text for n in names):
            return text
