"""`python -m mlp_cli` and the command `mlp`."""

from mlp_cli.commands.group import mlp


def main() -> None:
    """Run the command line, under the name `mlp` however it was started."""
    mlp(prog_name="mlp")


if __name__ == "__main__":
    main()
