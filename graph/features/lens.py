"""A lens: what features read. A snapshot with the rows derived from it, each made once and only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from graph.features.catalogue import function_of
from graph.features.currency import Currencies
from graph.features.invoice_rows import InvoiceRows, invoice_rows
from graph.features.merchant_links import LinkKind, buyer_links, guarantee_links, identity_links, transfer_links
from graph.features.order_rows import DAY, OrderRows, ParcelRows, RefundRows, order_rows, parcel_rows, refund_rows
from graph.features.segments import Bool
from graph.features.ties import buyer_devices, shared_buyers
from graph.features.transfer_rows import TransferRows, transfer_rows
from graph.findings.finding import Finding
from graph.snapshot import Float64, Int64, Snapshot


def delivered(snapshot: Snapshot) -> frozenset[str]:
    """Edge types and facts of which the snapshot knows at least one row: what sources have sent so far."""
    return frozenset(name for name, rows in snapshot.size.items() if rows)


class Lens:
    """A snapshot as features read it.

    ``findings`` is None where nothing was mined (findings features are then not known). ``tables`` says what sources
    have delivered at all: what rests on a table that nobody sent is not known, rather than zero. For a part of a
    snapshot pass the whole one's ``delivered``, else the part's own counts.
    """

    def __init__(
        self, snapshot: Snapshot, findings: Sequence[Finding] | None = None, tables: frozenset[str] | None = None
    ) -> None:
        self.snapshot = snapshot
        self.findings = findings
        self.tables = delivered(snapshot) if tables is None else tables
        self.n = len(snapshot.nodes["Merchant"])
        self._values: dict[str, Float64] = {}
        self._orders: dict[int, OrderRows] = {}
        self._parcels: dict[int, ParcelRows] = {}
        self._refunds: dict[int, RefundRows] = {}
        self._transfers: dict[tuple[str, int], TransferRows] = {}
        self._links: dict[LinkKind, csr_array] = {}

    def since(self, days: int) -> int:
        """The moment before which nothing is in a window of so many days."""
        return self.snapshot.as_of - days * DAY

    def known_if(self, values: Float64, known: Bool, *tables: str) -> Float64:
        """Values where known, and only if every named table was delivered."""
        if not set(tables) <= self.tables:
            return np.full(self.n, np.nan)
        return np.where(known, values, np.nan)

    def value(self, name: str) -> Float64:
        """A feature by name, computed once."""
        if name not in self._values:
            self._values[name] = np.asarray(function_of(name)(self), np.float64)
        return self._values[name]

    @cached_property
    def currencies(self) -> Currencies:
        return Currencies(self.snapshot)

    @cached_property
    def all_orders(self) -> OrderRows:
        return order_rows(self.snapshot, self.currencies)

    def orders(self, days: int) -> OrderRows:
        """Orders of the last ``days`` days."""
        if days not in self._orders:
            self._orders[days] = self.all_orders.within(self.since(days), self.snapshot.as_of)
        return self._orders[days]

    @cached_property
    def sells(self) -> Bool:
        """Merchants of which at least one order is known."""
        return np.bincount(self.all_orders.merchant, minlength=self.n) > 0

    def parcels(self, days: int) -> ParcelRows:
        """Parcels of the orders of the last ``days`` days."""
        if days not in self._parcels:
            self._parcels[days] = parcel_rows(self.snapshot, self.orders(days))
        return self._parcels[days]

    @cached_property
    def all_refunds(self) -> RefundRows:
        return refund_rows(self.snapshot, self.currencies)

    def refunds(self, days: int) -> RefundRows:
        """Refunds paid in the last ``days`` days."""
        if days not in self._refunds:
            self._refunds[days] = self.all_refunds.within(self.since(days), self.snapshot.as_of)
        return self._refunds[days]

    @cached_property
    def all_out(self) -> TransferRows:
        return transfer_rows(self.snapshot, self.currencies, "out")

    @cached_property
    def all_in(self) -> TransferRows:
        return transfer_rows(self.snapshot, self.currencies, "in")

    def out(self, days: int) -> TransferRows:
        """Transfers out of own accounts in the last ``days`` days."""
        if ("out", days) not in self._transfers:
            self._transfers["out", days] = self.all_out.within(self.since(days), self.snapshot.as_of)
        return self._transfers["out", days]

    def into(self, days: int) -> TransferRows:
        """Transfers into own accounts in the last ``days`` days."""
        if ("in", days) not in self._transfers:
            self._transfers["in", days] = self.all_in.within(self.since(days), self.snapshot.as_of)
        return self._transfers["in", days]

    @cached_property
    def banks(self) -> Bool:
        """Merchants with an account that we know of."""
        return self.snapshot.relation("Merchant", "OWNS", "Account").out_degree > 0

    @cached_property
    def issued(self) -> InvoiceRows:
        return invoice_rows(self.snapshot, self.currencies, "issued")

    @cached_property
    def received(self) -> InvoiceRows:
        return invoice_rows(self.snapshot, self.currencies, "received")

    @cached_property
    def invoices(self) -> Bool:
        """Merchants of which at least one invoice is known."""
        return np.bincount(np.concatenate([self.issued.merchant, self.received.merchant]), minlength=self.n) > 0

    @cached_property
    def overlap(self) -> csr_array:
        """Buyers of the last 90 days that two shops have in common (merchants x merchants, own entry 0)."""
        return shared_buyers(self.orders(90), self.n)

    def links(self, kind: LinkKind) -> csr_array:
        """Links between merchants of a kind (merchants x merchants, 1 both ways); orders, transfers of 90 days."""
        if kind not in self._links:
            match kind:
                case "identity":
                    self._links[kind] = identity_links(self.snapshot)
                case "buyers":
                    self._links[kind] = buyer_links(self.orders(90), self.n)
                case "transfers":
                    self._links[kind] = transfer_links(self.out(90), self.into(90), self.snapshot)
                case "guarantees":
                    self._links[kind] = guarantee_links(self.snapshot)
        return self._links[kind]

    @cached_property
    def buyer_devices(self) -> tuple[Int64, Int64]:
        """Every (buyer, device) pair seen, on sign-in or on an order, sorted by buyer."""
        return buyer_devices(self.snapshot)
