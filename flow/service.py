"""The flow as a service: takes events in, judges them on a thread of its own, answers questions about transfers.

One process owns a journal. A thread stores (flow.group_commit), another judges (flow.judge); both end with ``close``.
Whatever fails while judging leaves the events in the journal: the trouble is told, and judging starts again from what
is on record.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from flow.alerts import Alert
from flow.events import in_clear
from flow.group_commit import GroupCommit
from flow.intake import Delivery, receive
from flow.journal import Answer, Counts, Journal
from flow.judge import Judge, Rules
from flow.keeper import RECORDS, Keeper
from flow.letters_again import send_again
from flow.ownership import Ownership
from flow.pipeline import Options, TransferCheck
from ingest.feed import Personal
from ingest.pseudonym import Pseudonymiser
from policy.ruleset import RuleSet, RuleSetError
from records.alerts import Position, position, switches
from records.database import reading
from records.errors import RecordsError

POLL_S = 0.25
"""Seconds between looks at the rules in force, the clock and what is held back."""
AGAIN_S = 2.0
"""Seconds before judging is tried again after a fault."""
TRIM_S = 3600.0


@dataclass(frozen=True)
class Outside:
    """What the flow asks of the rest of the program. ``rules``: version and text in force; ``read``: a text as a set;
    ``ownership``: the table of the published snapshot and its version (None: nothing is published); ``missing``: what
    else is away; ``landed``: events up to this position are in landing."""

    rules: Callable[[], tuple[str, str]]
    read: Callable[[str], RuleSet]
    ownership: Callable[[], tuple[str, Callable[[], Ownership]] | None]
    missing: Callable[[], tuple[str, ...]] = tuple
    landed: Callable[[], int] = lambda: 1 << 62


@dataclass(frozen=True)
class State:
    """How the flow stands. ``waiting``: events stored and not judged yet; ``trouble``: why judging stands still."""

    counts: Counts
    processed: int
    waiting: int
    late: int
    rules: str | None
    missing: tuple[str, ...]
    trouble: str | None
    held_back: int
    unsettled: int
    watermark: int | None


class FlowService:
    """Takes, judges, answers. Raises JournalError when another process owns the journal."""

    def __init__(
        self,
        folder: Path,
        records: Engine,
        tokens: Pseudonymiser,
        clock: Callable[[], int],
        outside: Outside,
        log: structlog.typing.FilteringBoundLogger,
        options: Options | None = None,
    ) -> None:
        self.journal = Journal(folder)
        self._folder = folder
        self._records = records
        self._tokens = tokens
        self._clock = clock
        self._outside = outside
        self._log = log
        self._options = options
        self._keeper = Keeper(records, Position(0, 0), clock)
        self._judge: Judge | None = None
        self._owned: str | None = None
        self._pipeline = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._trouble: str | None = "starting"
        self._missing: tuple[str, ...] = ()
        self._refused_rules: str | None = None  # a version in force that cannot be taken
        self._look_again = 0.0
        self._commit = GroupCommit(self.journal, clock, self._wake.set)
        self._thread = threading.Thread(target=self._run, name="flow-judge", daemon=True)
        self._thread.start()

    def receive(self, data: bytes, sender: str | None) -> Delivery:
        """Check what a sender brings; nothing is stored yet."""
        return receive(data, self._tokens, self._clock(), sender)

    def store(self, delivery: Delivery) -> Future[list[Answer]]:
        """Have it stored; the answers come once it is on disk. The future raises JournalError."""
        return self._commit.submit(delivery.incoming)

    def check_transfer(self, src: str, dst: str, amount: int, currency: str, ts: int) -> TransferCheck:
        """What would this transfer do? Nothing is stored; accounts given by number are looked up by their token."""
        src, dst = (self._tokens.token(Personal.CARD, a) if in_clear(Personal.CARD, a) else a for a in (src, dst))
        judge = self._judge
        if judge is None:
            return TransferCheck([], [], ("starting",))
        with self._pipeline:
            return judge.pipeline.check_transfer(src, dst, amount, currency, ts)

    @property
    def told(self) -> int:
        """Changes whenever there is something new to tell."""
        return self._keeper.changed

    def held_back(self) -> list[Alert]:
        """Alerts that wait for the records."""
        return self._keeper.held_back()

    def state(self) -> State:
        """How the flow stands."""
        counts, reached, judge = self.journal.counts, self._keeper.reached, self._judge
        return State(
            counts=counts,
            processed=reached.position,
            waiting=counts.stored - reached.position,
            late=reached.late,
            rules=None if judge is None else judge.rules.rules.version,
            missing=self._missing,
            trouble=self._trouble,
            held_back=len(self._keeper.held_back()),
            unsettled=0 if judge is None else judge.pipeline.unsettled,
            watermark=None if judge is None else judge.pipeline.watermark,
        )

    def close(self) -> None:
        """Store what waits, end; what is not judged then is judged after the next start."""
        self._commit.close()
        self._closing = True
        self._wake.set()
        self._thread.join()
        self.journal.close()

    def _run(self) -> None:
        trimmed = time.monotonic()
        while not self._closing:
            try:
                if self._judge is None:
                    self._judge = self._recovered()
                    self._trouble = None
                self._once(self._judge)
                if time.monotonic() - trimmed > TRIM_S:
                    trimmed = time.monotonic()
                    self._trim()
            except Exception as why:  # noqa: BLE001 - judging must not end; it is told and tried again
                self._log.error("flow_trouble", error=type(why).__name__, why=str(why)[:200])
                self._trouble = f"{type(why).__name__}: {why}"[:300]
                self._drop_judge()
                self._wake_after(AGAIN_S)
                continue
            self._wake_after(POLL_S)
        if self._judge is not None:
            self._last_round(self._judge)

    def _once(self, judge: Judge) -> None:
        self._look_around(judge)
        if self._keeper.full:
            self._keeper.flush()
            return
        self._wake.clear()
        last, now = self._commit.moment()
        self._pipeline.acquire()
        try:
            judge.pipeline.missing = self._missing
            judge.catch_up(last, now, self._let_others_ask)
        finally:
            self._pipeline.release()
        if self._keeper.reached.position < last:
            self._wake.set()  # there is more: no waiting
        if self._keeper.away:
            self._keeper.flush()

    def _let_others_ask(self) -> None:
        self._pipeline.release()
        self._pipeline.acquire()

    def _look_around(self, judge: Judge) -> None:
        """Take over new rules and owners; note what is missing. Now and then, not with every batch."""
        if time.monotonic() < self._look_again:
            return
        self._look_again = time.monotonic() + POLL_S
        missing = list(self._outside.missing())
        try:
            version, text = self._outside.rules()
        except (SQLAlchemyError, RecordsError):
            missing.append(RECORDS)
        else:
            if version != judge.rules.rules.version and self._refused_rules != version:
                self._switch(judge, version, text)
        if self._keeper.away and RECORDS not in missing:
            missing.append(RECORDS)
        published = self._outside.ownership()
        if published is None:
            missing.append("snapshot")
        elif published[0] != self._owned:
            table = published[1]()
            with self._pipeline:
                judge.own(table)
            self._owned = published[0]
        missing += ["rules"] if self._refused_rules is not None else []
        self._missing = tuple(sorted(set(missing)))

    def _switch(self, judge: Judge, version: str, text: str) -> None:
        try:
            new = Rules(text, self._outside.read(text))
            with self._pipeline:
                done = judge.switch(new)
        except (RuleSetError, ValueError) as why:
            self._refused_rules = version
            self._log.error("flow_rules_refused", version=version, error=type(why).__name__)
            return
        if done:
            self._refused_rules = None
            self._log.info("flow_rules", version=version, position=self._keeper.reached.position)

    def _recovered(self) -> Judge:
        with reading(self._records) as connection:
            saved, earlier = position(connection), switches(connection)
        self._keeper = Keeper(self._records, saved, self._clock)
        published = self._outside.ownership()
        table = None if published is None else published[1]()
        self._owned = None if published is None else published[0]
        text = earlier[-1].text if earlier else self._outside.rules()[1]
        rules = Rules(text, self._outside.read(text))
        judge = Judge(self._folder, self._keeper, rules, table, self._log, self._options)
        if not earlier and not judge.switch(rules):
            raise RecordsError("the rules in force cannot be put on record")
        judge.recover(earlier, self._outside.read)
        return judge

    def _drop_judge(self) -> None:
        if self._judge is not None:
            self._judge.close()
            self._judge = None

    def _last_round(self, judge: Judge) -> None:
        try:
            self._once(judge)
        except Exception as why:  # noqa: BLE001 - what is not judged now is judged after the next start
            self._log.error("flow_trouble", error=type(why).__name__)
        judge.close()

    def _wake_after(self, seconds: float) -> None:
        self._replay_letters()
        self._wake.wait(0 if self._closing else seconds)

    def _replay_letters(self) -> None:
        """Send letters again that someone asked for."""
        sent, refused = send_again(self.journal, lambda delivery: self.store(delivery).result(), self._clock())
        if sent:
            self._log.info("flow_dead_letters_sent_again", letters=sent, refused=refused)

    def _trim(self) -> None:
        lateness = (self._options or Options()).lateness_ms
        kept_from = min(
            self.journal.expired(self._clock(), lateness), self._keeper.saved.position + 1, self._outside.landed() + 1
        )
        gone = self.journal.trim(kept_from)
        if gone:
            self._log.info("flow_trimmed", events=gone)
