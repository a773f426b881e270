"""The operational tables. Times are epoch milliseconds UTC. ``records/migrations`` brings a database to this state."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON().with_variant(JSONB(), "postgresql")
Sequence = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only for INTEGER keys

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(36), primary_key=True),
    Column("application_id", String(128), nullable=False, unique=True),  # one decision for each application
    Column("merchant_id", String(128), nullable=False, index=True),
    Column("request", Json, nullable=False),
    Column("request_hash", String(64), nullable=False),  # sha256 of the request in its one written form
    Column("features", Json, nullable=False),  # name -> value; null where not known
    Column("margin", Double(), nullable=False),  # the model's raw output, in log-odds
    Column("contributions", Json, nullable=False),  # name -> share of the margin
    Column("score", Double(), nullable=False),
    Column("risk_level", String(16), nullable=False),
    Column("rating_version", String(64), nullable=False),
    Column("reasons", Json, nullable=False),
    Column("model_name", String(128), nullable=False),
    Column("model_version", String(128), nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("feature_set_version", String(128), nullable=False),
    Column("graph_version", String(64), nullable=False),
    Column("graph_as_of", BigInteger, nullable=False),
    Column("finding_ids", Json, nullable=False),
    Column("degraded_parts", Json, nullable=False),
    Column("answer", Text, nullable=False),  # JSON text: what was answered, whole: a retry gets this again
    Column("key_id", String(32)),  # whose key asked; empty for the command line
    Column("created_ts", BigInteger, nullable=False, index=True),
    Column("landing_position", BigInteger),  # the newest batch the graph was made of; empty before this was kept
)

shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("decision_id", String(36), ForeignKey("decisions.decision_id"), primary_key=True),
    Column("model_version", String(128), primary_key=True, index=True),
    Column("model_sha256", String(64), nullable=False),
    Column("margin", Double()),  # this, the score and the level are empty where the challenger could not score
    Column("score", Double()),
    Column("risk_level", String(16)),
    Column("fault", String(64)),
    Column("created_ts", BigInteger, nullable=False),
)
"""What a challenger in the shadow said on the inputs of a decision."""

graph_versions = Table(
    "graph_versions",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("graph_version", String(64), nullable=False, unique=True),
    Column("saved_ts", BigInteger),
)
"""Snapshot versions whose findings are on record, in the order they were saved."""

finding_states = Table(
    "finding_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),  # sha256 of the body: an unchanged finding is kept once
    Column("finding_id", String(128), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("score", Double(), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # the whole finding as JSON text
)

finding_sightings = Table(
    "finding_sightings",
    metadata,
    Column("graph_version", String(64), ForeignKey("graph_versions.graph_version"), primary_key=True),
    Column("finding_id", String(128), primary_key=True),
    Column("state_hash", String(64), ForeignKey("finding_states.state_hash"), nullable=False),
    Column("position", Integer, nullable=False),  # place in the list as it was found
    Index("ix_finding_sightings_finding_id", "finding_id"),
)

finding_events = Table(
    "finding_events",
    metadata,
    Column("event", Sequence, primary_key=True, autoincrement=True),
    Column("graph_version", String(64), ForeignKey("graph_versions.graph_version"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # birth, merge, split, death
    Column("finding_kind", String(32), nullable=False),
    Column("at", BigInteger),
    Column("shared_members", Integer, nullable=False),
)
"""What happened to ids when a version was made."""

finding_event_ids = Table(
    "finding_event_ids",
    metadata,
    Column("event", Sequence, ForeignKey("finding_events.event"), primary_key=True),
    Column("side", String(3), primary_key=True),  # old or new: an id that goes on through a merge is on both
    Column("finding_id", String(128), primary_key=True),
    Index("ix_finding_event_ids_finding_id", "finding_id"),
)
"""The ids an event names."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("entry", Sequence, primary_key=True, autoincrement=True),
    Column("finding_id", String(128), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),  # confirmed or false_alarm
    Column("note", Text, nullable=False),
    Column("members", Json, nullable=False),  # the finding's members when it was judged, Kind:id
    Column("graph_version", String(64), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("ts", BigInteger, nullable=False),
)
"""What people found when they looked into findings; the newest of an id counts."""

