"""LDBC FinBench, the bank side: persons, companies, accounts, mediums, loans and the money between them.

The snapshot as its generator writes it: CSV with ``|`` between columns, or Parquet copies. Rules, stated once:

* Times are naive and read as UTC (fuller editions write epoch milliseconds; both are taken).
* Amounts are doubles without a currency: rounded half to even to cents of an assumed CNY.
* Ids are 64-bit integers, kept digit by digit as text. They overlap between kinds, never within one.
* Transfers, withdrawals, deposits and repayments carry no id: theirs is a hash of what they say (ends, time, rounded
  amount) and an occurrence number, so equal rows stay apart and the same file gives the same ids in any format.
* A medium of any type (PHONE, WIFI, POS ...) is a Device: the set says what was signed in on, not whose number it is.
* A sign-in is a new version of its pair's USED_DEVICE edge: first, last and count so far.
* A row is known when it says it was made. ``isBlocked`` has no time of its own and is taken as known from then on.
"""

from __future__ import annotations

from pathlib import Path

from ingest.feed import As, Column, EdgeRows, End, Feed, NodeRows, Personal
from ingest.intake import Delivery
from ingest.public.published import Table
from ingest.public.shaping import Step, deliveries
from ingest.public.shaping import missing as missing_of

ASSUMED_CURRENCY = "CNY"

_MADE = Column("createTime", As.TIME, "when it was made", "2020-01-09T18:08:45.162")
_AMOUNT = Column("amount", As.MONEY, "rounded half to even to cents", "544595.79", low=0)
_CURRENCY = Column("currency", As.ID, "assumed: the set names none", ASSUMED_CURRENCY)
_BLOCKED = Column("isBlocked", As.BOOLEAN, "barred by the bank", "false")
_RATIO = Column("ratio", As.DECIMAL, "share held, 0 to 1", "0.14770874120277874", low=0, high=1)
_MONEY = {"ts": "createTime", "amount": "amount", "currency": "currency"}

AS_IS = "SELECT * REPLACE (iso(createTime) AS createTime) FROM published"
WITH_CURRENCY = "SELECT * REPLACE (iso(createTime) AS createTime), 'CNY' AS currency FROM published"


def _id(name: str, doc: str) -> Column:
    return Column(name, As.ID, doc, "4613937818241074769")


def _feed(name: str, doc: str, columns: tuple[Column, ...], key: tuple[str, ...], *rows: NodeRows | EdgeRows) -> Feed:
    return Feed("finbench", name, doc, (*columns, _MADE), key, rows, event_time="createTime", zone="UTC")


def _table(name: str, *columns: str, also: dict[str, tuple[str, ...]] | None = None) -> Table:
    return Table((name,), {c: (c,) for c in (*columns, "createTime")} | (also or {}), separator="|")


_PERSON = _table("Person", "personId", "personName", "isBlocked")
_COMPANY = _table("Company", "companyId", "companyName", "isBlocked")
_ACCOUNT = _table("Account", "accountId", "isBlocked", also={"accountType": ("accoutType", "accountType")})
_MEDIUM = _table("Medium", "mediumId", "mediumType", "isBlocked")
_LOAN = _table("Loan", "loanId", "loanAmount")

_NODES = (
    Step(
        _feed(
            "persons",
            "Natural persons.",
            (
                _id("personId", "the person"),
                Column("personName", As.TEXT, "name", "Bertrand", required=False, personal=Personal.NAME),
                _BLOCKED,
            ),
            ("personId",),
            NodeRows(End("Person", "personId"), {"name_token": "personName", "blocked": "isBlocked"}),
        ),
        _PERSON,
        AS_IS,
    ),
    Step(
        _feed(
            "companies",
            "Companies.",
            (
                _id("companyId", "the company"),
                Column("companyName", As.TEXT, "name", "Franecki LLC", required=False, personal=Personal.NAME),
                _BLOCKED,
            ),
            ("companyId",),
            NodeRows(End("Company", "companyId"), {"name_token": "companyName", "blocked": "isBlocked"}),
        ),
        _COMPANY,
        AS_IS,
    ),
    Step(
        _feed(
            "accounts",
            "Accounts; the published header of their type is misspelt (accoutType).",
            (
                _id("accountId", "the account"),
                _BLOCKED,
                Column("accountType", As.TEXT, "debit card, escrow account ...", "debit card", required=False),
            ),
            ("accountId",),
            NodeRows(
                End("Account", "accountId"),
                {"account_type": "accountType", "opened_ts": "createTime", "blocked": "isBlocked"},
            ),
        ),
        _ACCOUNT,
        AS_IS,
    ),
    Step(
        _feed(
            "mediums",
            "What people sign in on.",
            (
                _id("mediumId", "the medium"),
                Column("mediumType", As.TEXT, "PHONE, WIFI, POS ...", "PHONE", required=False),
                _BLOCKED,
            ),
            ("mediumId",),
            NodeRows(End("Device", "mediumId"), {"device_type": "mediumType", "blocked": "isBlocked"}),
        ),
        _MEDIUM,
        AS_IS,
    ),
    Step(
        _feed(
            "loans",
            "Loans. Their balance equals the amount throughout and is left out.",
            (
                _id("loanId", "the loan"),
                Column("loanAmount", As.MONEY, "rounded half to even to cents", "45962702.20", low=0),
                _CURRENCY,
            ),
            ("loanId",),
            NodeRows(End("Loan", "loanId"), {"ts": "createTime", "amount": "loanAmount", "currency": "currency"}),
        ),
        _LOAN,
        WITH_CURRENCY,
        money=("loanAmount",),
    ),
)


