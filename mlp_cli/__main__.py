"""`python -m mlp_cli` and the command `mlp`."""

import sys


def main() -> None:
    """Run the command line, under the name `mlp` however it was started."""
    try:
        from mlp_cli.commands.shared.group import mlp
    except KeyboardInterrupt:  # before Click is there to answer it
        sys.exit(130)
    mlp(prog_name="mlp")


if __name__ == "__main__":
    main()
