"""The models that score: the champion promoted last and the challenger in its shadow, changed when the pointer is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.followed import Followed
from jobs.logits import Logits
from scoring.model_files import ModelFileError
from scoring.registry import RegistryError, open_serving, shadow, version_folder
from scoring.serve import Scorer


class NoModel(Exception):  # noqa: N818 - a state, not a fault of the caller
    """No model has been promoted yet, or its files are not fit to serve."""


@dataclass(frozen=True)
class Challenger:
    """The model in the shadow; ``scorer`` is None when it cannot be opened, ``fault`` then says why by a code."""

    version: str
    sha256: str
    scorer: Scorer | None
    fault: str | None = None


@dataclass(frozen=True)
class _Models:
    champion: Scorer
    challenger: Challenger | None


class ServedModel:
    """Gives the scorer that serves and the one beside it. Safe to share between threads.

    A promoted model that cannot be opened is reported by ``trouble``; the one before it serves on. A challenger that
    cannot be opened never keeps the champion from serving.
    """

    def __init__(self, models: Path) -> None:
        self._followed: Followed[_Models] = Followed(
            models / "serving.json", lambda _before: _open(models), (RegistryError, ModelFileError, OSError)
        )
        self.logits = Logits(models)

    @property
    def trouble(self) -> str | None:
        """Why what is promoted now does not serve; None when all is well."""
        why = self._followed.trouble
        return (
            None if why is None else str(why) if isinstance(why, RegistryError | ModelFileError) else type(why).__name__
        )

    def current(self) -> Scorer:
        """The scorer that serves. Raises NoModel."""
        return self._held().champion

    def challenger(self) -> Challenger | None:
        """The model in the shadow, or None. Raises NoModel."""
        return self._held().challenger

    def _held(self) -> _Models:
        models = self._followed.current()
        if models is None:
            raise NoModel(self.trouble or "no model serves yet: run `ringfence train`")
        return models


def _open(models: Path) -> _Models:
    return _Models(open_serving(models), _challenger(models))


def _challenger(models: Path) -> Challenger | None:
    beside = shadow(models)
    if beside is None:
        return None
    try:
        scorer = Scorer.open(version_folder(models, beside.version), beside.sha256)
    except (RegistryError, ModelFileError) as why:
        return Challenger(beside.version, beside.sha256, None, why.code)
    except OSError:
        return Challenger(beside.version, beside.sha256, None, "unreadable")
    return Challenger(beside.version, beside.sha256, scorer)
