# SPDX-License-Identifier: MIT
"""``python -m netpol audit``: flow logs against policies."""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

from . import PRESETS, NetpolError, __version__, audit
from ._audit import Audit
from ._audit_arrow import save, text_as, write_arrow
from ._audit_read import optional

OK, NO, BAD_INPUT, MISUSE = 0, 1, 2, 3
_BINARY = ("parquet", "arrow")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(MISUSE, f"{self.prog}: {message}\n")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {text}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m netpol", description="Kubernetes network policies.")
    parser.add_argument("-V", "--version", action="version", version=f"netpol {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = commands.add_parser(
        "audit", help="flow logs against policies",
        description="Holds flow logs against policies: what they allow and deny, by which rule, "
                    "and what no rule needed.",
        epilog="examples:\n"
               "  hubble observe -o json | python -m netpol audit -f manifests/ -\n"
               "  python -m netpol audit -f manifests/ flows.parquet -o html > audit.html\n"
               "  python -m netpol audit -f proposed/ flows.jsonl --fail-on mismatch\n"
               "  python -m netpol audit --baseline today/ -f proposed/ flows.csv"
               " --fail-on closed\n\n"
               "exit status: 0 done, 1 --fail-on found something, 2 the input cannot be used, "
               "3 wrong options",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("flows", nargs="+", metavar="FLOWS",
                      help="Hubble's JSON, JSON lines, CSV, Parquet, Arrow; - is standard input")
    made.add_argument("-f", "--filename", action="append", required=True, metavar="PATH",
                      help="manifests: a file or a directory; repeatable")
    made.add_argument("--baseline", action="append", metavar="PATH",
                      help="manifests as they are today: say what the others change; repeatable")
    made.add_argument("-o", "--output", default="text", metavar="FORMAT",
                      choices=("text", "json", "html", *_BINARY),
                      help="text (default), json, html, parquet, arrow")
    made.add_argument("--save", metavar="FILE", help="write there instead of standard output")
    made.add_argument("--input", metavar="FORMAT", help="of the logs, where their look does not "
                      "tell", choices=("hubble", "jsonl", "csv", "parquet", "arrow"))
    made.add_argument("-n", "--namespace", default="default", metavar="NS",
                      help="of objects and names that give none (default: default)")
    made.add_argument("--semantics", default="spec", metavar="PRESET", choices=PRESETS,
                      help=f"what is left to the network plug-in: {', '.join(PRESETS)}")
    made.add_argument("--node-address", action="append", default=[], metavar="[NODE=]IP",
                      help="one more address that is local to nodes; repeatable")
    made.add_argument("--resolve", action="append", default=[], metavar="NAME=IP,…",
                      help="what a domain name stands for; repeatable")
    made.add_argument("--top", type=_positive, default=10, metavar="N",
                      help="lines a table (default 10)")
    made.add_argument("--fail-on", action="append", default=[], metavar="WHAT",
                      choices=("denied", "mismatch", "closed", "opened", "uncovered", "bad",
                               "unknown"),
                      help="exit with 1 if there are: denied, mismatch, closed or opened "
                           "(against --baseline), uncovered, bad, unknown")
    made.add_argument("--keep-going", action="store_true",
                      help="go on without policies that are invalid")
    made.add_argument("--no-duckdb", action="store_true", help="read text without DuckDB")
    made.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _colored(when: str) -> bool:
    return when == "always" or (when == "auto" and sys.stdout.isatty()
                                and "NO_COLOR" not in os.environ)


def _write(made: Audit, options: argparse.Namespace) -> None:
    if options.save:
        save(made, options.save, options.output if options.output != "text" else None)
    elif options.output == "text":
        sys.stdout.write(made.text(top=options.top, color=_colored(options.color)))
    elif options.output == "arrow":
        write_arrow(made, sys.stdout.buffer)
    elif options.output == "parquet":
        parquet = optional("pyarrow.parquet", "writing Parquet")
        parquet.write_table(made.to_arrow(), sys.stdout.buffer)
    else:
        sys.stdout.write(text_as(made, options.output))


def _found(made: Audit, what: str) -> bool:
    changes = {group.said for group in made.changes}
    return bool({"denied": made.judged - made.allowed, "mismatch": made.mismatches,
                 "closed": "closed" in changes, "opened": "opened" in changes,
                 "uncovered": made.uncovered, "bad": made.bad, "unknown": made.unknown}[what])


def _doubts(made: Audit, gates: Sequence[str]) -> Iterator[str]:
    """Why a gate that found nothing must not pass."""
    if not made.judged:
        yield "none of the log's lines could be judged"
        return
    if "mismatch" in gates and not any(flow.said for flow in made.flows):
        yield "no judged line of the log has a verdict to compare"
    if {"closed", "opened"} & set(gates) and all(flow.before is None for flow in made.flows):
        yield "the baseline knows no pod of the log"
    if made.incomplete:
        yield "what was left out of the manifests may deny and allow: " + "; ".join(
            map(str, made.left_out))


def _status(made: Audit, gates: Sequence[str]) -> int:
    if any(_found(made, what) for what in gates):
        return NO
    if made.lines == made.bad:
        print("netpol audit: the log has no usable line", file=sys.stderr)
        return BAD_INPUT
    doubts = list(_doubts(made, gates)) if gates else []
    for doubt in doubts:
        print(f"netpol audit: --fail-on cannot pass: {doubt}", file=sys.stderr)
    return BAD_INPUT if doubts else OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if {"closed", "opened"} & set(options.fail_on) and not options.baseline:
        parser.error("--fail-on closed and opened need a --baseline to compare with")
    if options.output in _BINARY and not options.save and sys.stdout.isatty():
        print(f"netpol audit: {options.output} is not for a terminal: --save FILE", file=sys.stderr)
        return MISUSE
    try:
        made = audit(options.flows, options.filename, baseline=options.baseline,
                     semantics=options.semantics, default_namespace=options.namespace,
                     node_addresses=options.node_address, resolve=options.resolve,
                     keep_going=options.keep_going, format=options.input,
                     use_duckdb=not options.no_duckdb)
        _write(made, options)
        if options.save or options.output in _BINARY:  # tables have no place for it
            for out in made.left_out:
                print(f"netpol audit: left out: {out}", file=sys.stderr)
    except NetpolError as error:
        for line in error.diagnostics or (error,):
            print(line, file=sys.stderr)
        return BAD_INPUT
    except (OSError, ValueError, RecursionError) as error:
        print(f"netpol audit: {error}", file=sys.stderr)
        return BAD_INPUT
    except ImportError as error:
        print(f"netpol audit: {error}", file=sys.stderr)
        return MISUSE
    return _status(made, options.fail_on)


if __name__ == "__main__":
    sys.exit(main())
