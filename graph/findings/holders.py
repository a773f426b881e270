"""Who holds which account, and who owns whom: what money findings need to name people behind accounts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from graph.findings.finding import Member
from graph.snapshot import Snapshot

Party = tuple[str, int]
"""A node as (kind, number)."""

HOLDER_KINDS = ("Person", "Company", "Merchant", "Buyer")


class Holders:
    """OWNS, read both ways."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._of_account: dict[int, list[Party]] = {}

    @cached_property
    def _owners(self) -> dict[Party, list[Party]]:
        return self._pairs(forward=False)

    @cached_property
    def _owned(self) -> dict[Party, list[Party]]:
        return self._pairs(forward=True)

    def _pairs(self, forward: bool) -> dict[Party, list[Party]]:
        found: dict[Party, list[Party]] = {}
        for relation in self.snapshot.of_type("OWNS"):
            if relation.dst_kind == "Account":
                continue
            for a, b in zip(relation.src.tolist(), relation.dst.tolist(), strict=True):
                owner, owned = (relation.src_kind, a), (relation.dst_kind, b)
                key, other = (owner, owned) if forward else (owned, owner)
                if other not in found.setdefault(key, []):
                    found[key].append(other)
        return found

    def of(self, account: int) -> list[Party]:
        """Who holds the account."""
        if account not in self._of_account:
            found: dict[Party, None] = {}
            for kind in HOLDER_KINDS:
                owns = self.snapshot.relation(kind, "OWNS", "Account")
                holders = owns.src[owns.in_edges[owns.in_ptr[account] : owns.in_ptr[account + 1]]]
                found |= dict.fromkeys((kind, n) for n in holders.tolist())
            self._of_account[account] = list(found)
        return self._of_account[account]

    def accounts(self, party: Party) -> set[int]:
        """The accounts a party holds."""
        kind, number = party
        if kind not in HOLDER_KINDS:
            return set()
        owns = self.snapshot.relation(kind, "OWNS", "Account")
        return set(owns.dst[owns.out_ptr[number] : owns.out_ptr[number + 1]].tolist())

    def owners(self, party: Party) -> list[Party]:
        """Who owns the party, one step up."""
        return self._owners.get(party, [])

    def owned(self, party: Party) -> list[Party]:
        """What the party owns, one step down; accounts are not among it."""
        return self._owned.get(party, [])

    def behind(self, party: Party, depth: int = 3) -> set[Party]:
        """Owners of a party, their owners and so on; without the party itself."""
        return _closure(party, self._owners, depth)

    def owned_by(self, party: Party, depth: int = 3) -> set[Party]:
        """What a party owns, what that owns and so on; without the party itself."""
        return _closure(party, self._owned, depth)

    def group(self, party: Party) -> set[Party]:
        """The party, everyone behind it and everything they own: one economic hand."""
        group = {party, *self.behind(party)}
        for owner in list(group):
            group |= self.owned_by(owner)
        return group

    def member(self, party: Party, role: str) -> Member:
        """A party as a member of a finding."""
        kind, number = party
        return Member(kind, self.snapshot.nodes[kind].id(number), role)

    def roots(self, account: int) -> set[Party]:
        """Who stands at the end of the ownership of an account: its holders where nobody is known to own them."""
        found: set[Party] = set()
        for holder in self.of(account):
            behind = self.behind(holder)
            found |= {p for p in behind if not self._owners.get(p)} or {holder}
        return found

    def one_hand(self, accounts: Iterable[int]) -> bool:
        """Whether all the accounts have a known end owner in common."""
        sets = [self.roots(a) for a in accounts]
        return bool(sets) and bool(set.intersection(*sets))


def _closure(start: Party, step: dict[Party, list[Party]], depth: int) -> set[Party]:
    seen, wave = {start}, [start]
    for _ in range(depth):
        wave = [n for p in wave for n in step.get(p, ()) if n not in seen]
        seen.update(wave)
    return seen - {start}
