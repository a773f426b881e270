"""What only training needs: torch and PyTorch Geometric, asked for where they are used and nowhere else."""

from __future__ import annotations

from importlib.util import find_spec

ASKED = ("torch", "torch_geometric")


class TorchMissingError(ImportError):
    """The training stack is not installed; the message says how to get it. ``code`` is ``torch_missing``."""

    code = "torch_missing"


def require_torch() -> None:
    """TorchMissingError unless torch and torch_geometric can be imported."""
    absent = [name for name in ASKED if not has(name)]
    if absent:
        raise TorchMissingError(
            f"GraphSAGE is trained with {' and '.join(absent)}, which is not installed here: "
            "pip install -r requirements-gnn.txt"
        )


def has(name: str) -> bool:
    """Whether a package can be imported."""
    return find_spec(name) is not None
