"""What a challenger in the shadow would have said on each decision; how far landing had come when it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shadow_scores",
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("risk_level", sa.String(length=16), nullable=True),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("created_ts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name="fk_shadow_scores_decision_id_decisions"
        ),
        sa.PrimaryKeyConstraint("decision_id", "model_version", name="pk_shadow_scores"),
    )
    op.create_index("ix_shadow_scores_model_version", "shadow_scores", ["model_version"], unique=False)
    op.add_column("decisions", sa.Column("landing_position", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("decisions", "landing_position")
    op.drop_table("shadow_scores")
