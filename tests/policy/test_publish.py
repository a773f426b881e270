"""How a rule set comes into force: who may do what, in which order, and what two people at once can not do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, select

from policy import publish
from policy.dry_run import Fired
from policy.publish import PublishError
from policy.ruleset import RuleSet, read
from records import rules as on_record
from records.audit import entries
from records.database import open_records, reading
from records.tables import audit, rule_drafts, rule_pointer, rule_publications
from tests.policy.sets import FACTS, RULE, with_limit

ADA, BOB = "user:ada", "user:bob"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_records(f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(opened: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Records without a word on rules, and RULE as the shipped set."""
    shipped = tmp_path / "rules.toml"
    shipped.write_text(RULE, "utf-8")
    monkeypatch.setattr(publish, "SHIPPED", shipped)
    with opened.begin() as connection:
        for table in (rule_pointer, rule_publications, rule_drafts, audit):
            connection.execute(delete(table))
    return opened


def fired(rules: RuleSet, from_ts: int, to_ts: int) -> Fired:
    """Stands in for the journal: a lower limit fires more."""
    limit = int(rules.rules[0].when.text.split()[-1])
    return Fired(1000, {("VOL", f"M{i}"): 3 for i in range(max(0, 30 - limit))})


def refused(what: str) -> AbstractContextManager[pytest.ExceptionInfo[PublishError]]:
    return pytest.raises(PublishError, match=what)


def draft(engine: Engine, limit: int, now: int = 1, tried: bool = True) -> int:
    number = publish.propose(engine, with_limit(limit), FACTS, ADA, "a lower limit", now).draft
    if tried:
        publish.try_out(engine, number, FACTS, fired, 0, 100, ADA, now)
    return number


def in_force(engine: Engine) -> str:
    return publish.active_rules(engine, FACTS).version


def test_the_shipped_set_is_in_force_until_another_is_published(engine: Engine) -> None:
    active = publish.active_rules(engine, FACTS)
    assert (active.version, active.publication) == (read(RULE, FACTS).version, 0)
    assert on_record.active(engine) is None


def test_a_set_comes_into_force_when_a_second_person_approves_it(engine: Engine) -> None:
    number = draft(engine, 10)
    made = publish.approve(engine, number, FACTS, BOB, 5)
    active = publish.active_rules(engine, FACTS)
    assert active == on_record.active(engine)
    assert active.version == made.version == read(with_limit(10), FACTS).version
    assert active.text == with_limit(10)


def test_the_dry_run_says_how_often_both_sets_would_have_fired(engine: Engine) -> None:
    found = publish.try_out(engine, draft(engine, 10, tried=False), FACTS, fired, 0, 100, ADA, 1)
    assert found.sentence_en == (
        "over 1,000 events, would have fired 60 times on 20 merchants; the current set 30 times on 10 merchants"
    )
    assert found.sentence_zh == "共1000个事件:拟议规则集将触发60次（20个商户）;现行规则集30次（10个商户）"
    with reading(engine) as connection:
        (kept,) = on_record.drafts(connection)
    assert kept.dry_run is not None
    assert kept.dry_run["proposed"]["times"] == 60
    assert kept.dry_run["proposed"]["rules"] == [
        {"code": "VOL", "on": "merchant", "mode": "active", "times": 60, "keys": 20}
    ]


def test_rules_in_shadow_are_told_one_by_one_and_not_in_the_sum(engine: Engine) -> None:
    text = with_limit(10).replace("active", "shadow")
    number = publish.propose(engine, text, FACTS, ADA, "", 1).draft
    found = publish.try_out(engine, number, FACTS, fired, 0, 100, ADA, 1)
    assert (found.proposed.times, found.proposed.rules[0].times) == (0, 60)
    assert found.sentence_en.startswith("over 1,000 events, would have fired 0 times; the current")


@pytest.mark.parametrize("approver", [ADA, "user:Ada", " user:ada ", "user:ＡＤＡ"])
def test_nobody_approves_their_own_draft(engine: Engine, approver: str) -> None:
    number = draft(engine, 10)
    with refused("someone else") as caught:
        publish.approve(engine, number, FACTS, approver, 5)
    assert caught.value.code == "same_person"
    assert in_force(engine) == read(RULE, FACTS).version


def test_a_draft_is_tried_before_it_is_approved(engine: Engine) -> None:
    with refused("no dry run"):
        publish.approve(engine, draft(engine, 10, tried=False), FACTS, BOB, 5)


def test_a_dry_run_beside_a_set_no_longer_in_force_is_stale(engine: Engine) -> None:
    first, second = draft(engine, 10), draft(engine, 11)
    publish.approve(engine, first, FACTS, BOB, 5)
    with refused("changed since the dry run"):
        publish.approve(engine, second, FACTS, BOB, 6)
    publish.try_out(engine, second, FACTS, fired, 0, 100, ADA, 7)
    assert publish.approve(engine, second, FACTS, BOB, 8).version == in_force(engine)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RULE, "unchanged"),
        ("# only a comment more\n" + RULE, "unchanged"),
        (RULE.replace("fires = [{ orders_24h = 21", "fires = [{ orders_24h = 1"), "check_failed"),
        (RULE.replace('measure = "call the owner"\n', ""), "check_failed"),
        ("rule = 1", "check_failed"),
        ("", "check_failed"),
    ],
)
def test_what_does_not_pass_its_check_is_not_even_a_draft(engine: Engine, text: str, code: str) -> None:
    with pytest.raises(PublishError) as caught:
        publish.propose(engine, text, FACTS, ADA, "", 1)
    assert caught.value.code == code
    with reading(engine) as connection:
        assert on_record.drafts(connection) == []


