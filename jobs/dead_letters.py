"""Dead letters from the command line: what is kept, and sending it again, with the service running or without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flow.dead_letters import DeadLetter, DeadLetters
from flow.journal import Journal, JournalBusy, JournalError, connect
from flow.letters_again import send_again


@dataclass(frozen=True)
class Kept:
    """Dead letters as they are kept: how many by code, and the newest."""

    counts: dict[str, int]
    newest: list[DeadLetter]


@dataclass(frozen=True)
class SentAgain:
    """``asked``: letters to be sent again; ``sent`` and ``refused`` now; ``left_to_service``: the service does it."""

    asked: int
    sent: int
    refused: int
    left_to_service: bool


def kept_letters(folder: Path, limit: int, code: str | None = None) -> Kept:
    """What is kept. Raises JournalError when nothing was ever taken."""
    with _letters(folder) as box:
        return Kept(box.letters.counts(), box.letters.newest(limit, code))


def replay_letters(folder: Path, now: int, code: str | None = None) -> SentAgain:
    """Send again every letter that can be. A running service does it within a second; else it is done here."""
    with _letters(folder) as box:
        asked = box.letters.want(code)
    try:
        journal = Journal(folder)
    except JournalBusy:
        return SentAgain(asked, 0, 0, left_to_service=True)
    sent = refused = 0
    with journal:
        while (done := send_again(journal, lambda d: journal.append([d.incoming], now)[0], now))[0]:
            sent, refused = sent + done[0], refused + done[1]
    return SentAgain(asked, sent, refused, left_to_service=False)


class _letters:  # noqa: N801 - used as a statement
    """The letters of a journal, beside whoever owns it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "journal.sqlite"
        if not path.exists():
            raise JournalError(f"there is no journal at {path}: nothing was taken yet")
        self._db = connect(path)
        self.letters = DeadLetters(self._db)

    def __enter__(self) -> _letters:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
