"""Curves: the seeds of a method are a band around their median."""

import imageio.v2 as imageio
import numpy as np
import pytest
from matplotlib.figure import Figure

from solutions.kit import curves
from solutions.kit.curves import SECONDS, STEPS, common_grid, draw_curves, draw_run

FIRST = np.array([[100, 50, 2.0, 0.0], [200, 100, 4.0, 0.5], [300, 150, 6.0, 1.0]])
LATER = np.array([[100, 50, 3.0, 0.2], [200, 100, 5.0, 0.4], [400, 200, 9.0, 0.6]])


def test_curves_meet_at_common_places_and_one_that_ended_early_keeps_its_last_value():
    x, success = common_grid([FIRST, LATER], STEPS)
    assert x.tolist() == [100, 200, 300, 400]
    assert success == pytest.approx(np.array([[0.0, 0.5, 1.0, 1.0], [0.2, 0.4, 0.5, 0.6]]))
    x, success = common_grid([FIRST, LATER], SECONDS)
    assert x.tolist() == [3, 4, 5, 6, 9] and success[0] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def drawn(monkeypatch, draw) -> Figure:
    """The figure that is saved."""
    kept = []
    monkeypatch.setattr(curves, "_save", lambda figure, path: kept.append(figure))
    draw()
    return kept[0]


def runs(*names: str) -> list[dict]:
    return [
        {"method": name, "curve": (FIRST if i % 2 == 0 else LATER).tolist()} for i, name in enumerate(names)
    ]


def test_several_seeds_are_a_band_from_lowest_to_highest_around_their_median(monkeypatch, tmp_path):
    figure = drawn(monkeypatch, lambda: draw_curves(tmp_path / "c.png", "reach", runs("her", "her", "ddpg")))
    for axes, label in zip(figure.axes, ("env steps", "training time (s)"), strict=True):
        assert axes.get_xlabel() == label
        assert len(axes.lines) == 2 and len(axes.collections) == 1  # one method has one seed, and no band
    band, line = figure.axes[0].collections[0].get_paths()[0].vertices, figure.axes[0].lines[0].get_xydata()
    at_400 = band[band[:, 0] == 400][:, 1]
    assert (at_400.min(), at_400.max()) == pytest.approx((0.6, 1.0)) and line[-1] == pytest.approx([400, 0.8])
    assert figure.axes[0].get_ylabel() == "success (% of evaluation episodes)"
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["her: median of 2 seeds, lowest to highest", "ddpg"]


def test_pictures_are_written(tmp_path):
    draw_curves(tmp_path / "c.png", "reach, seeds 0, 1", runs("her", "her", "mbpo", "mbpo"))
    rows = [{"env_steps": s, "success": s / 400, "started_solved": 0.1} for s in (100, 200, 300)]
    draw_run(tmp_path / "r.png", "reach, her, seed 0", rows)
    draw_run(tmp_path / "nothing.png", "before the first evaluation", [])
    for name in ("c", "r", "nothing"):
        assert imageio.imread(tmp_path / f"{name}.png").std() > 5
