"""Loan money on the stream: a disbursement opens a watch on its money, and what becomes of it is told as it moves.

Attribution is a rule, not a fact: loan money leaves an account before other money, the older loan's first. Money is
followed from account to account, moves between the borrower's own being no step. Each watch keeps, of what left the
borrower's accounts, how much went to operating counterparties and how much elsewhere, and how much came home: to
accounts of the owners and their businesses, of guarantors, of buyers of the shop, or back to the borrower by way of
others. What is said (``RULES``): a large transfer to a non-operating account is proposed for a hold; the share that
went elsewhere within the key period; the share that came home.

Repayments take money out. Events of one millisecond are taken in the order of their ids, so that the answer depends on
what happened and not on how it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from flow.alerts import TIERS, Alert, Status, Template, Value, alert_id
from flow.batch import EventBatch
from flow.events import TYPES
from flow.ownership import Circle, Ownership
from graph.findings.figures import money

DAY = 86_400_000
TRANSFER, DISBURSEMENT, REPAYMENT = (TYPES.index(t) for t in ("transfer", "disbursement", "repayment"))
VERSION = "builtin-1"


@dataclass(frozen=True)
class WatchRule:
    """A rule that no set needs to hold: it reads the watch on a loan, not windows."""

    code: str
    severity: str
    when: str
    text_en: str
    text_zh: str
    measure: str


HOLD, DIVERTED, HOME = "LOAN_HOLD", "LOAN_DIVERTED", "LOAN_HOME"

RULES: dict[str, WatchRule] = {
    rule.code: rule
    for rule in (
        WatchRule(
            HOLD,
            "critical",
            "transfer_share >= {large_share} within {key_days} days, to a non-operating account",
            "{amount} of {disbursed} of a loan ({transfer_share_percent} %) goes to a non-operating account",
            "贷款 {disbursed} 中有 {amount}({transfer_share_percent} %)转往非经营账户",
            "hold the transfer and ask for its purpose",
        ),
        WatchRule(
            DIVERTED,
            "high",
            "elsewhere_share >= {diverted_share} within {key_days} days",
            "{elsewhere} of {disbursed} of a loan ({elsewhere_share_percent} %) went to non-operating accounts",
            "贷款 {disbursed} 中有 {elsewhere}({elsewhere_share_percent} %)流向非经营账户",
            "no further disbursement; ask for proof of use",
        ),
        WatchRule(
            HOME,
            "high",
            "home_share >= {home_share} within {watch_days} days",
            "{home} of {disbursed} of a loan ({home_share_percent} %) came back to the borrower's circle",
            "贷款 {disbursed} 中有 {home}({home_share_percent} %)回流至借款人关联账户",
            "look at the loan's use; trace it (ringfence trace)",
        ),
    )
}
"""Code -> rule, in the order in which alerts of one moment are told."""


@dataclass(frozen=True)
class WatchParams:
    """``key_days``: the key period after disbursement; ``watch_days``: how long money is followed, over at most
    ``max_hops`` steps and ``max_accounts`` accounts. Shares of the amount disbursed: of one transfer to be large, gone
    elsewhere, come home. ``least``: minor units below which a part is not followed."""

    key_days: int = 7
    watch_days: int = 30
    large_share: float = 0.2
    diverted_share: float = 0.5
    home_share: float = 0.2
    max_hops: int = 4
    max_accounts: int = 500
    least: int = 1


@dataclass(frozen=True)
class Movement:
    """Something to tell about a watched loan. ``account``: the account it was paid to."""

    code: str
    account: str
    ts: int
    event_id: str
    facts: dict[str, Value]
    loan: str
    currency: str
    customer: str | None
    events: tuple[str, ...]
    to: str
    place: str
    degraded: tuple[str, ...]
    when: str

    def alert(self, rank: int, status: Status = "final", degraded: tuple[str, ...] = ()) -> Alert:
        """The alert that says so; ``rank``: its place among the rules."""
        rule = RULES[self.code]
        shown: dict[str, Value | str] = dict(self.facts)
        for name in ("amount", "disbursed", "elsewhere", "home"):
            shown[name] = money(int(self.facts[name] or 0), self.currency)
        for name in ("transfer_share", "elsewhere_share", "home_share"):
            shown[f"{name}_percent"] = round(100 * (self.facts.get(name) or 0.0))
        return Alert(
            alert_id=alert_id(self.code, VERSION, "disbursement", self.events[0], self.event_id, self.ts),
            rule=self.code,
            version=VERSION,
            on="account",
            key=self.account,
            ts=self.ts,
            event_id=self.event_id,
            leaves=False,
            facts=self.facts,
            text_en=Template(rule.text_en).fill(shown, "n/a"),
            text_zh=Template(rule.text_zh).fill(shown, "无"),
            severity=rule.severity,
            measure=rule.measure,
            mode="active",
            risk_type="proceeds",
            tier=TIERS[rule.severity],
            when=self.when,
            status=status,
            customer=self.customer,
            evidence={"events": list(self.events), "loan": self.loan, "to": self.to, "place": self.place},
            late=status == "late",
            degraded=(*degraded, *self.degraded),
            rank=rank + list(RULES).index(self.code),
        )


@dataclass
class _Watch:
    """The money of one disbursement. ``at``: account -> [amount, steps from the borrower]; ``events``: the first of
    those that moved it, the disbursement before all."""

    loan: str
    account: str
    currency: str | None
    disbursed: int
    ts: int
    circle: Circle
    degraded: tuple[str, ...]
    at: dict[str, list[int]] = field(default_factory=dict)
    operating: int = 0
    business: int = 0
    elsewhere: int = 0
    home: int = 0
    repaid: int = 0
    told: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)


class ProceedsWatch:
    """Watches over loans. ``ownership`` may be changed at any time; watches opened keep the circle they had."""

    def __init__(self, params: WatchParams | None = None, ownership: Ownership | None = None) -> None:
        self.params = params or WatchParams()
        self.ownership = ownership
        self._watches: list[_Watch] = []
        self._by_account: dict[str, list[_Watch]] = {}
        p = self.params
        limits = {n: str(getattr(p, n)) for n in ("large_share", "diverted_share", "home_share")}
        limits |= {"key_days": str(p.key_days), "watch_days": str(p.watch_days)}
        self._when = {code: rule.when.format_map(limits) for code, rule in RULES.items()}

    def __len__(self) -> int:
        """Loans watched now."""
        return len(self._watches)

    def customer(self, account: str) -> str | None:
        """The party an account belongs to, where that is known."""
        return self.ownership.customer(account) if self.ownership is not None else None

    def push(self, batch: EventBatch) -> list[Movement]:
        """Take events in order of time; what is to be told, in that order."""
        wanted = (batch.type == TRANSFER) | (batch.type == DISBURSEMENT) | (batch.type == REPAYMENT)
        rows = np.flatnonzero(wanted).tolist()
        if not rows or not (self._watches or (batch.type == DISBURSEMENT).any()):
            return []
        found: list[Movement] = []
        ts, types, amounts = batch.ts, batch.type, batch.amount
        for i in sorted(rows, key=lambda i: (ts[i], batch.event_id[i])):
            account, amount, at, id_ = batch.account[i] or "", int(amounts[i]), int(ts[i]), batch.event_id[i]
            if types[i] == DISBURSEMENT:
                self._open(account, batch.loan[i] or "", batch.merchant[i], amount, batch.currency[i], at, id_)
            elif account in self._by_account:
                if types[i] == REPAYMENT:
                    self._repay(account, amount, batch.currency[i], at)
                else:
                    found += self._move(account, batch.counter[i] or "", amount, batch.currency[i], at, id_)
        return found

    def probe(self, src: str, dst: str, amount: int, currency: str, ts: int) -> list[Movement]:
        """What would be told if this transfer were made; nothing changes."""
        if src == dst:
            return []
        parts = self._parts(src, amount, currency, ts)
        return [m for watch, part, steps in parts for m in self._tell(watch, part, steps, src, dst, ts)]

    def _open(
        self, account: str, loan: str, merchant: str | None, amount: int, currency: str | None, ts: int, id_: str
    ) -> None:
        if amount <= 0:
            return
        self._close(ts)
        degraded: tuple[str, ...] = ("ownership",)
        circle = Circle({account: "borrower"}, frozenset(), False)
        if self.ownership is not None:
            circle = self.ownership.circle(account, loan, merchant)
            degraded = () if circle.known else ("borrower_unknown",)
        watch = _Watch(loan, account, currency, amount, ts, circle, degraded, events=[id_])
        watch.at[account] = [amount, 0]
        self._watches.append(watch)
        self._by_account.setdefault(account, []).append(watch)

    def _close(self, now: int) -> None:
        """Watches whose time has passed."""
        past = now - self.params.watch_days * DAY
        while self._watches and self._watches[0].ts < past:
            watch = self._watches.pop(0)
            for account in list(watch.at):
                self._empty(watch, account)

    def _empty(self, watch: _Watch, account: str) -> None:
        watch.at.pop(account, None)
        left = [w for w in self._by_account.get(account, ()) if w is not watch]
        if left:
            self._by_account[account] = left
        else:
            self._by_account.pop(account, None)

    def _parts(self, src: str, amount: int, currency: str | None, ts: int) -> Iterator[tuple[_Watch, int, int]]:
        """The loan money in an amount that leaves an account: (watch, part, steps from the borrower)."""
        for watch in self._by_account.get(src, ()):
            if watch.currency != currency or ts - watch.ts > self.params.watch_days * DAY:
                continue
            held, steps = watch.at[src]
            part = min(amount, held)
            if part >= self.params.least:
                amount -= part
                yield watch, part, steps

    def _repay(self, account: str, amount: int, currency: str | None, ts: int) -> None:
        for watch, part, _ in list(self._parts(account, amount, currency, ts)):
            watch.repaid += part
            self._take(watch, account, part)

    def _take(self, watch: _Watch, account: str, part: int) -> None:
        watch.at[account][0] -= part
        if watch.at[account][0] < self.params.least:
            self._empty(watch, account)

    def _move(self, src: str, dst: str, amount: int, currency: str | None, ts: int, id_: str) -> list[Movement]:
        found: list[Movement] = []
        if src == dst:
            return found
        for watch, part, steps in list(self._parts(src, amount, currency, ts)):
            found += self._tell(watch, part, steps, src, dst, ts, id_)
            self._take(watch, src, part)
            role = watch.circle.roles.get(dst)
            if role in ("owner", "guarantor", "buyer"):
                continue  # it has come home and is followed no further
            then = 0 if role == "borrower" else steps + 1
            if then > self.params.max_hops:
                continue
            if dst in watch.at:
                watch.at[dst][0] += part
                watch.at[dst][1] = min(watch.at[dst][1], then)
            elif len(watch.at) < self.params.max_accounts:
                watch.at[dst] = [part, then]
                self._by_account.setdefault(dst, []).append(watch)
            elif "watch_accounts" not in watch.degraded:
                watch.degraded = (*watch.degraded, "watch_accounts")
        return found

    def _tell(
        self, watch: _Watch, part: int, steps: int, src: str, dst: str, ts: int, id_: str | None = None
    ) -> list[Movement]:
        """Book a part that goes to an account, and say what is to be said; without an event id, only say it."""
        role = watch.circle.roles.get(dst)
        elsewhere = operating = business = home = 0
        place: str = role or "passed_on"
        key = ts - watch.ts <= self.params.key_days * DAY
        if role != "borrower" and steps == 0:
            place = role or (self.ownership.place(watch.circle, src, dst) if self.ownership else "unknown")
            operating = part if place == "operating" else 0
            business = part if place == "business" else 0
            elsewhere = part - operating - business
        if role in ("owner", "guarantor", "buyer") or (role == "borrower" and steps > 0):
            home = part
        facts = self._facts(watch, part, operating, business, elsewhere, home, ts)
        if id_ is not None:
            watch.operating += operating
            watch.business += business
            watch.elsewhere += elsewhere
            watch.home += home
            if len(watch.events) < 50:
                watch.events.append(id_)
        due = []
        if key and elsewhere and part >= self.params.large_share * watch.disbursed:
            due.append(HOLD)
        if key and elsewhere and facts["elsewhere_share"] >= self.params.diverted_share:  # type: ignore[operator]  # a number
            due.append(DIVERTED)
        if home and facts["home_share"] >= self.params.home_share:  # type: ignore[operator]  # a number
            due.append(HOME)
        told = [code for code in due if code == HOLD or code not in watch.told]
        if id_ is not None:
            watch.told.update(told)
        customer = next((p for p in sorted(watch.circle.parties) if p.startswith("Merchant:")), None)
        return [
            Movement(
                code=code,
                account=watch.account,
                ts=ts,
                event_id=id_ or "",
                facts=facts,
                loan=watch.loan,
                currency=watch.currency or "",
                customer=customer,
                events=tuple(watch.events),
                to=dst,
                place=place,
                degraded=watch.degraded,
                when=self._when[code],
            )
            for code in told
        ]

    @staticmethod
    def _facts(
        watch: _Watch, part: int, operating: int, business: int, elsewhere: int, home: int, ts: int
    ) -> dict[str, Value]:
        whole = watch.disbursed
        return {
            "disbursed": whole,
            "amount": part,
            "transfer_share": part / whole,
            "operating": watch.operating + operating,
            "business": watch.business + business,
            "elsewhere": watch.elsewhere + elsewhere,
            "elsewhere_share": (watch.elsewhere + elsewhere) / whole,
            "home": watch.home + home,
            "home_share": (watch.home + home) / whole,
            "repaid": watch.repaid,
            "hours": (ts - watch.ts) / 3_600_000,
        }
