"""From what a sender brings to what the journal takes: personal data become tokens, the far future is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flow.batch import Decoded, decode, times_of
from flow.dead_letters import Letter
from flow.events import CLEAR, PERSONAL, Event, body, in_clear
from flow.journal import Answer, Incoming
from ingest.pseudonym import Pseudonymiser

AHEAD_MS = 5 * 60_000
"""Events further ahead of the clock are set aside: a wrong clock must not move windows."""


@dataclass(frozen=True)
class Delivery:
    """What one sender brings, ready for the journal; ``lines`` are those of the events, ``refused`` line -> letter."""

    incoming: Incoming
    lines: list[int]
    refused: dict[int, Letter]

    def answers(self, given: list[Answer]) -> Iterator[tuple[int, str | None, str, Letter | None]]:
        """Line, event id, answer (``rejected`` with its letter) of every line, in order."""
        told = dict(zip(self.lines, zip(self.incoming.events, given, strict=True), strict=True))
        for line in sorted([*told, *self.refused]):
            letter = self.refused.get(line)
            if letter is not None:
                yield line, letter.event_id, "rejected", letter
            else:
                event, answer = told[line]
                yield line, event.event_id, answer, None


def receive(data: bytes, tokens: Pseudonymiser, now: int, sender: str | None) -> Delivery:
    """Check what a sender brings. ``sender``: the id of its key, kept with what is refused."""
    return prepare(decode(data), tokens, now, sender)


def prepare(decoded: Decoded, tokens: Pseudonymiser | None, now: int, sender: str | None) -> Delivery:
    """Ready decoded lines for the journal. ``tokens`` None: personal data are tokens already."""
    letters = [Letter(r.code, r.field, r.line, 0, sender) for r in decoded.refusals]
    bodies = list(decoded.bodies)
    gone: set[int] = set()
    if tokens is not None:
        for i, event in enumerate(decoded.events):
            if type(event) in PERSONAL and not _tokenised(event, tokens):
                letters.append(Letter("personal_empty", PERSONAL[type(event)][0], decoded.lines[i], 0, sender))
                gone.add(i)
            elif _names_tokenised(event, tokens) or type(event) in PERSONAL:
                bodies[i] = body(event)
    for i in (times_of(decoded.events) > now + AHEAD_MS).nonzero()[0].tolist():
        if i not in gone:
            event = decoded.events[i]
            size = len(bodies[i])
            letters.append(Letter("future", "ts", decoded.lines[i], size, sender, event.event_id, bodies[i]))
            gone.add(i)
    kept = [i for i in range(len(bodies)) if i not in gone] if gone else range(len(bodies))
    incoming = Incoming([decoded.events[i] for i in kept], [bodies[i] for i in kept], letters)
    return Delivery(incoming, [decoded.lines[i] for i in kept], {letter.line: letter for letter in letters})


def _tokenised(event: Event, tokens: Pseudonymiser) -> bool:
    """Put a token in place of the event's personal value; False when nothing is left of it in its one form."""
    name, kind = PERSONAL[type(event)]
    value: str | None = getattr(event, name)
    if value is None:
        return True
    try:
        setattr(event, name, tokens.token(kind, value))
    except ValueError:
        return False
    return True


def _names_tokenised(event: Event, tokens: Pseudonymiser) -> bool:
    """Put tokens in place of ids given in clear, those that files of the same facts would give; whether any was."""
    found = False
    for name, kind in CLEAR.get(type(event), ()):
        value: str | None = getattr(event, name)
        if value is not None and in_clear(kind, value):
            setattr(event, name, tokens.token(kind, value))
            found = True
    return found