def test_a_draft_that_is_closed_stays_closed(engine: Engine) -> None:
    number = draft(engine, 10)
    publish.withdraw(engine, number, BOB, 2)
    for step in (
        lambda: publish.approve(engine, number, FACTS, BOB, 3),
        lambda: publish.withdraw(engine, number, BOB, 3),
        lambda: publish.try_out(engine, number, FACTS, fired, 0, 1, BOB, 3),
    ):
        with refused("was withdrawn"):
            step()


@pytest.mark.parametrize("number", [0, -1, 99, 2**63, 10**40])
def test_a_draft_that_is_not_there_is_told_so(engine: Engine, number: int) -> None:
    with refused("there is no draft"):
        publish.approve(engine, number, FACTS, BOB, 3)


def test_rolling_back_goes_one_step_at_a_time_to_the_shipped_set(engine: Engine) -> None:
    for limit in (10, 11):
        publish.approve(engine, draft(engine, limit), FACTS, BOB, limit)
    versions = [read(with_limit(n), FACTS).version for n in (20, 10, 11)]
    assert in_force(engine) == versions[2]
    assert publish.roll_back(engine, ADA, 20, "too many alerts").version == versions[1] == in_force(engine)
    assert publish.roll_back(engine, ADA, 21).version == versions[0] == in_force(engine)
    with refused("nothing was in force before"):
        publish.roll_back(engine, ADA, 22)


def test_after_rolling_back_another_set_may_be_published_and_taken_back(engine: Engine) -> None:
    publish.approve(engine, draft(engine, 10), FACTS, BOB, 1)
    publish.roll_back(engine, ADA, 2)
    publish.approve(engine, draft(engine, 11), FACTS, BOB, 3)
    publish.roll_back(engine, ADA, 4)
    assert in_force(engine) == read(RULE, FACTS).version


def test_a_rollback_said_twice_of_one_version_goes_back_once(engine: Engine) -> None:
    for limit in (10, 11):
        publish.approve(engine, draft(engine, limit), FACTS, BOB, limit)
    version = in_force(engine)
    publish.roll_back(engine, ADA, 20, version=version)
    with refused("is not in force"):
        publish.roll_back(engine, BOB, 21, version=version)
    assert in_force(engine) == read(with_limit(10), FACTS).version


def test_every_step_is_in_the_audit_with_who_took_it(engine: Engine) -> None:
    publish.approve(engine, draft(engine, 10), FACTS, BOB, 5)
    publish.roll_back(engine, ADA, 6, "too many alerts")
    with reading(engine) as connection:
        found = [(e.actor, e.action) for e in reversed(entries(connection))]
        history = [(p.how, p.actor) for p in on_record.history(connection)]
    assert found == [(ADA, "rules.draft"), (ADA, "rules.dry_run"), (BOB, "rules.publish"), (ADA, "rules.rollback")]
    assert history == [("rollback", ADA), ("publish", BOB), ("shipped", "ringfence")]


@pytest.mark.parametrize("same_draft", [True, False])
def test_of_approvals_at_once_exactly_one_wins(engine: Engine, same_draft: bool) -> None:
    numbers = [draft(engine, 10)] * 8 if same_draft else [draft(engine, 10 + i) for i in range(8)]

    def approve(at: int) -> str:
        try:
            return publish.approve(engine, numbers[at], FACTS, f"user:{at}", 5).version
        except PublishError as why:
            assert why.code in ("changed_meanwhile", "draft_closed", "stale")
            return why.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(approve, range(8)))
    won = [o for o in outcomes if len(o) == 16]
    assert won == [in_force(engine)]
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(rule_publications)).scalar() == 2
        assert sum(d.state == "approved" for d in on_record.drafts(connection)) == 1


def test_of_rollbacks_at_once_exactly_one_counts(engine: Engine) -> None:
    for limit in (10, 11):
        publish.approve(engine, draft(engine, limit), FACTS, BOB, limit)
    version = in_force(engine)

    def back(at: int) -> bool:
        try:
            publish.roll_back(engine, f"user:{at}", 20, version=version)
        except PublishError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(back, range(6))) == 1
    assert in_force(engine) == read(with_limit(10), FACTS).version


def test_a_pointer_moved_without_looking_at_what_it_led_to_would_let_both_win(engine: Engine) -> None:
    """The check of the tests above: moved unconditionally, the second approval would silently replace the first."""
    first, second = draft(engine, 10), draft(engine, 11)
    base = publish.active_rules(engine, FACTS)
    with engine.begin() as connection:
        made = on_record.start_from(connection, base.version, "rules", base.text, "ringfence", 1).publication
        on_record.publish(connection, first, made, BOB, 2)
    with pytest.raises(on_record.RulesChanged), engine.begin() as connection:
        on_record.publish(connection, second, made, BOB, 3)
    with reading(engine) as connection:
        kept = on_record.draft(connection, second)
    assert kept is not None
    assert kept.state == "open"


def test_a_note_is_one_short_line(engine: Engine) -> None:
    for note in ("x" * 501, "two\nlines"):
        with refused("a note has"):
            publish.propose(engine, with_limit(10), FACTS, ADA, note, 1)
