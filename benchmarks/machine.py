"""What a benchmark ran on; `warp2hdl bench` says the same."""

from warp2hdl.report.machine import describe_machine, installed_versions

__all__ = ["describe_machine", "installed_versions"]
