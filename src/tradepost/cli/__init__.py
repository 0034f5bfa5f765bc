"""The command line: every verb on one screen, each a short function in a module of its kind."""

import argparse
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from tradepost import __version__
from tradepost.config import ConfigRefused, Settings, load
from tradepost.db import DatabaseBusy, DatabaseGone, MigrationRefused
from tradepost.embedded import EmbeddedError
from tradepost.rules.refusals import Refusal

Verb = Callable[[Settings, argparse.Namespace], Awaitable[int]]

EPILOG = """\
Where to begin:
  tradepost demo                        a whole town to try things out in: market, simulated Steam, sellers, buyers
  tradepost migrate                     prepare the database (DATABASE_URL, or one of our own in --data-dir)
  tradepost merchant create STEAMID     an account with an API token, printed once
  tradepost merchant deposit STEAMID 100.00
  tradepost gateway open STEAMID --callback https://shop.example/ipn
  tradepost user pair STEAMID           a code with which this seller's program pairs itself
  tradepost serve & tradepost worker    run it; as many of each as you like on one database
  tradepost check                       what in the ledger does not add up (nothing)

Settings come from the environment (TRADEPOST_*, DATABASE_URL) or a TOML file (--config); `tradepost settings` lists them.
"""

KEPT_SETTINGS = "settings.toml"  # in the data directory of a demo
# Objects made and not yet dropped, after which garbage is looked for. A hundred requests under way are ten thousand that
# are none: Python's own 700 has each of them looked at several times, and all that a server keeps every few seconds.
GARBAGE_OBJECTS_MIN = 20_000
PASSED_ON = {
    "agent": "tradepost.agent.program",
    "steam-sim": "tradepost.steam.simulator.program",
    "ipn-doctor": "tradepost.cli.doctor",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status. What is wrong is said in a sentence on stderr."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in PASSED_ON:
        # These are programs of their own: they share neither settings nor code with the market.
        module = __import__(PASSED_ON[arguments[0]], fromlist=["main"])
        status: int = module.main(arguments[1:])
        return status
    with loading():
        parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "verb"):
        parser.print_help()
        return 2
    try:
        settings = load(os.environ, _config(options), **_chosen(options))
        verb: Verb = options.verb
        return uvloop.run(_run(verb, settings, options))
    except ConfigRefused as refused:
        sys.stderr.writelines(f"tradepost: {sentence}\n" for sentence in refused.sentences)
    except Refusal as refused:
        sys.stderr.write(f"tradepost: {refused}\n")
    except (EmbeddedError, MigrationRefused, DatabaseGone, DatabaseBusy) as error:
        sys.stderr.write(f"tradepost: {error}\n")
    except OSError as error:
        sys.stderr.write(f"tradepost: {sentence_of(error)}\n")
    except KeyboardInterrupt:
        return 130
    return 1


@contextmanager
def loading() -> Iterator[None]:
    """Load modules without looking for garbage, neither among what is being made nor ever after in what is there now.

    It took a sixth of a start. And what a program is made of stays until it ends: a server that looks through all of it
    again and again answers nobody meanwhile. Afterwards it is looked for again, but seldom.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS_MIN)
        gc.enable()


def sentence_of(error: OSError) -> str:
    """Return what the system refused, as a person reads it: `[Errno 13]` helps nobody."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


async def _run(verb: Verb, settings: Settings, options: argparse.Namespace) -> int:
    return await verb(settings, options)


def _config(options: argparse.Namespace) -> Path | None:
    """The file of settings: the one that is named, or the one that a demo keeps in the data directory that is named.

    So commands beside a demo need not be told what it is; the demo itself begins without what it kept.
    """
    if options.config is None and options.data_dir is not None and not hasattr(options, "mode"):
        kept: Path = options.data_dir / KEPT_SETTINGS
        return kept if kept.is_file() else None
    named: Path | None = options.config
    return named


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were named on the command line: they overrule file and environment."""
    names = ("data_dir", "port", "host", "mode")
    return {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}


def _parser() -> argparse.ArgumentParser:
    from tradepost.cli import admins, backups, gateways, money, operating, running, tokens, trading  # noqa: PLC0415 - `--help` of the agent needs none of it

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, help="a TOML file with settings (TRADEPOST_CONFIG)")
    shared.add_argument(
        "--data-dir",
        type=Path,
        help="where the market keeps its files and its own database (var/data; a demo: var/demo)",
    )
    parser = argparse.ArgumentParser(
        prog="tradepost", description="An open, self-hosted market for Steam items.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"tradepost {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", title="verbs")
    adder = Adder(verbs, shared)
    running.add(adder)
    operating.add(adder)
    tokens.add(adder)
    trading.add(adder)
    gateways.add(adder)
    money.add(adder)
    admins.add(adder)
    backups.add(adder)
    for name, sentence in (
        ("agent", "the seller's program: pair, sign-in, run, status, grants, unpair"),
        ("steam-sim", "a simulated Steam, for trying things out without the real one"),
        (
            "ipn-doctor",
            "plays every kind of notice at a merchant's own receiver, and says what it handled wrongly",
        ),
    ):
        verbs.add_parser(name, help=sentence, add_help=False)
    return parser


class Adder:
    """Adds verbs to the parser: each with its sentence, its function and its own arguments."""

    def __init__(self, verbs: Any, shared: argparse.ArgumentParser) -> None:
        self._verbs, self._shared = verbs, shared

    def verb(self, name: str, run: Verb, *arguments: tuple[str, dict[str, Any]], **fixed: str) -> None:
        """Add one verb; its help is the first line of its function's docstring. `fixed` settings belong to it."""
        sentence = (run.__doc__ or "").strip().splitlines()[0]
        one = self._verbs.add_parser(name, parents=[self._shared], help=sentence, description=sentence)
        for flag, how in arguments:
            one.add_argument(flag, **how)
        one.set_defaults(verb=run, **fixed)

    def group(self, name: str, sentence: str) -> "Adder":
        """Add a noun whose verbs come after it: `tradepost token create`."""
        group = self._verbs.add_parser(name, help=sentence, description=sentence)
        return Adder(group.add_subparsers(metavar="VERB", required=True, title="verbs"), self._shared)
