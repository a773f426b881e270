"""Alerts on the stream, what is to be told of them, and how far the journal of events is judged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "flow_alerts",
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("key_kind", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=128), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("degraded", JSON, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_ts", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("acknowledged_ts", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("assigned_to", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name="pk_flow_alerts"),
    )
    op.create_index("ix_flow_alerts_ts_alert_id", "flow_alerts", ["ts", "alert_id"], unique=False)
    op.create_index("ix_flow_alerts_key_kind_key_id", "flow_alerts", ["key_kind", "key_id"], unique=False)
    op.create_table(
        "flow_outbox",
        sa.Column("seq", NUMBER, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("created_ts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["flow_alerts.alert_id"], name="fk_flow_outbox_alert_id_flow_alerts"),
        sa.PrimaryKeyConstraint("seq", name="pk_flow_outbox"),
        sa.UniqueConstraint("alert_id", "status", "times", name="uq_flow_outbox_alert_id_status_times"),
    )
    op.create_table(
        "flow_position",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("updated_ts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_flow_position"),
    )
    op.create_table(
        "flow_switches",
        sa.Column("entry", NUMBER, autoincrement=True, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_flow_switches"),
    )


def downgrade() -> None:
    for table in ("flow_switches", "flow_position", "flow_outbox", "flow_alerts"):
        op.drop_table(table)
