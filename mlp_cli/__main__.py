"""`python -m mlp_cli` and the command `mlp`."""

import os
import sys


def main() -> None:
    """Run the command line, under the name `mlp` however it was started."""
    # OpenBLAS would begin with a thread, its stack and its memory for each core it sees, even to
    # read one picture. So it begins with one, and `learning/threads.py` starts those that pay.
    # The user's own variables go before this one.
    os.environ.setdefault("OPENBLAS_DEFAULT_NUM_THREADS", "1")
    try:
        from mlp_cli.commands.shared.group import mlp
    except KeyboardInterrupt:  # before Click is there to answer it
        sys.exit(130)
    mlp(prog_name="mlp")


if __name__ == "__main__":
    main()
