"""What people said on whether two subjects are one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Connection, insert, select

from graph.identity.told import Pair, Told
from records.audit import note as audit_note
from records.errors import RecordsError
from records.tables import pair_words

PairWord = Literal["same", "not_same", "open"]


@dataclass(frozen=True)
class Said:
    """A word on a pair of ``Kind:id``; ``open`` takes back what was said before."""

    pair: Pair
    word: PairWord
    note: str
    actor: str
    ts: int


class WordsContradict(RecordsError):  # noqa: N818 - what the words do
    """What is said now cannot be true together with what was said before."""


def save_word(connection: Connection, a: str, b: str, word: PairWord, note: str, actor: str, now: int) -> Said:
    """Put a word on a pair on record, with its line in the audit.

    Raises RecordsError when both are one and the same; WordsContradict when a and b are said to be the same by way of
    others and now not to be, or would be by way of others although some of these are said not to be.
    """
    if a == b:
        raise RecordsError("a subject is always the same as itself: name two")
    pair = (min(a, b), max(a, b))
    in_force = {s.pair: s.word for s in said_in_force(connection)}
    in_force[pair] = word
    _check(in_force, pair)
    row = {"first": pair[0], "second": pair[1], "word": word, "note": note, "actor": actor, "ts": now}
    connection.execute(insert(pair_words).values(**row))
    audit_note(connection, actor, "pair", f"{pair[0]} {pair[1]}"[:256], now, {"word": word})
    return Said(pair, word, note, actor, now)


def said_in_force(connection: Connection, at: int | None = None) -> list[Said]:
    """The newest word on every pair, pairs with ``open`` included, in the order they were said; ``at``: as of then."""
    newest: dict[Pair, Said] = {}
    for row in connection.execute(select(pair_words).order_by(pair_words.c.entry)).mappings():
        if at is not None and row["ts"] > at:
            continue
        pair = (row["first"], row["second"])
        newest.pop(pair, None)
        newest[pair] = Said(pair, cast("PairWord", row["word"]), row["note"], row["actor"], row["ts"])
    return list(newest.values())


def words_in_force(connection: Connection, at: int | None = None) -> Told:
    """What clusters have to obey; ``at``: what was said by then (epoch ms)."""
    said = said_in_force(connection, at)
    return Told(
        same=tuple(sorted(s.pair for s in said if s.word == "same")),
        apart=tuple(sorted(s.pair for s in said if s.word == "not_same")),
    )


def _check(words: dict[Pair, PairWord], now: Pair) -> None:
    group: dict[str, str] = {}

    def top(node: str) -> str:
        while group.get(node, node) != node:
            node = group[node]
        return node

    for (a, b), word in words.items():
        if word == "same":
            group[top(a)] = top(b)
    for (a, b), word in words.items():
        if word == "not_same" and top(a) == top(b):
            told = "the same by way of others" if (a, b) == now else f"not the same: {a} and {b}"
            raise WordsContradict(f"{now[0]} and {now[1]}: this contradicts what was said before ({told})")
