"""Commands called as from a shell, in this process: arguments in; exit code, standard output and error out."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from api.cli import main as command_line
from api.cli import say


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> Done:
    """Run ``ringfence WORDS``."""
    monkeypatch.setattr(sys, "argv", ["ringfence", *map(str, words)])
    monkeypatch.setattr(say._Told, "on_stdout", False)  # one object on standard output in a process; here in a call
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        command_line.main()
    shown = capsys.readouterr()
    return Done(int(end.value.code or 0), shown.out, shown.err)