pair_words = Table(
    "pair_words",
    metadata,
    Column("entry", Sequence, primary_key=True, autoincrement=True),
    Column("first", String(256), nullable=False),  # Kind:id, the smaller of the two
    Column("second", String(256), nullable=False),
    Column("word", String(16), nullable=False),  # same, not_same, or open: what was said is taken back
    Column("note", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("ts", BigInteger, nullable=False),
    Index("ix_pair_words_first_second", "first", "second"),
)
"""What people said on whether two subjects are one hand; the newest of a pair counts."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_ts", BigInteger, nullable=False),
    Column("revoked_ts", BigInteger),
    Column("last_used_ts", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("entry", Sequence, primary_key=True, autoincrement=True),
    Column("ts", BigInteger, nullable=False, index=True),
    Column("actor", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(256), nullable=False),
    Column("details", Json, nullable=False),
)

rule_drafts = Table(
    "rule_drafts",
    metadata,
    Column("draft", Sequence, primary_key=True, autoincrement=True),
    Column("version", String(16), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("text", Text, nullable=False),  # the set as it was written, TOML
    Column("note", Text, nullable=False),
    Column("drafter", String(128), nullable=False),
    Column("drafted_ts", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),  # open, approved or withdrawn
    Column("dry_run", Json),  # what it would have raised, beside the set in force; null until it was run
    Column("dry_run_ts", BigInteger),
    Column("dry_run_base", BigInteger),  # publication in force when it was run; 0 for none
    Column("closed_by", String(128)),
    Column("closed_ts", BigInteger),
)
"""Rule sets that someone proposes."""

rule_publications = Table(
    "rule_publications",
    metadata,
    Column("publication", Sequence, primary_key=True, autoincrement=True),
    Column("version", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("how", String(16), nullable=False),  # shipped, publish or rollback
    Column("draft", Sequence, ForeignKey("rule_drafts.draft")),
    Column("parent", Sequence, ForeignKey("rule_publications.publication")),  # what a rollback leads to
    Column("actor", String(128), nullable=False),
    Column("ts", BigInteger, nullable=False),
)
"""Every rule set that came into force, in order; entries are only ever added."""

rule_pointer = Table(
    "rule_pointer",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),  # always 1: there is one set in force
    Column("publication", Sequence, ForeignKey("rule_publications.publication"), nullable=False),
)
"""The publication in force."""

flow_alerts = Table(
    "flow_alerts",
    metadata,
    Column("alert_id", String(64), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("version", String(16), nullable=False),  # of the rule set
    Column("key_kind", String(16), nullable=False),
    Column("key_id", String(128), nullable=False),
    Column("ts", BigInteger, nullable=False),  # the moment the rule turned true
    Column("severity", String(16), nullable=False),
    Column("mode", String(16), nullable=False),  # active or shadow
    Column("status", String(16), nullable=False),  # provisional, confirmed, withdrawn, final or late
    Column("times", Integer, nullable=False),  # how often it turned true within its cooldown
    Column("degraded", Json, nullable=False),  # what was missing when it was judged
    Column("body", Text, nullable=False),  # the whole alert, as it was told first
    Column("created_ts", BigInteger, nullable=False),
    Column("acknowledged_by", String(128)),
    Column("acknowledged_ts", BigInteger),
    Column("snoozed_until", BigInteger),
    Column("assigned_to", String(128)),
    Index("ix_flow_alerts_ts_alert_id", "ts", "alert_id"),
    Index("ix_flow_alerts_key_kind_key_id", "key_kind", "key_id"),
)
"""Alerts of rules on the stream of events, one row each whatever becomes of them."""

flow_outbox = Table(
    "flow_outbox",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("alert_id", String(64), ForeignKey("flow_alerts.alert_id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("times", Integer, nullable=False),
    Column("created_ts", BigInteger, nullable=False),
    UniqueConstraint("alert_id", "status", "times"),
)
"""What is to be told of alerts, in order: each step of each alert once. Streams and channels read on from a number."""

flow_position = Table(
    "flow_position",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("position", BigInteger, nullable=False),  # events of the journal up to this one are judged
    Column("late", BigInteger, nullable=False),  # of these, how many came after the lateness bound
    Column("updated_ts", BigInteger, nullable=False),
)
"""How far the journal is judged; moved in the transaction that keeps the alerts of those events."""

flow_switches = Table(
    "flow_switches",
    metadata,
    Column("entry", Sequence, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),  # events after this one are judged by the version
    Column("clock", BigInteger, nullable=False),  # how late it was for the rules just then
    Column("version", String(16), nullable=False),
    Column("text", Text, nullable=False),
)
"""Which version of the rules judged from which event on, so that a restart judges as was judged before."""
