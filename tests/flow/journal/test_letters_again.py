"""Dead letters are shown and sent again, from the command line, with a service running or without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from flow.batch import decode
from flow.intake import prepare
from flow.journal import Journal, JournalError
from jobs.dead_letters import kept_letters, replay_letters
from tests.flow.events.lines import line

NOW = 1_772_352_900_250


def fill(folder: Path) -> None:
    """Two events of the far future and a line that is none."""
    data = b"\n".join(
        [line(event_id="a", ts="2026-03-01T08:30:00Z"), b"{", line(event_id="b", ts="2099-03-01T08:15:00Z")]
    )
    with Journal(folder) as journal:
        journal.append([prepare(decode(data), None, NOW, "k1").incoming], NOW)


def test_letters_whose_time_has_come_are_taken_and_others_are_letters_anew(tmp_path: Path) -> None:
    fill(tmp_path)
    done = replay_letters(tmp_path, NOW + 900_000)
    assert (done.asked, done.sent, done.refused, done.left_to_service) == (2, 2, 1, False)
    with Journal(tmp_path) as journal:
        assert journal.counts.stored == 1
        c = journal.counts
        assert c.received == c.stored + c.duplicate + c.rejected + c.conflict == 5
    assert replay_letters(tmp_path, NOW + 900_000).asked == 1  # the one that was refused again


def test_a_running_owner_is_left_to_do_it(tmp_path: Path) -> None:
    fill(tmp_path)
    with Journal(tmp_path) as journal:
        assert replay_letters(tmp_path, NOW).left_to_service
        assert len(journal.asked_again()) == 2


def test_the_command_shows_reasons_and_never_a_line(tmp_path: Path) -> None:
    fill(tmp_path / "flow")
    shown = CliRunner().invoke(app, ["--home", str(tmp_path), "dead-letters", "--json"])
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.stdout)
    assert told["counts"] == {"future": 2, "json": 1}
    assert {x["state"] for x in told["newest"]} == {"kept", ""}
    assert "merchant_id" not in shown.stdout
    people = CliRunner().invoke(app, ["--home", str(tmp_path), "dead-letters", "--code", "future"])
    assert "set aside" in people.stdout
    again = CliRunner().invoke(app, ["--home", str(tmp_path), "dead-letters", "--replay"])
    assert (again.exit_code, "2 sent" in again.stdout) == (1, True)  # one is of 2099


def test_without_a_journal_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal"):
        kept_letters(tmp_path, 5)
    told = CliRunner().invoke(app, ["--home", str(tmp_path), "dead-letters"])
    assert told.exit_code == 2
