"""The command line: `main` is the program, `cli` the click group behind it.

Results for people go to stderr; stdout holds data alone: with `--json` one JSON object, whatever happens.
The exit code tells how it ended:

====  ==========================================================================================
0     done
1     the check that ran did not hold: hardware and reference differ
2     the user's input is at fault: an option, a file, a place to write to
3     a tool is missing or failed, warp2hdl itself (a bug) included
130   stopped by Ctrl-C
143   stopped by SIGTERM
====  ==========================================================================================
"""

from warp2hdl.cli.root import cli, main

__all__ = ["cli", "main"]
