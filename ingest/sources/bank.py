"""What the bank itself knows: parties, accounts, transfers, applications, loans, repayments, guarantees."""

from ingest.feed import KNOWN_AT, As, Column, EdgeRows, End, FactRows, Feed, NodeRows, Personal

_PARTIES = ("Merchant", "Person", "Company")
_BY_ID = ("Merchant", "Buyer")  # named by the platform's id
_BY_IDENTITY = ("Person", "Company")  # named by identity or licence number: a token
_CURRENCY = Column("currency", As.ID, "ISO 4217 code", "CNY")
_AMOUNT = Column("amount", As.MONEY, "how much", "10000.00", low=0)

COMPANIES = Feed(
    source="bank",
    name="companies",
    doc="Companies known to the bank, from its own files and the trade register.",
    columns=(
        Column("company_id", As.ID, "licence number", "91330100MA27X0000A", personal=Personal.IDENTITY),
        Column("name", As.TEXT, "registered name", "杭州晨光贸易有限公司", personal=Personal.NAME),
        Column("industry", As.TEXT, "registered line of business", "retail", required=False),
        Column("region", As.TEXT, "place of registration", "浙江", required=False),
        Column("founded_at", As.TIME, "registered when", "2019-08-01T00:00:00+08:00", required=False),
        Column(
            "registered_address",
            As.TEXT,
            "street of registration",
            "文一路 1 号",
            required=False,
            personal=Personal.STREET,
        ),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-01T00:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("company_id",),
    event_time="updated_at",
    rows=(
        NodeRows(
            End("Company", "company_id"),
            {"name_token": "name", "industry": "industry", "region": "region", "founded_ts": "founded_at"},
        ),
        EdgeRows(
            "REGISTERED_AT", End("Company", "company_id"), End("Address", "registered_address"), {"since": "founded_at"}
        ),
    ),
)

PERSONS = Feed(
    source="bank",
    name="persons",
    doc="Natural persons known to the bank.",
    columns=(
        Column("person_id", As.ID, "identity number", "330102199001011234", personal=Personal.IDENTITY),
        Column("name", As.TEXT, "name", "王小明", personal=Personal.NAME),
        Column("phone", As.ID, "mobile number", "13800000000", required=False, personal=Personal.PHONE),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-01T00:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("person_id",),
    event_time="updated_at",
    rows=(
        NodeRows(End("Person", "person_id"), {"name_token": "name"}),
        EdgeRows("HAS_PHONE", End("Person", "person_id"), End("Phone", "phone")),
    ),
)

OWNERSHIP = Feed(
    source="bank",
    name="ownership",
    doc="Who owns or controls a company.",
    columns=(
        Column("owner_kind", As.TEXT, "Person or Company", "Person", choices=("Person", "Company")),
        Column("owner_id", As.ID, "identity or licence number", "330102199001011234", personal=Personal.IDENTITY),
        Column("company_id", As.ID, "licence number", "91330100MA27X0000A", personal=Personal.IDENTITY),
        Column("share", As.DECIMAL, "0 to 1", "0.6", required=False, low=0, high=1),
        Column("since", As.TIME, "from when", "2019-08-01T00:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("owner_kind", "owner_id", "company_id"),
    event_time="since",
    rows=(
        EdgeRows("OWNS", End("$owner_kind", "owner_id"), End("Company", "company_id"), {"since": "since"}),
        EdgeRows(
            "INVESTS_IN",
            End("$owner_kind", "owner_id"),
            End("Company", "company_id"),
            {"since": "since", "share": "share"},
        ),
    ),
)

ACCOUNTS = Feed(
    source="bank",
    name="accounts",
    doc="Accounts and who holds them.",
    columns=(
        Column("account_no", As.ID, "account or card number", "6222020000000000001", personal=Personal.CARD),
        Column("holder_kind", As.TEXT, "kind of the holder", "Merchant", required=False, choices=(*_PARTIES, "Buyer")),
        Column(
            "holder_id",
            As.ID,
            "shop or buyer id; for persons and companies see holder_identity",
            "M000017",
            required=False,
        ),
        Column(
            "holder_identity",
            As.ID,
            "identity or licence number of a person or company",
            "",
            required=False,
            personal=Personal.IDENTITY,
        ),
        Column("bank", As.TEXT, "where it is held", "our bank", required=False),
        Column("account_type", As.TEXT, "settlement, personal, escrow ...", "settlement", required=False),
        Column("opened_at", As.TIME, "opened when", "2022-05-03T00:00:00+08:00"),
        Column("updated_at", As.TIME, "when this row was last changed", "2022-05-03T00:00:00+08:00", required=False),
        KNOWN_AT,
    ),
    key=("account_no",),
    event_time="opened_at",
    version="updated_at",
    rows=(
        NodeRows(
            End("Account", "account_no"), {"bank": "bank", "account_type": "account_type", "opened_ts": "opened_at"}
        ),
        EdgeRows(
            "OWNS", End("$holder_kind", "holder_id", _BY_ID), End("Account", "account_no"), {"since": "opened_at"}
        ),
        EdgeRows(
            "OWNS",
            End("$holder_kind", "holder_identity", _BY_IDENTITY),
            End("Account", "account_no"),
            {"since": "opened_at"},
        ),
    ),
)

TRANSFERS = Feed(
    source="bank",
    name="transfers",
    doc="Money moved between accounts.",
    columns=(
        Column("transfer_id", As.ID, "the booking", "T00000001"),
        Column("from_account", As.ID, "payer's account", "6222020000000000001", personal=Personal.CARD),
        Column("to_account", As.ID, "payee's account", "6222020000000000002", personal=Personal.CARD),
        Column("booked_at", As.TIME, "when", "2025-03-01T10:00:00.250+08:00"),
        _AMOUNT,
        _CURRENCY,
        Column("channel", As.TEXT, "bank, wallet, withdrawal ...", "bank", required=False),
        Column("purpose", As.TEXT, "code of the stated purpose", "goods", required=False),
        KNOWN_AT,
    ),
    key=("transfer_id",),
    event_time="booked_at",
    rows=(
        EdgeRows(
            "TRANSFER",
            End("Account", "from_account"),
            End("Account", "to_account"),
            {"ts": "booked_at", "amount": "amount", "currency": "currency", "channel": "channel", "purpose": "purpose"},
            id_column="transfer_id",
        ),
    ),
)

APPLICATIONS = Feed(
    source="bank",
    name="applications",
    doc="Requests for credit. A later row with a newer updated_at carries the decision.",
    columns=(
        Column("application_id", As.ID, "the application", "AP000001"),
        Column("merchant_id", As.ID, "who asks", "M000017"),
        Column("applied_at", As.TIME, "when: the as_of of the decision", "2025-03-01T10:00:00+08:00"),
        Column("amount", As.MONEY, "asked for", "200000.00", low=0),
        _CURRENCY,
        Column("loan_id", As.ID, "the loan that came of it", "L000001", required=False),
        Column("status", As.TEXT, "pending, approved, declined", "approved", required=False),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-03T10:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("application_id",),
    event_time="applied_at",
    version="updated_at",
    rows=(
        FactRows(
            "application",
            "application_id",
            {
                "merchant_id": "merchant_id",
                "ts": "applied_at",
                "amount": "amount",
                "currency": "currency",
                "loan_id": "loan_id",
                "status": "status",
            },
        ),
    ),
)

LOANS = Feed(
    source="bank",
    name="loans",
    doc="Loans paid out: borrower, account paid to, state. A later row with a newer updated_at carries the state.",
    columns=(
        Column("loan_id", As.ID, "the loan", "L000001"),
        Column("borrower_kind", As.TEXT, "kind of the borrower", "Merchant", choices=_PARTIES),
        Column(
            "borrower_id", As.ID, "shop id; for persons and companies see borrower_identity", "M000017", required=False
        ),
        Column(
            "borrower_identity", As.ID, "identity or licence number", "", required=False, personal=Personal.IDENTITY
        ),
        Column("account_no", As.ID, "account paid to", "6222020000000000001", personal=Personal.CARD),
        Column("disbursed_at", As.TIME, "paid out when", "2025-03-03T11:00:00+08:00"),
        _AMOUNT,
        _CURRENCY,
        Column("due_at", As.TIME, "falls due", "2025-09-03T11:00:00+08:00", required=False),
        Column("status", As.TEXT, "active, repaid, overdue", "active", required=False),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-03T11:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("loan_id",),
    event_time="disbursed_at",
    one_of=(("borrower_id", "borrower_identity"),),
    version="updated_at",
    rows=(
        NodeRows(
            End("Loan", "loan_id"),
            {"ts": "disbursed_at", "amount": "amount", "currency": "currency", "status": "status", "due_ts": "due_at"},
        ),
        EdgeRows(
            "APPLIED_FOR",
            End("$borrower_kind", "borrower_id", _BY_ID),
            End("Loan", "loan_id"),
            {"ts": "disbursed_at", "amount": "amount", "currency": "currency"},
        ),
        EdgeRows(
            "APPLIED_FOR",
            End("$borrower_kind", "borrower_identity", _BY_IDENTITY),
            End("Loan", "loan_id"),
            {"ts": "disbursed_at", "amount": "amount", "currency": "currency"},
        ),
        EdgeRows(
            "DISBURSED_TO",
            End("Loan", "loan_id"),
            End("Account", "account_no"),
            {"ts": "disbursed_at", "amount": "amount", "currency": "currency"},
        ),
    ),
)

REPAYMENTS = Feed(
    source="bank",
    name="repayments",
    doc="Money paid back on a loan.",
    columns=(
        Column("repayment_id", As.ID, "the booking", "RP000001"),
        Column("loan_id", As.ID, "of which loan", "L000001"),
        Column("account_no", As.ID, "account paid from", "6222020000000000001", personal=Personal.CARD),
        Column("paid_at", As.TIME, "when", "2025-04-03T11:00:00+08:00"),
        _AMOUNT,
        _CURRENCY,
        KNOWN_AT,
    ),
    key=("repayment_id",),
    event_time="paid_at",
    rows=(
        EdgeRows(
            "REPAID",
            End("Account", "account_no"),
            End("Loan", "loan_id"),
            {"ts": "paid_at", "amount": "amount", "currency": "currency"},
            id_column="repayment_id",
        ),
    ),
)

GUARANTEES = Feed(
    source="bank",
    name="guarantees",
    doc="Who stands guarantor for whom.",
    columns=(
        Column("guarantee_id", As.ID, "the contract", "G000001"),
        Column("guarantor_kind", As.TEXT, "kind of the guarantor", "Merchant", choices=_PARTIES),
        Column(
            "guarantor_id",
            As.ID,
            "shop id; for persons and companies see guarantor_identity",
            "M000018",
            required=False,
        ),
        Column(
            "guarantor_identity", As.ID, "identity or licence number", "", required=False, personal=Personal.IDENTITY
        ),
        Column("debtor_kind", As.TEXT, "kind of the debtor", "Merchant", choices=_PARTIES),
        Column("debtor_id", As.ID, "shop id; for persons and companies see debtor_identity", "M000017", required=False),
        Column("debtor_identity", As.ID, "identity or licence number", "", required=False, personal=Personal.IDENTITY),
        Column("signed_at", As.TIME, "when", "2025-02-20T00:00:00+08:00"),
        _AMOUNT,
        _CURRENCY,
        Column("until", As.TIME, "end of the guarantee", "2026-02-20T00:00:00+08:00", required=False),
        KNOWN_AT,
    ),
    key=("guarantee_id",),
    event_time="signed_at",
    one_of=(("guarantor_id", "guarantor_identity"), ("debtor_id", "debtor_identity")),
    rows=tuple(
        EdgeRows(
            "GUARANTEES",
            End("$guarantor_kind", guarantor, kinds),
            End("$debtor_kind", debtor, debtor_kinds),
            {"ts": "signed_at", "amount": "amount", "currency": "currency", "until": "until"},
            id_column="guarantee_id",
        )
        for guarantor, kinds in (("guarantor_id", _BY_ID), ("guarantor_identity", _BY_IDENTITY))
        for debtor, debtor_kinds in (("debtor_id", _BY_ID), ("debtor_identity", _BY_IDENTITY))
    ),
)

FEEDS = (COMPANIES, PERSONS, OWNERSHIP, ACCOUNTS, TRANSFERS, APPLICATIONS, LOANS, REPAYMENTS, GUARANTEES)
