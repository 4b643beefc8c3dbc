"""The `hookstream` command: each command lives in infra/commands."""

import typer

from infra.commands import deadletter, keys
from infra.commands.bench import bench
from infra.commands.erase import erase
from infra.commands.migrate import migrate
from infra.commands.plan import plan
from infra.commands.publish import publish
from infra.commands.reconcile import reconcile
from infra.commands.replay import replay
from infra.commands.report import report
from infra.commands.stack import down, status, up
from infra.commands.trace import trace

app = typer.Typer(
    name="hookstream",
    help="Serverless event processing for social-ad funnels.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
commands = (
    up,
    down,
    status,
    publish,
    report,
    reconcile,
    replay,
    trace,
    erase,
    migrate,
    bench,
    plan,
)
for command in commands:
    app.command()(command)
app.add_typer(deadletter.app)
app.add_typer(keys.app)


def main() -> None:
    """Run the command line."""
    app()
