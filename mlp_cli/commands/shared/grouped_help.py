"""Options in groups, for a command that has many."""

from collections.abc import Mapping, Sequence

import click

GROUPS: Mapping[str, Sequence[str]] = {
    "Network": ("hidden", "activation", "cost", "init", "dtype"),
    "Learning": (
        *("epochs", "eta", "schedule", "schedule_every", "warmup", "batch_size", "momentum"),
        *("l2", "dropout", "patience", "seed", "engine", "threads"),
    ),
    "Data": (*("dataset", "data_dir", "validation", "view", "distort", "distort_strength"),),
    "Files": (
        *(
            "config",
            "from",
            "checkpoint",
            "resume",
            "resume_or_start",
            "log",
            "tensorboard",
            "plot",
        ),
    ),
    "Output": ("print_config", "json", "quiet", "version", "_click_default_help"),
}
"""the options of a training, by what they are about"""


class GroupedCommand(click.Command):
    """A command whose help has its options in GROUPS; others follow under `Options`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; `--hidden 30 20`, where 20 would be an argument, is explained."""
        for name, first, second in zip(args, args[1:], args[2:], strict=False):
            if name == "--hidden" and first.isdecimal() and second.isdecimal():
                raise click.UsageError(
                    f"--hidden {first} {second}: takes one layer, expected the option again. "
                    f"Repeat it: --hidden {first} --hidden {second}, or write "
                    f"--hidden {first},{second}.",
                    ctx,
                )
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        records = {
            parameter.name: record
            for parameter in self.get_params(ctx)
            if (record := parameter.get_help_record(ctx)) is not None
        }
        for heading, names in GROUPS.items():
            rows = [records.pop(name) for name in names if name in records]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        if records:
            with formatter.section("Options"):
                formatter.write_dl(list(records.values()))
