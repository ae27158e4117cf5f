"""The picture of a training run."""

import pytest

from warp2hdl.report.curves import draw_curves


@pytest.mark.parametrize("loss", [[2.3], [2.3, 1.1, 0.9], [2.3, float("nan"), 0.8]])
def test_picture_of_any_length(tmp_path, loss):
    shares = [0.2, 0.5, 0.9][: len(loss)]
    path = tmp_path / "curves.png"
    draw_curves(path, loss=loss, relaxed=shares, hard=shares, best_epoch=len(loss), title="digits")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    assert (width, height) == (1440, 432)
