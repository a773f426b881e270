"""The bodies and answers of the routes on rule sets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.forms import Moment, WholeText
from policy.publish import MAX_NOTE
from policy.ruleset import MAX_CHARACTERS


class Strict(BaseModel):
    """A body: nothing is guessed, nothing extra is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


Toml = Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
DraftNumber = Annotated[WholeText, Field(ge=1, le=999_999_999)]


class SetBody(Strict):
    """A rule set to be checked."""

    text: Toml = Field(description="TOML, as in docs/rules.md")
    strict: bool = Field(True, description="as publishing asks for: sentences, measures and tests of every rule")


class DraftBody(Strict):
    """A rule set that is proposed."""

    text: Toml = Field(description="TOML, as in docs/rules.md")
    note: Note = Field("", description="why, for whoever reads it later")


class StretchBody(Strict):
    """A stretch of time, at most 31 days."""

    from_: Moment = Field(alias="from", examples=["2026-06-23T00:00:00+08:00"])
    to: Moment = Field(examples=["2026-06-30T00:00:00+08:00"])


class ApproveBody(Strict):
    """What is approved."""

    version: Version = Field(description="the draft's version, as the approver has read it")


class RollbackBody(Strict):
    """What is taken back."""

    version: Version = Field(description="the version in force now: said twice, it goes back once")
    why: Note = ""


class FactsQuery(BaseModel):
    """Which facts to list."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["merchant", "account", "buyer", "device"] | None = None


class ListQuery(BaseModel):
    """How many to list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[WholeText, Field(ge=1, le=500)] = 50


class FactAnswer(BaseModel):
    """A fact that a rule may read."""

    kind: str
    name: str
    measure: str
    window_ms: int
    daily: bool
    currency: str | None
    type: Literal["integer", "number"]
    nullable: bool
    unit: str
    meaning_en: str
    meaning_zh: str


class FactsAnswer(BaseModel):
    """The vocabulary of rules."""

    facts: list[FactAnswer]


class ProblemAnswer(BaseModel):
    """Something in a set, with its place in the text; lines and columns from 1."""

    code: str
    reason: str
    where: str
    rule: str | None
    line: int
    column: int


class CheckAnswer(BaseModel):
    """What came out of a check."""

    ok: bool
    version: str | None
    rules: int
    tests: int
    problems: list[ProblemAnswer]
    warnings: list[ProblemAnswer]


class ActiveAnswer(BaseModel):
    """The set in force. ``publication`` is 0 while it is the shipped one."""

    version: str
    publication: int
    text: str


class DraftAnswer(BaseModel):
    """A proposed set. Times in epoch ms."""

    draft: int
    version: str
    name: str
    note: str
    drafter: str
    drafted_ts: int
    state: Literal["open", "approved", "withdrawn"]
    dry_run: dict[str, Any] | None
    dry_run_ts: int | None
    dry_run_base: int | None
    closed_by: str | None
    closed_ts: int | None


class DraftTextAnswer(DraftAnswer):
    """A proposed set with its text."""

    text: str


class DraftsAnswer(BaseModel):
    """Proposed sets, newest first."""

    drafts: list[DraftAnswer]


class PublicationAnswer(BaseModel):
    """A set that came into force. ``parent``: the publication that a rollback leads to."""

    publication: int
    version: str
    name: str
    how: Literal["shipped", "publish", "rollback"]
    draft: int | None
    parent: int | None
    actor: str
    ts: int


class HistoryAnswer(BaseModel):
    """What came into force, newest first."""

    publications: list[PublicationAnswer]


class SetFiredAnswer(BaseModel):
    """How often a set would have fired: in all, on how many keys of each kind, and each of its rules."""

    version: str
    times: int
    keys: dict[str, int]
    rules: list[dict[str, Any]]


class DryRunAnswer(BaseModel):
    """The draft and the set in force over the same events. Times in epoch ms."""

    from_ts: int
    to_ts: int
    events: int
    proposed: SetFiredAnswer
    current: SetFiredAnswer
    sentence_en: str
    sentence_zh: str
