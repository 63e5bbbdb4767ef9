"""`resnext-flops check`."""

import click

from resnext_flops.commands.options import Output, machine_options, output_option, use_time
from resnext_flops.show.output import destination


@click.command("check")
@click.option("--config", metavar="FILE", help="TOML. [default: budgets.toml, or else pyproject.toml]")
@click.option("--update", is_flag=True, help="Write the baseline anew first.")
@click.option("--junit", metavar="FILE", help="Write JUnit's XML too.")
@machine_options
@output_option()
def command(
    config: str | None,
    update: bool,
    junit: str | None,
    on: tuple[str, ...],
    batch: int | None,
    strict: bool,
    output: Output,
) -> int:
    """Hold models against the limits of a budget file.

    The exit status is 1 if a limit is broken. With --on, limits may be of ms and of images_per_second: estimates by the
    profile of a machine. Where GITHUB_ACTIONS is set, broken limits are told as annotations on
    standard error.

    \b
    Example:  resnext-flops check --config budgets.toml
    """
    import os
    from pathlib import Path

    from resnext_flops.files import write
    from resnext_flops.proof.budgets import check, read_config, write_baseline
    from resnext_flops.tables import limits

    use_time(on, batch, strict=strict)
    budgets = read_config(None if config is None else Path(config))
    report = destination(junit, force=True)
    if update:
        write_baseline(budgets)
    checks = check(budgets)
    output.emit([limits.checked(checks, budgets)])
    if report:
        write(report, limits.junit(checks, budgets))
    if os.environ.get("GITHUB_ACTIONS"):
        for line in limits.annotations(checks, budgets):
            click.echo(line, err=True)
    return int(not all(check.passed for check in checks))
