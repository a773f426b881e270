"""Rule sets: drafts, what came into force and when, and the one in force."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rule_drafts",
        sa.Column("draft", NUMBER, autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("drafter", sa.String(length=128), nullable=False),
        sa.Column("drafted_ts", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("dry_run", JSON, nullable=True),
        sa.Column("dry_run_ts", sa.BigInteger(), nullable=True),
        sa.Column("dry_run_base", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=128), nullable=True),
        sa.Column("closed_ts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("draft", name="pk_rule_drafts"),
    )
    op.create_index("ix_rule_drafts_version", "rule_drafts", ["version"], unique=False)
    op.create_table(
        "rule_publications",
        sa.Column("publication", NUMBER, autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("draft", NUMBER, nullable=True),
        sa.Column("parent", NUMBER, nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["rule_drafts.draft"], name="fk_rule_publications_draft_rule_drafts"),
        sa.ForeignKeyConstraint(
            ["parent"], ["rule_publications.publication"], name="fk_rule_publications_parent_rule_publications"
        ),
        sa.PrimaryKeyConstraint("publication", name="pk_rule_publications"),
    )
    op.create_table(
        "rule_pointer",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("publication", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["publication"], ["rule_publications.publication"], name="fk_rule_pointer_publication_rule_publications"
        ),
        sa.PrimaryKeyConstraint("slot", name="pk_rule_pointer"),
    )


def downgrade() -> None:
    op.drop_table("rule_pointer")
    op.drop_table("rule_publications")
    op.drop_table("rule_drafts")
