"""Charts of the report as SVG text: how scores spread, how true they are."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREY = "#0072B2", "#D55E00", "#8a97a5"


def score_distribution(scores: npt.NDArray[np.float64], levels: Sequence[tuple[str, float]]) -> str:
    """A histogram of scores over all merchants, with the lower bound of each risk level drawn in."""

    def paint(axes: Axes) -> None:
        axes.hist(scores, bins=np.linspace(0, max(0.05, float(scores.max(initial=0))), 41).tolist(), color=BLUE)
        axes.set_yscale("symlog", linthresh=10)
        for name, low in levels:
            if 0 < low <= axes.get_xlim()[1]:
                axes.axvline(low, color=GREY, linewidth=1, linestyle="--")
                axes.text(low, axes.get_ylim()[1], f" {name}", va="top", fontsize=8, color="#555")
        axes.set_xlabel("score")
        axes.set_ylabel("merchants")

    return _svg(paint)


def calibration(predicted: Sequence[float], observed: Sequence[float], counts: Sequence[int]) -> str:
    """Observed share of bad outcomes against predicted probability, a point a bin; on the diagonal all is as said."""

    def paint(axes: Axes) -> None:
        most = max([0.1, *predicted, *observed]) * 1.05
        axes.plot([0, most], [0, most], color=GREY, linewidth=1, linestyle="--")
        sizes = [20 + 180 * n / max(counts, default=1) for n in counts]
        axes.plot(predicted, observed, color=RED, linewidth=1)
        axes.scatter(predicted, observed, s=sizes, color=RED, alpha=0.8)
        axes.set_xlabel("predicted")
        axes.set_ylabel("observed")

    return _svg(paint)


def _svg(paint: Callable[[Axes], None]) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {"svg.fonttype": "none", "svg.hashsalt": "ringfence", "font.family": "sans-serif", "font.size": 9}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(5.6, 3.2), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        paint(axes)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
