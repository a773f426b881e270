"""Rating: the risk level of a score, by thresholds that are data."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

RiskLevel = Literal["low", "medium", "high", "highest"]
LEVELS: tuple[RiskLevel, ...] = get_args(RiskLevel)

SHIPPED = Path(__file__).parent / "rating.toml"


class RatingError(Exception):
    """A rating file does not say what each score is rated, or a score is no probability."""


@dataclass(frozen=True)
class Rating:
    """Where each level starts: four scores, strictly rising from 0; a level ends where the next one starts."""

    version: str
    starts: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        if not self.version or len(self.version) > 64:
            raise RatingError("a rating needs a version of 1 to 64 characters")
        if self.starts[0] != 0.0 or not all(math.isfinite(s) and 0.0 <= s <= 1.0 for s in self.starts):
            raise RatingError("levels start at scores from 0 to 1, and low at 0")
        if any(b <= a for a, b in zip(self.starts, self.starts[1:], strict=False)):
            raise RatingError(f"levels must start one above the other: {', '.join(LEVELS)}")

    def level(self, score: float) -> RiskLevel:
        """The level a score falls in. Raises RatingError for NaN or anything outside 0 to 1."""
        if not 0.0 <= score <= 1.0:
            raise RatingError("a score is a probability, from 0 to 1")
        return LEVELS[sum(score >= start for start in self.starts) - 1]


def read_rating(path: Path = SHIPPED) -> Rating:
    """Read a rating from TOML: ``version`` and a table ``from`` with a number for each level.

    Raises RatingError, naming the file and what is wrong in it.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as why:
        raise RatingError(f"{path.name}: {why}") from None
    starts = raw.get("from")
    if set(raw) != {"version", "from"} or not isinstance(starts, dict) or set(starts) != set(LEVELS):
        raise RatingError(f"{path.name}: needs version and a table [from] with {', '.join(LEVELS)}, and nothing else")
    if not isinstance(raw["version"], str) or any(type(starts[n]) not in (int, float) for n in LEVELS):
        raise RatingError(f"{path.name}: version is text, thresholds are numbers")
    low, medium, high, highest = (float(starts[name]) for name in LEVELS)
    try:
        return Rating(raw["version"], (low, medium, high, highest))
    except RatingError as why:
        raise RatingError(f"{path.name}: {why}") from None
