"""The first tables: decisions, findings over time, keys, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_ts", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ts", sa.BigInteger(), nullable=True),
        sa.Column("last_used_ts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )
    op.create_table(
        "audit",
        sa.Column("entry", NUMBER, autoincrement=True, nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=256), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_audit"),
    )
    op.create_index("ix_audit_ts", "audit", ["ts"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("application_id", sa.String(length=128), nullable=False),
        sa.Column("merchant_id", sa.String(length=128), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("features", JSON, nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("contributions", JSON, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("risk_level", sa.String(length=16), nullable=False),
        sa.Column("rating_version", sa.String(length=64), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("model_name", sa.String(length=128), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("feature_set_version", sa.String(length=128), nullable=False),
        sa.Column("graph_version", sa.String(length=64), nullable=False),
        sa.Column("graph_as_of", sa.BigInteger(), nullable=False),
        sa.Column("finding_ids", JSON, nullable=False),
        sa.Column("degraded_parts", JSON, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("created_ts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
        sa.UniqueConstraint("application_id", name="uq_decisions_application_id"),
    )
    op.create_index("ix_decisions_created_ts", "decisions", ["created_ts"], unique=False)
    op.create_index("ix_decisions_merchant_id", "decisions", ["merchant_id"], unique=False)
    op.create_table(
        "finding_states",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_finding_states"),
    )
    op.create_index("ix_finding_states_finding_id", "finding_states", ["finding_id"], unique=False)
    op.create_table(
        "graph_versions",
        sa.Column("sequence", NUMBER, autoincrement=True, nullable=False),
        sa.Column("graph_version", sa.String(length=64), nullable=False),
        sa.Column("saved_ts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_graph_versions"),
        sa.UniqueConstraint("graph_version", name="uq_graph_versions_graph_version"),
    )
    op.create_table(
        "finding_events",
        sa.Column("event", NUMBER, autoincrement=True, nullable=False),
        sa.Column("graph_version", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("finding_kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("shared_members", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["graph_version"],
            ["graph_versions.graph_version"],
            name="fk_finding_events_graph_version_graph_versions",
        ),
        sa.PrimaryKeyConstraint("event", name="pk_finding_events"),
    )
    op.create_index("ix_finding_events_graph_version", "finding_events", ["graph_version"], unique=False)
    op.create_table(
        "finding_sightings",
        sa.Column("graph_version", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=128), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["graph_version"],
            ["graph_versions.graph_version"],
            name="fk_finding_sightings_graph_version_graph_versions",
        ),
        sa.ForeignKeyConstraint(
            ["state_hash"],
            ["finding_states.state_hash"],
            name="fk_finding_sightings_state_hash_finding_states",
        ),
        sa.PrimaryKeyConstraint("graph_version", "finding_id", name="pk_finding_sightings"),
    )
    op.create_index("ix_finding_sightings_finding_id", "finding_sightings", ["finding_id"], unique=False)
    op.create_table(
        "finding_event_ids",
        sa.Column("event", NUMBER, nullable=False),
        sa.Column("side", sa.String(length=3), nullable=False),
        sa.Column("finding_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"],
            ["finding_events.event"],
            name="fk_finding_event_ids_event_finding_events",
        ),
        sa.PrimaryKeyConstraint("event", "side", "finding_id", name="pk_finding_event_ids"),
    )
    op.create_index("ix_finding_event_ids_finding_id", "finding_event_ids", ["finding_id"], unique=False)


def downgrade() -> None:
    for table in (
        "finding_event_ids",
        "finding_sightings",
        "finding_events",
        "graph_versions",
        "finding_states",
        "decisions",
        "audit",
        "api_keys",
    ):
        op.drop_table(table)
