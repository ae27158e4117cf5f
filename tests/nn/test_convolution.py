import itertools

import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import walsh_layer
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.relaxations import RELAXATIONS

CASES = [
    {"in_shape": (2, 7, 5), "channels_out": 3, "arity": 2, "depth": 1},
    {"in_shape": (2, 7, 5), "channels_out": 3, "arity": 2, "depth": 3, "padding": 1},
    {"in_shape": (4, 5, 6), "channels_out": 6, "arity": 3, "depth": 2, "stride": 2, "groups": 2},
    {"in_shape": (1, 6, 6), "channels_out": 2, "arity": 4, "depth": 1, "stride": 2, "padding": 1},
    {"in_shape": (3, 4, 4), "channels_out": 5, "arity": 6, "depth": 1, "padding": 2, "groups": 3},
    {"in_shape": (1, 4, 4), "channels_out": 2, "arity": 6, "depth": 2, "receptive_field": 2},
]


def _leaves(conv):
    """Which places of the receptive field `[channels, size, size]` each tree reads: `[trees, leaves]`, by probing."""
    channels, height, width = conv.windows.in_shape
    size = conv.windows.size
    position = -(-conv.windows.padding // conv.windows.stride)  # the first window that lies within the image
    across = conv.out_shape[2]
    node = torch.arange(len(conv.levels[0].fanins)).reshape(-1, conv.out_shape[1], across)[:, position, position]
    rows = conv.levels[0].fanins[node].long().reshape(conv.channels_out, -1)
    channel, place = rows // (height * width), rows % (height * width)
    start = position * conv.windows.stride - conv.windows.padding
    down, right = place // width - start, place % width - start
    assert channel.max() < channels
    assert min(down.min(), right.min()) >= 0
    assert max(down.max(), right.max()) < size
    return (channel * size + down) * size + right


def _by_hand(conv, x):
    """The convolution position by position, with the reference layer: x `[batch, channels, height, width]`."""
    windows = conv.windows
    columns = torch.nn.functional.unfold(x, windows.size, padding=windows.padding, stride=windows.stride)
    leaves = _leaves(conv)
    found = []
    for tree, position in itertools.product(range(conv.channels_out), range(columns.shape[2])):
        values = columns[:, leaves[tree], position].t()
        for level in conv.levels:
            theta = RELAXATIONS[level.relaxation].coefficients(level.weight, level.tau)
            nodes = len(values) // conv.arity
            own = theta.reshape(conv.channels_out, nodes, -1)[tree]
            linear = RELAXATIONS[level.relaxation].linear
            values = walsh_layer(values, torch.arange(len(values)).reshape(nodes, -1), own, level.tau, linear=linear)
        found.append(values[0])
    return torch.stack(found, 1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("relaxation", ["walsh", "multilinear"])
def test_training_output_and_gradients(case, relaxation):
    conv = LogicConv2d(**case, relaxation=relaxation, tau=1.3, seed=0)
    for level in conv.levels:
        level.weight.data.normal_()
    x = torch.rand(3, *case["in_shape"], requires_grad=True)
    scale = torch.randn(conv.out_shape).flatten()
    found, expected = conv(x), _by_hand(conv, x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    inputs = [x, *(level.weight for level in conv.levels)]
    grads, expected_grads = (torch.autograd.grad((y * scale).sum(), inputs) for y in (found, expected))
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, expected_grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_hard_output_is_that_of_the_tables(case):
    conv = LogicConv2d(**case, seed=1)
    for level in conv.levels:
        level.weight.data.normal_()
    bits = torch.randint(2, (4, *case["in_shape"]), dtype=torch.uint8)
    soft = _by_hand(conv, bits.float()) if conv.depth == 1 else None
    found = conv.eval()(bits)
    for other in (bits.float(), bits.bool(), bits.flatten(1)):
        assert torch.equal(conv(other), found)
    assert found.shape == (4, torch.tensor(conv.out_shape).prod())
    assert set(found.unique().tolist()) <= {0.0, 1.0}
    if soft is not None:  # one level at bits: the relaxed output is on the same side of one half
        assert torch.equal((soft > 0.5).float(), found)


@pytest.mark.parametrize("relaxation", RELAXATIONS)
@pytest.mark.parametrize("initial", ["residual", "residual-catalog", "random"])
def test_every_relaxation_trains_and_is_hard_in_its_tables(relaxation, initial):
    conv = LogicConv2d(
        (1, 5, 5), 4, depth=2, padding=1, relaxation=relaxation, sampling="hard", initial=initial, seed=0
    )
    bits = torch.randint(2, (8, 25), dtype=torch.uint8)
    y = conv(bits)
    assert set(y.unique().tolist()) <= {0.0, 1.0}
    (y * torch.linspace(-1, 1, y.shape[1])).sum().backward()
    assert all(level.weight.grad.abs().sum() > 0 for level in conv.levels)
    if relaxation == "dwn":  # always looks up rounded inputs in hard tables
        assert torch.equal(y, conv.eval()(bits))


def test_bits_and_floats_train_alike():
    conv = LogicConv2d((2, 5, 5), 3, depth=2, padding=1, seed=0)
    bits = torch.randint(2, (8, 2, 5, 5), dtype=torch.uint8)
    torch.testing.assert_close(conv(bits), conv(bits.float()))


def test_moves_with_the_image():
    conv = LogicConv2d((1, 9, 9), 4, 3, 2, 3, seed=0).eval()
    for level in conv.levels:
        level.weight.data.normal_()
    image = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    image[0, 0, 2:5, 2:5] = torch.randint(2, (3, 3))
    first = conv(image).reshape(4, 7, 7)
    second = conv(image.roll((2, 1), (2, 3))).reshape(4, 7, 7)
    assert torch.equal(second[:, 2:, 1:], first[:, :-2, :-1])
    assert len(first.unique()) == 2


def test_no_place_twice_in_a_tree_where_there_are_enough():
    for seed in range(5):
        leaves = _leaves(LogicConv2d((2, 5, 5), 8, 3, 4, 2, seed=seed))
        assert all(len(set(row)) == 16 for row in leaves.tolist())
    leaves = _leaves(LogicConv2d((1, 5, 5), 8, 2, 3, 2, seed=0))  # 8 leaves, 4 places
    assert all(sorted(row) == [0, 0, 1, 1, 2, 2, 3, 3] for row in leaves.tolist())
    assert (leaves.reshape(-1, 2).diff(dim=1) != 0).all()


def test_groups_read_their_own_channels():
    conv = LogicConv2d((6, 4, 4), 8, 3, 3, 2, groups=3, seed=0)
    channel = _leaves(conv) // 9
    assert (channel // 2).tolist() == [[g] * 8 for g in (0, 0, 0, 1, 1, 1, 2, 2)]


def test_rows_in_another_order():
    order = torch.randperm(32)
    plain = LogicConv2d((2, 4, 4), 3, padding=1, seed=0).eval()
    other = LogicConv2d((2, 4, 4), 3, padding=1, seed=0, image_rows=order.reshape(2, 4, 4)).eval()
    bits = torch.randint(2, (6, 32), dtype=torch.uint8)
    moved = torch.empty_like(bits)
    moved[:, order] = bits
    assert torch.equal(plain(bits), other(moved))


def test_missing_rows_are_zero():
    rows = torch.arange(16).reshape(1, 4, 4)
    rows[0, :, 3] = -1
    rows = torch.where(rows < 0, -1, rows - rows // 4)
    conv = LogicConv2d((1, 4, 4), 3, seed=0, image_rows=rows).eval()
    plain = LogicConv2d((1, 4, 4), 3, seed=0).eval()
    bits = torch.randint(2, (6, 4, 3), dtype=torch.uint8)
    assert conv.in_dim == 12
    assert torch.equal(conv(bits), plain(torch.nn.functional.pad(bits, (0, 1))))


def test_noise_differs_by_position():
    conv = LogicConv2d((1, 4, 4), 2, depth=1, sampling="gumbel-soft", seed=0)
    y = conv(torch.ones(1, 16, dtype=torch.uint8)).reshape(2, 4)
    assert all(len(row.unique()) == 4 for row in y)


def test_state_holds_the_wiring():
    arguments = {"in_shape": (2, 5, 5), "channels_out": 3, "depth": 2, "padding": 1}
    first, second = LogicConv2d(**arguments, seed=0), LogicConv2d(**arguments, seed=1)
    bits = torch.randint(2, (9, 50), dtype=torch.uint8)
    assert not torch.equal(first(bits), second(bits))
    assert not torch.equal(first.levels[0].fanins, second.levels[0].fanins)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(bits), second(bits))
    assert "tree.0.fanins" in first.state_dict()
    assert "tree.1.fanins" not in first.state_dict()


def test_stands_in_a_sequential_and_learns():
    # Which of two patterns is somewhere in the image?
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        LogicConv2d((1, 8, 8), 12, 2, 2, 2, seed=0),
        OrPool2d((12, 7, 7), 7),
        torch.nn.Flatten(),
        LogicLayer(12, 20, 2, seed=1),
        GroupSum(2, 2.0),
    )
    patterns = torch.tensor([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    labels = torch.arange(64) % 2
    images = torch.zeros(64, 1, 8, 8)
    for i, at in enumerate(torch.randint(7, (64, 2)).tolist()):
        images[i, 0, at[0] : at[0] + 2, at[1] : at[1] + 2] = patterns[labels[i]]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (model.eval()(images).argmax(1) == labels).float().mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels_out": 0}, "channels_out is 0; it must be at least 1."),
        ({"depth": 0}, "depth is 0; it must be at least 1, and arity ** depth at most 1296."),
        ({"depth": 5, "arity": 6}, "depth is 5; it must be at least 1, and arity ** depth at most 1296."),
        ({"groups": 3}, "groups is 3; it must divide the 4 input channels and be at most the 3 output channels."),
        ({"groups": 4}, "groups is 4; it must divide the 4 input channels and be at most the 3 output channels."),
        ({"arity": 7, "depth": 1}, "arity is 7; a look-up table has 1 to 6 inputs."),
        ({"image_rows": torch.zeros(4, 5)}, "image_rows has shape (4, 5); in_shape is (4, 5, 5)."),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ConfigError) as error:
        LogicConv2d(**({"in_shape": (4, 5, 5), "channels_out": 3} | arguments))
    assert str(error.value) == message


def test_wrong_width():
    with pytest.raises(ConfigError, match=r"the input has shape \(2, 1, 4, 5\); this layer takes \[batch, 25\]"):
        LogicConv2d((1, 5, 5), 3)(torch.rand(2, 1, 4, 5))
