"""The model that scores: the one promoted last, opened once and changed when another is promoted."""

from __future__ import annotations

from pathlib import Path

from jobs.followed import Followed
from scoring.model_files import ModelFileError
from scoring.registry import RegistryError, open_serving
from scoring.serve import Scorer


class NoModel(Exception):  # noqa: N818 - a state, not a fault of the caller
    """No model has been promoted yet, or its files are not fit to serve."""


class ServedModel:
    """Gives the scorer that serves. Safe to share between threads.

    A promoted model that cannot be opened is reported by ``trouble``; the one before it serves on.
    """

    def __init__(self, models: Path) -> None:
        self._followed: Followed[Scorer] = Followed(
            models / "serving.json", lambda _before: open_serving(models), (RegistryError, ModelFileError, OSError)
        )

    @property
    def trouble(self) -> str | None:
        """Why what is promoted now does not serve; None when all is well."""
        why = self._followed.trouble
        return (
            None if why is None else str(why) if isinstance(why, RegistryError | ModelFileError) else type(why).__name__
        )

    def current(self) -> Scorer:
        """The scorer that serves. Raises NoModel."""
        scorer = self._followed.current()
        if scorer is None:
            raise NoModel(self.trouble or "no model serves yet: run `ringfence train`")
        return scorer
