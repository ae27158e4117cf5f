import inspect

import pytest

from warp2hdl import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigError, 2),
        (errors.DataError, 2),
        (errors.OutputError, 2),
        (errors.VerifyError, 2),
        (errors.FormatError, 2),
        (errors.LoweringError, 2),
        (errors.BackendError, 2),
        (errors.ToolError, 3),
        (errors.ToolNotFoundError, 3),
        (errors.ToolTimeoutError, 3),
        (errors.MismatchError, 1),
    ],
)
def test_exit_codes(kind, code):
    assert kind("x").exit_code == code


def test_every_error_is_in_the_tree_of_the_docstring():
    kinds = [v for v in vars(errors).values() if inspect.isclass(v) and issubclass(v, Exception)]
    assert len(kinds) > 10
    for kind in kinds:
        assert issubclass(kind, errors.Warp2HDLError)
        assert kind.__name__ in errors.__doc__


def test_tool_error_keeps_command_and_output():
    error = errors.ToolError("yosys failed.", command=["yosys", "-p"], output="the end")
    assert (str(error), error.command, error.output) == ("yosys failed.", ("yosys", "-p"), "the end")
