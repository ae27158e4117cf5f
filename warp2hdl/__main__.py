"""`python -m warp2hdl`."""

from warp2hdl.cli import main

if __name__ == "__main__":
    main()
