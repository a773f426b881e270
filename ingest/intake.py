"""Take one delivery into landing: parse, check, pseudonymise, tell new from known, store, account for every row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.account import Account
from ingest.delivery import FAULT, LINE, Delivery, IntakeOptions, batch_id
from ingest.ledger import Ledger
from ingest.limits import FileRefusedError
from ingest.pseudonym import KeyRefusedError, Pseudonymiser
from ingest.rejects import RejectsFile
from ingest.report import FeedReport
from landing.tables import Batch, Landing

__all__ = ["FAULT", "LINE", "Delivery", "IntakeOptions", "batch_id", "take"]


class _RefusedError(Exception):
    """Takes the report of a refused delivery out of the batch that must not be kept."""

    def __init__(self, report: FeedReport) -> None:
        super().__init__(report.refused_why)
        self.report = report


def take(
    delivery: Delivery,
    landing: Landing,
    tokens: Pseudonymiser,
    rejects: Path,
    options: IntakeOptions,
    progress: Callable[[int], None] | None = None,
) -> FeedReport:
    """Take a delivery into landing and say what became of each row.

    Content that landing already holds is not read again. A batch is stored whole or not at all. ``rejects``: folder
    for the rejects file. ``progress`` is called with the number of rows seen so far. Raises KeyRefusedError when
    landing was filled under another key, LandingError when another process is writing.
    """
    name = batch_id(delivery, options)
    earlier = landing.batch(name)
    if earlier is not None:
        return FeedReport.of_earlier(earlier, delivery.name)
    _same_key(landing, tokens)
    try:
        with landing.begin(name, delivery.feed.source, delivery.feed.full_name) as batch:
            account = Account(delivery, tokens, options)
            with RejectsFile(rejects / f"{name}.csv", delivery.feed, delivery.name) as out:
                report = _taken(account, landing, batch, out, progress)
            if report.refused:
                raise _RefusedError(report)
            batch.counts = report.counts()
            batch.info = account.info(report)
    except _RefusedError as refused:
        return refused.report
    return report


def _taken(
    account: Account, landing: Landing, batch: Batch, out: RejectsFile, progress: Callable[[int], None] | None
) -> FeedReport:
    delivery = account.delivery
    try:
        with Ledger(landing.view().files(f"receipts/{delivery.feed.full_name}")) as ledger:
            for chunk in delivery.chunks():
                account.add(chunk, batch, ledger, out)
                if progress is not None:
                    progress(account.counts["sent"])
        account.refuse_if_bad()
    except FileRefusedError as error:
        return account.refusal(batch.batch_id, out, error)
    return account.report(batch.batch_id, out)


def _same_key(landing: Landing, tokens: Pseudonymiser) -> None:
    used = next((f for b in reversed(landing.batches()) if (f := b.info.get("key_fingerprint"))), None)
    if used is not None and used != tokens.fingerprint:
        raise KeyRefusedError(
            f"{landing.root} was filled under another key for tokens: what comes now would not join what is stored; "
            "give back the old key file, or start an empty landing folder"
        )
