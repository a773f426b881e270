"""What a finding is: a typed structure with evidence, numbers and a sentence in two languages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["shared_device", "fake_order_ring", "fund_loop", "guarantee_circle", "loan_trace"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, order=True)
class Member:
    """A node in a finding. ``role`` says what it is there: shop, buyer, device, account, borrower, guarantor ..."""

    kind: str
    id: str
    role: str

    @property
    def node(self) -> str:
        """The node as written outside the graph."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, order=True)
class EdgeRef:
    """An edge that is evidence: type, own id, both ends as ``Kind:id``; ts in ms and amount where it has them."""

    type: str
    id: str
    src: str
    dst: str
    ts: int | None = None
    amount: int | None = None


@dataclass(frozen=True)
class Finding:
    """One structure found.

    ``score`` ranks findings of one kind, 0 to 1, higher is more suspicious. ``numbers`` holds the figures of the kind
    (money in minor units, times in ms, shares 0..1), each named as in its module's docstring. ``complete`` is False
    when a limit cut the search and ``truncated_why`` says which. ``id`` is stable: see graph.findings.lineage.
    """

    kind: Kind
    id: str
    score: float
    members: tuple[Member, ...]
    edges: tuple[EdgeRef, ...]
    numbers: Mapping[str, float | int | str]
    first_ts: int | None
    last_ts: int | None
    text_en: str
    text_zh: str
    complete: bool = True
    truncated_why: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[str]:
        """Ids of the members of a node kind."""
        return [m.id for m in self.members if m.kind == kind]


def fresh_id(kind: str, nodes: Iterable[str]) -> str:
    """An id for a structure not seen before: from its kind and its members, the same on every run."""
    digest = hashlib.sha256("\n".join([kind, *sorted(nodes)]).encode()).hexdigest()
    return f"{kind.replace('_', '-')}-{digest[:12]}"
