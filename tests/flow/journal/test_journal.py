"""Every event that was answered for is there, once, in order; what became of every line is accounted for."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.batch import decode
from flow.dead_letters import LIMIT, Letter
from flow.journal import RETENTION_MS, Counts, Incoming, Journal, JournalError, JournalReader
from tests.flow.events.lines import line, mixed

NOW = 1_772_400_000_000


def incoming(*lines: bytes, letters: int = 0) -> Incoming:
    """Events of one sender, with so many refused lines."""
    decoded = decode(b"\n".join(lines))
    assert not decoded.refusals
    return Incoming(decoded.events, decoded.bodies, [Letter("json", None, i) for i in range(letters)])


def stored_ids(folder: Path, after: int = 0) -> list[str]:
    """Ids of what is stored after a position, in order."""
    reader = JournalReader(folder)
    try:
        return [e.event_id for b in reader.batches(after) for e in b.events[max(0, after + 1 - b.first) :]]
    finally:
        reader.close()


def test_answers_are_created_exists_and_conflict(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        first, second = journal.append([incoming(line(event_id="a"), line(event_id="b")), incoming(letters=2)], NOW)
        assert (first, second) == (["created", "created"], [])
        [again] = journal.append([incoming(line(event_id="b"), line(event_id="a", amount=1), line(event_id="c"))], NOW)
        assert again == ["exists", "conflict", "created"]
        assert journal.counts == Counts(received=7, stored=3, duplicate=1, rejected=2, conflict=1)
    assert stored_ids(tmp_path) == ["a", "b", "c"]
    assert stored_ids(tmp_path, after=1) == ["b", "c"]


def test_repeats_within_one_commit_are_seen_across_senders(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        answers = journal.append(
            [incoming(line(event_id="a"), line(event_id="a")), incoming(line(event_id="a", amount=1))], NOW
        )
        assert answers == [["created", "exists"], ["conflict"]]
        assert journal.last == 1


def test_what_was_stored_is_known_after_opening_again(tmp_path: Path) -> None:
    lines = mixed(50)
    with Journal(tmp_path) as journal:
        journal.append([incoming(*lines)], NOW)
    with Journal(tmp_path) as journal:
        [answers] = journal.append([incoming(*lines, line(event_id="new"))], NOW)
        assert answers == ["exists"] * 50 + ["created"]
        assert journal.counts == Counts(received=101, stored=51, duplicate=50)


def test_only_one_process_writes(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(JournalError, match="another process"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path)
    with pytest.raises(JournalError, match="no journal"):
        JournalReader(tmp_path / "elsewhere")


def test_a_commit_that_fails_stores_nothing_and_is_told(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([incoming(line(event_id="a"))], NOW)
        journal._db.execute("CREATE TRIGGER full BEFORE INSERT ON batches BEGIN SELECT raise(ABORT, 'disk full'); END")
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append([incoming(line(event_id="b"), letters=1)], NOW)
        journal._db.execute("DROP TRIGGER full")
        assert journal.counts == Counts(received=1, stored=1)
        assert journal.append([incoming(line(event_id="b"))], NOW) == [["created"]]
    assert stored_ids(tmp_path) == ["a", "b"]


def test_a_torn_tail_loses_only_what_was_not_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for i in range(20):
        journal.append([incoming(*mixed(20, seed=i)[:0], line(event_id=f"x{i}"))], NOW)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "journal.sqlite").write_bytes((tmp_path / "journal.sqlite").read_bytes())
    log = (tmp_path / "journal.sqlite-wal").read_bytes()
    (copy / "journal.sqlite-wal").write_bytes(log[: len(log) - 1_000])  # the last commit's pages, cut short
    journal.close()
    with Journal(copy) as torn:
        assert torn.counts.received == torn.counts.stored == 19
        assert torn.append([incoming(line(event_id="x19"), line(event_id="x18"))], NOW) == [["created", "exists"]]
    assert stored_ids(copy) == [f"x{i}" for i in range(20)]


def test_positions_go_on_after_everything_was_trimmed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([incoming(*mixed(10))], NOW)
        journal.append([incoming(line(event_id="late"))], NOW + 1)
        assert journal.trim(before=5) == 0
        assert journal.trim(before=11) == 10
        assert (journal.first, journal.last) == (11, 11)
        assert journal.trim(before=12) == 1
    with Journal(tmp_path) as journal:
        assert (journal.first, journal.last) == (12, 11)
        assert journal.append([incoming(*mixed(1))], NOW) == [["created"]]  # an id is known as long as its event
        assert journal.last == 12


def test_what_came_or_happened_within_the_longest_window_is_kept(tmp_path: Path) -> None:
    old, new = line(event_id="old", ts="2026-01-01T00:00:00Z"), line(event_id="new", ts="2026-03-01T00:00:00Z")
    with Journal(tmp_path) as journal:
        journal.append([incoming(old)], NOW - RETENTION_MS - 600_001)
        journal.append([incoming(new)], NOW - RETENTION_MS - 600_001)
        journal.append([incoming(line(event_id="c", ts="2026-01-01T00:00:00Z"))], NOW)
        assert journal.expired(NOW, 600_000) == 2
        assert journal.expired(NOW + 40 * 86_400_000, 600_000) == 4


def test_a_reader_starts_where_windows_begin(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for day in range(1, 6):
            journal.append([incoming(line(event_id=f"d{day}", ts=f"2026-03-0{day}T00:00:00Z"))], NOW)
        reader = JournalReader(tmp_path)
        assert reader.start(1_772_496_000_000) == 2  # the 3rd of March
        assert reader.start(1 << 60) == reader.last() == 5
        assert reader.newest_ts(2) == 1_772_409_600_000
        assert [b.first for b in reader.batches(1, upto=3)] == [2, 3]
        reader.close()


def test_dead_letters_keep_reasons_and_can_be_asked_for_again(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        letters = [Letter("json", None, 1, 20, "k1"), Letter("future", "ts", 2, 90, "k1", "e2", b"{}")]
        journal.append([Incoming([], [], letters)], NOW)
        box = journal.dead_letters
        assert [(x.code, x.line, x.body) for x in box.newest()] == [("future", 2, b"{}"), ("json", 1, None)]
        assert box.counts() == {"future": 1, "json": 1}
        assert box.want() == 1
        [asked] = box.wanted()
        assert asked.event_id == "e2"
        box.replayed([asked.letter], NOW)
        assert not list(box.wanted())
        assert box.want() == 0


def test_the_newest_dead_letters_are_kept(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([Incoming([], [], [Letter("json", None, i) for i in range(LIMIT + 5)])], NOW)
        assert sum(journal.dead_letters.counts().values()) == LIMIT
        assert journal.counts.rejected == LIMIT + 5


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_journal_equals_a_dictionary(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("journal")
    twin: dict[str, int] = {}
    order: list[str] = []
    journal = Journal(folder)
    journal._index._limit = 5  # runs are written, merged and found
    for _ in range(data.draw(st.integers(1, 12))):
        if data.draw(st.booleans()):
            journal.close()
            journal = Journal(folder)
            journal._index._limit = 5
        events = data.draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), max_size=12))
        expected = []
        for n, amount in events:
            id_ = f"e{n}"
            expected.append("created" if id_ not in twin else "exists" if twin[id_] == amount else "conflict")
            if id_ not in twin:
                order.append(id_)
            twin.setdefault(id_, amount)
        [answers] = journal.append([incoming(*(line(event_id=f"e{n}", amount=a) for n, a in events))], NOW)
        assert answers == expected
        c = journal.counts
        assert c.received == c.stored + c.duplicate + c.rejected + c.conflict
        assert c.stored == len(order) == journal.last
    journal.close()
    assert stored_ids(folder) == order


def test_ids_that_share_a_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    import flow.journal

    monkeypatch.setattr(flow.journal, "hashes", lambda ids: np.array([hash(i[0]) % 2 for i in ids], np.uint64))
    lines = [line(event_id=f"x{i}") for i in range(30)]
    with Journal(tmp_path) as journal:
        journal._index._limit = 7
        for one in lines:
            assert journal.append([incoming(one)], NOW) == [["created"]]
        random.Random(3).shuffle(lines)
        assert journal.append([incoming(*lines)], NOW) == [["exists"] * 30]


def test_a_lost_or_damaged_index_is_made_anew(tmp_path: Path) -> None:
    lines = mixed(40)
    with Journal(tmp_path) as journal:
        journal._index._limit = 5
        for i in range(0, 40, 5):
            journal.append([incoming(*lines[i : i + 5])], NOW)
    runs = sorted((tmp_path / "ids").glob("*.run"))
    assert len(runs) == 1  # eight of one size became one
    runs[0].write_bytes(b"short")
    with Journal(tmp_path) as journal:
        assert journal.append([incoming(*lines)], NOW) == [["exists"] * 40]


def test_the_file_is_synced_in_full(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert (tmp_path / "journal.sqlite").stat().st_mode & 0o077 == 0
    assert sqlite3.connect(tmp_path / "journal.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)
