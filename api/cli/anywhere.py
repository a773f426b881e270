"""``--home`` and ``--store`` may stand before the command or after it."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from typer.core import TyperGroup


class Anywhere(TyperGroup):
    """The commands, whose options of everything are found wherever they stand."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # click's Context
        return super().parse_args(ctx, in_front(args))


def in_front(words: Sequence[str]) -> list[str]:
    """The words of a call with ``--home PATH`` and ``--store URL`` first; ``--store`` alone is a command's own."""
    front: list[str] = []
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            return [*front, *rest, word, *left]
        name, equals, value = word.partition("=")
        value = value if equals else left[0] if left else ""
        if (name == "--home" and (equals or left)) or (name == "--store" and ":" in value):
            front += [name, value]
            left = left if equals else left[1:]
        else:
            rest.append(word)
    return [*front, *rest]
