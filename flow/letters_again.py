"""Sends dead letters again that someone asked for: those whose time has come are taken, others are letters anew."""

from __future__ import annotations

from collections.abc import Callable

from flow.batch import decode
from flow.intake import Delivery, prepare
from flow.journal import Answer, Journal


def send_again(journal: Journal, store: Callable[[Delivery], list[Answer]], now: int) -> tuple[int, int]:
    """Send the next letters that are asked for; how many were sent, and how many of them were not taken again.

    ``store`` has them stored and gives the answers. Killed half way, a letter is sent twice: it is known by its id.
    """
    wanted = journal.asked_again()
    if not wanted:
        return 0, 0
    decoded = decode(b"\n".join(x.body for x in wanted if x.body is not None))
    delivery = prepare(decoded, None, now, wanted[0].sender)
    store(delivery)
    journal.note_replayed([x.letter for x in wanted], now)
    return len(wanted), len(delivery.refused)
