"""LDBC FinBench, the incremental streams: what happens after the snapshot, a file for each kind of write.

The streams are of another graph than the published snapshot (of 6,778 accounts that pay in them it has 19, by chance),
so they are a set of their own and go into a home of their own. Rules beyond those of finbench, stated once:

* Times are epoch milliseconds. ``dependencyTime`` orders the benchmark's driver and says nothing of the world.
* A read-write (1 to 3) is a write that the bank looks twice at; it is taken as the write that it asks for.
* A loan comes with who asks for it; an account comes with who holds it. Each is one row here and two in the graph.
* A deleted account stays, marked blocked from then on: what it did has happened.
* Updates (18, 19) bar an account or a person from then on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.feed import As, Column, EdgeRows, End, NodeRows
from ingest.intake import Delivery
from ingest.public import finbench as snapshot
from ingest.public.published import Table
from ingest.public.shaping import Step, deliveries
from ingest.public.shaping import missing as missing_of

_ID = "4613937818241074769"


def _step(name: str, file: str, like: str, columns: dict[str, tuple[str, ...]] | None = None) -> Step:
    """A stream that says what a file of the snapshot says, under a name of its own."""
    model = next(s for s in snapshot.STEPS if s.feed.name == like)
    feed = replace(model.feed, source="finbench_incremental", name=name)
    table = replace(model.table, names=(file,), columns={**model.table.columns, **(columns or {})}, separator="|")
    return replace(model, feed=feed, table=table)


def _own(
    name: str,
    file: str,
    doc: str,
    columns: tuple[Column, ...],
    *rows: NodeRows | EdgeRows,
    select: str,
    time: str = "createTime",
) -> Step:
    """A stream that the snapshot has no file for."""
    made = Column("createTime", As.TIME, "when", "2022-11-29 03:05:25.985")
    feed = replace(
        snapshot.STEPS[0].feed,
        source="finbench_incremental",
        name=name,
        doc=doc,
        columns=(*columns, made),
        key=(columns[0].name,),
        rows=rows,
    )
    here = {c.name: (c.name,) for c in columns if c.name not in ("barred", "currency")}
    money = ("loanAmount",) if "loanAmount" in here else ()
    return Step(feed, Table((file,), here | {"createTime": (time,)}, separator="|"), select, money=money)


def _barred(name: str, file: str, kind: str, doc: str, time: str = "createTime") -> Step:
    column = f"{kind.lower()}Id"
    columns = (
        Column(column, As.ID, f"the {kind.lower()}", _ID),
        Column("barred", As.BOOLEAN, "always: that is what the stream says", "true"),
    )
    rows = NodeRows(End(kind, column), {"blocked": "barred"})
    select = "SELECT * REPLACE (iso(createTime) AS createTime), 'true' AS barred FROM published"
    return _own(name, file, doc, columns, rows, select=select, time=time)


def _opened(kind: str, file: str) -> Step:
    owner = f"{kind.lower()}Id"
    columns = (
        Column("accountId", As.ID, "the account", _ID),
        Column(owner, As.ID, f"the {kind.lower()} that holds it", _ID),
        Column("accountBlocked", As.BOOLEAN, "barred by the bank", "false"),
        Column("accountType", As.TEXT, "debit card, escrow account ...", "debit card", required=False),
    )
    told = {"account_type": "accountType", "opened_ts": "createTime", "blocked": "accountBlocked"}
    rows = (
        NodeRows(End("Account", "accountId"), told),
        EdgeRows("OWNS", End(kind, owner), End("Account", "accountId"), {"since": "createTime"}),
    )
    doc = f"An account that a {kind.lower()} opens."
    return _own(f"{kind.lower()}_accounts", file, doc, columns, *rows, select=snapshot.AS_IS)


def _asked(kind: str, file: str) -> Step:
    borrower = f"{kind.lower()}Id"
    columns = (
        Column("loanId", As.ID, "the loan", _ID),
        Column(borrower, As.ID, f"the {kind.lower()} that asks", _ID),
        Column("loanAmount", As.MONEY, "rounded half to even to cents", "2341061.0", low=0),
        Column("currency", As.ID, "assumed: the set names none", snapshot.ASSUMED_CURRENCY),
    )
    told = {"ts": "createTime", "amount": "loanAmount", "currency": "currency"}
    rows = (
        NodeRows(End("Loan", "loanId"), told),
        EdgeRows("APPLIED_FOR", End(kind, borrower), End("Loan", "loanId"), told),
    )
    return _own(
        f"{kind.lower()}_loans",
        file,
        f"A loan that a {kind.lower()} asks for.",
        columns,
        *rows,
        select=snapshot.WITH_CURRENCY,
    )


STEPS: tuple[Step, ...] = (
    _step("persons", "AddPersonWrite1", "persons"),
    _step("companies", "AddCompanyWrite2", "companies"),
    _step("mediums", "AddMediumWrite3", "mediums"),
    _opened("Person", "AddPersonOwnAccountWrite4"),
    _opened("Company", "AddCompanyOwnAccountWrite5"),
    _asked("Person", "AddPersonApplyLoanWrite6"),
    _asked("Company", "AddCompanyApplyLoanWrite7"),
    _step("person_investments", "AddPersonInvestCompanyWrite8", "person_investments"),
    _step("company_investments", "AddCompanyInvestCompanyWrite9", "company_investments"),
    _step("person_guarantees", "AddPersonGuaranteePersonWrite10", "person_guarantees"),
    _step("company_guarantees", "AddCompanyGuaranteeCompanyWrite11", "company_guarantees"),
    _step("transfers", "AddAccountTransferAccountWrite12", "transfers"),
    _step("withdrawals", "AddAccountWithdrawAccountWrite13", "withdrawals"),
    _step("repayments", "AddAccountRepayLoanWrite14", "repayments", {"accountId": ("account", "accountId")}),
    _step("deposits", "AddLoanDepositAccountWrite15", "deposits"),
    _step("sign_ins", "AddMediumSigninAccountWrite16", "sign_ins"),
    _step("transfers_looked_at_1", "AddAccountTransferAccountReadWrite1", "transfers"),
    _step("transfers_looked_at_2", "AddAccountTransferAccountReadWrite2", "transfers"),
    _step("guarantees_looked_at", "AddPersonGuaranteePersonReadWrite3", "person_guarantees"),
    _barred("accounts_deleted", "DeleteAccountWrite17", "Account", "Accounts that were closed.", "deleteTime"),
    _barred("accounts_barred", "UpdateAccountWrite18", "Account", "Accounts that were barred."),
    _barred("persons_barred", "UpdatePersonWrite19", "Person", "Persons who were barred."),
)


def finbench_incremental(path: Path) -> list[Delivery]:
    """Deliveries of the streams in a folder, or in its ``incremental`` folder (or of the one file ``path`` is)."""
    return deliveries(STEPS, _streams(path))


def missing(path: Path) -> list[str]:
    """Files of the streams that are not there."""
    return missing_of(STEPS, _streams(path))


def _streams(path: Path) -> Path:
    inner = path / "incremental"
    return inner if inner.is_dir() else path