def _pair(
    name: str, doc: str, table: Table, type_: str, src: End, dst: End, properties: dict[str, str], *more: Column
) -> Step:
    """An edge between two nodes at most once, as it stands in the file."""
    ends = (
        _id(src.column, f"the {src.kind.lower()} it starts at"),
        _id(dst.column, f"the {dst.kind.lower()} it ends at"),
    )
    edge = EdgeRows(type_, src, dst, properties)
    return Step(_feed(name, doc, (*ends, *more), (src.column, dst.column), edge), table, AS_IS)


_OWNERSHIP = tuple(
    _pair(
        f"{kind.lower()}_accounts",
        f"Which {kind.lower()} holds an account.",
        _table(f"{kind}OwnAccount", owner, "accountId"),
        "OWNS",
        End(kind, owner),
        End("Account", "accountId"),
        {"since": "createTime"},
    )
    for kind, owner in (("Person", "personId"), ("Company", "companyId"))
)

_GUARANTEES = tuple(
    _pair(
        f"{kind.lower()}_guarantees",
        "Who stands guarantor for whom. The set gives no amount.",
        _table(f"{kind}Guarantee{kind}", "fromId", "toId"),
        "GUARANTEES",
        End(kind, "fromId"),
        End(kind, "toId"),
        {"ts": "createTime"},
    )
    for kind in ("Person", "Company")
)

_INVESTMENTS = tuple(
    _pair(
        f"{kind.lower()}_investments",
        "Who holds which share of a company. The shares of a company add up to at most 1.",
        _table(f"{kind}InvestCompany", "investorId", "companyId", "ratio"),
        "INVESTS_IN",
        End(kind, "investorId"),
        End("Company", "companyId"),
        {"since": "createTime", "share": "ratio"},
        _RATIO,
    )
    for kind in ("Person", "Company")
)

_APPLICATIONS = tuple(
    Step(
        _feed(
            f"{kind.lower()}_loans",
            "Who asked for a loan; the amount is the loan's.",
            (
                _id(borrower, "the borrower"),
                _id("loanId", "the loan"),
                Column("amount", As.MONEY, "of the loan", "45962702.20", required=False, low=0),
                Column("currency", As.ID, "assumed: the set names none", ASSUMED_CURRENCY),
            ),
            (borrower, "loanId"),
            EdgeRows("APPLIED_FOR", End(kind, borrower), End("Loan", "loanId"), _MONEY),
        ),
        _table(f"{kind}ApplyLoan", borrower, "loanId"),
        """SELECT published.* REPLACE (iso(published.createTime) AS createTime),
                  Loan.loanAmount AS amount, 'CNY' AS currency
           FROM published LEFT JOIN Loan USING (loanId)""",
        beside=(_LOAN,),
        money=("loanAmount",),
    )
    for kind, borrower in (("Person", "personId"), ("Company", "companyId"))
)


_MOVED = """
    WITH dated AS (SELECT * REPLACE (iso(createTime) AS createTime) FROM published),
    counted AS (
        SELECT *, row_number() OVER (PARTITION BY fromId, toId, createTime, amount ORDER BY row_no) AS occurrence
        FROM dated
    )
    SELECT *, 'CNY' AS currency, $2 AS channel,
           content_id($1, [fromId, toId, createTime, amount, occurrence::VARCHAR]) AS payment_id
    FROM counted
"""
_LENT = """
    WITH dated AS (SELECT * REPLACE (iso(createTime) AS createTime) FROM published),
    counted AS (
        SELECT *, row_number() OVER (PARTITION BY loanId, accountId, createTime, amount ORDER BY row_no) AS occurrence
        FROM dated
    )
    SELECT *, 'CNY' AS currency,
           content_id($1, [loanId, accountId, createTime, amount, occurrence::VARCHAR]) AS payment_id
    FROM counted
"""


