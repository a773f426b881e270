"""What people say: verdicts on findings, and which subjects are the same hand and which are not."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("entry", NUMBER, autoincrement=True, nullable=False),
        sa.Column("finding_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("members", JSON, nullable=False),
        sa.Column("graph_version", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_finding_id", "verdicts", ["finding_id"], unique=False)
    op.create_table(
        "pair_words",
        sa.Column("entry", NUMBER, autoincrement=True, nullable=False),
        sa.Column("first", sa.String(length=256), nullable=False),
        sa.Column("second", sa.String(length=256), nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_pair_words"),
    )
    op.create_index("ix_pair_words_first_second", "pair_words", ["first", "second"], unique=False)


def downgrade() -> None:
    op.drop_table("pair_words")
    op.drop_table("verdicts")