def _between_accounts(name: str, doc: str, file: str, prefix: str, channel: str) -> Step:
    """Money from account to account, any number of times between the same two."""
    feed = _feed(
        name,
        doc,
        (
            Column("payment_id", As.ID, "made from the row's content and its occurrence", f"{prefix}6f1ed002ab559585"),
            _id("fromId", "the account it leaves"),
            _id("toId", "the account it reaches"),
            _AMOUNT,
            _CURRENCY,
            Column("channel", As.TEXT, "by which way", channel),
        ),
        ("payment_id",),
        EdgeRows(
            "TRANSFER",
            End("Account", "fromId"),
            End("Account", "toId"),
            {**_MONEY, "channel": "channel"},
            id_column="payment_id",
        ),
    )
    return Step(feed, _table(file, "fromId", "toId", "amount"), _MOVED, money=("amount",), values=(prefix, channel))


def _with_loan(name: str, doc: str, file: str, prefix: str, type_: str, src: End, dst: End) -> Step:
    """Money between a loan and an account, any number of times between the same two."""
    feed = _feed(
        name,
        doc,
        (
            Column("payment_id", As.ID, "made from the row's content and its occurrence", f"{prefix}6f1ed002ab559585"),
            _id("loanId", "the loan"),
            _id("accountId", "the account"),
            _AMOUNT,
            _CURRENCY,
        ),
        ("payment_id",),
        EdgeRows(type_, src, dst, _MONEY, id_column="payment_id"),
    )
    return Step(feed, _table(file, "loanId", "accountId", "amount"), _LENT, money=("amount",), values=(prefix,))


_AT_LOAN, _AT_ACCOUNT = End("Loan", "loanId"), End("Account", "accountId")

_PAYMENTS = (
    _between_accounts("transfers", "Money from account to account.", "AccountTransferAccount", "tr-", "bank"),
    _between_accounts(
        "withdrawals", "Money drawn to a debit card's account.", "AccountWithdrawAccount", "wd-", "withdrawal"
    ),
    _with_loan(
        "deposits", "A loan's money paid out.", "LoanDepositAccount", "dp-", "DISBURSED_TO", _AT_LOAN, _AT_ACCOUNT
    ),
    _with_loan("repayments", "Money paid back.", "AccountRepayLoan", "rp-", "REPAID", _AT_ACCOUNT, _AT_LOAN),
)

_SIGN_INS = Step(
    _feed(
        "sign_ins",
        "Sign-ins of accounts on mediums. Each is a new version of the pair's one edge.",
        (
            Column("sign_in_id", As.ID, "made from the row's content and its occurrence", "si-6f1ed002ab559585"),
            _id("mediumId", "the medium"),
            _id("accountId", "the account"),
            Column("first_at", As.TIME, "first sign-in of the pair", "2020-05-03T12:48:47.305"),
            Column("times", As.INTEGER, "sign-ins of the pair so far", "2", low=1),
        ),
        ("sign_in_id",),
        EdgeRows(
            "USED_DEVICE",
            End("Account", "accountId"),
            End("Device", "mediumId"),
            {"first_ts": "first_at", "last_ts": "createTime", "times": "times"},
        ),
    ),
    _table("MediumSignInAccount", "mediumId", "accountId"),
    """
    WITH dated AS (SELECT * REPLACE (iso(createTime) AS createTime) FROM published),
    counted AS (
        SELECT *,
               row_number() OVER (PARTITION BY mediumId, accountId, createTime ORDER BY row_no) AS occurrence,
               row_number() OVER (PARTITION BY mediumId, accountId ORDER BY createTime, row_no)::VARCHAR AS times,
               min(createTime) OVER (PARTITION BY mediumId, accountId) AS first_at
        FROM dated
    )
    SELECT *, content_id('si-', [mediumId, accountId, createTime, occurrence::VARCHAR]) AS sign_in_id
    FROM counted
    """,
)

STEPS: tuple[Step, ...] = (
    *_NODES,
    *_OWNERSHIP,
    _SIGN_INS,
    *_APPLICATIONS,
    *_PAYMENTS,
    *_GUARANTEES,
    *_INVESTMENTS,
)


def finbench(path: Path) -> list[Delivery]:
    """Deliveries of the snapshot in a folder, or in its ``snapshot`` folder (or of the one file ``path`` is)."""
    return deliveries(STEPS, _snapshot(path))


def missing(path: Path) -> list[str]:
    """Files of the snapshot that are not there."""
    return missing_of(STEPS, _snapshot(path))


def _snapshot(path: Path) -> Path:
    """The published folder holds ``snapshot`` beside ``incremental``, which is another graph."""
    inner = path / "snapshot"
    return inner if inner.is_dir() else path
