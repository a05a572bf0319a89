# SPDX-License-Identifier: MIT
"""An audit as a page: tables, bars and a picture, in one file without scripts."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ._audit_text import percent
from ._pictures import (ALLOW, DENY, STYLE, Link, bar_svg, escape, links_svg, place, table, word)

if TYPE_CHECKING:
    from ._audit import Audit, Group, RuleUse, Talker

T = TypeVar("T")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width"><title>netpol audit</title>
<style>body{margin:2em auto;max-width:72em;padding:0 1em}h1{font-size:1.5em}
h2{font-size:1.1em;margin:1.6em 0 .2em}.scroll{overflow-x:auto}</style></head>
"""


def page_of(audit: Audit, top: int) -> str:
    """A whole page."""
    return f"{_PAGE}<body><h1>netpol audit</h1>\n{part_of(audit, top)}</body></html>\n"


def part_of(audit: Audit, top: int) -> str:
    """What is in the page: also what a notebook shows."""
    parts = [_head(audit), _left_out(audit), _picture(audit, top), _rules(audit, top),
             _groups("Denied by the policies", audit.denied, top, DENY),
             _groups("Changed against the baseline", audit.changes, top, "#b7791f"),
             _groups("The log says otherwise", audit.mismatches, top, "#b7791f", "log"),
             _groups("Covered by no policy", audit.uncovered, top, "#b7791f"),
             _uses("Policies about none of these flows", audit.unused_policies, top),
             _uses("Rules that decided none of these flows", audit.unused_rules, top),
             _talkers(audit, top), _leftovers(audit, top)]
    return f'{STYLE}<div class="netpol">{"".join(filter(None, parts))}</div>\n'


def _section(title: str, head: Sequence[str], things: Sequence[T],
             row: Callable[[T], Sequence[str]], top: int, numbers: Sequence[int] = ()) -> str:
    if not things:
        return ""
    left = len(things) - top
    more = f'<p class="at">and {left:,} more</p>' if left > 0 else ""
    shown = table(head, map(row, things[:top]), numbers)
    return f'<h2>{escape(title)}</h2><div class="scroll">{shown}</div>{more}\n'


def _head(audit: Audit) -> str:
    denied = audit.judged - audit.allowed
    rows = [[word(said), f"{n:,}", percent(n, audit.judged),
             bar_svg(n, audit.judged, ALLOW if said else DENY, 320)]
            for said, n in ((True, audit.allowed), (False, denied))]
    left = [f"{n:,} {escape(why)}" for why, n in audit.skipped.most_common()]
    if audit.unknown:
        left.append(f"{sum(audit.unknown.values()):,} of unknown ends")
    if audit.bad:
        left.append(f"{audit.bad:,} unusable lines")
    others = f'<p class="at">not judged: {", ".join(left)}</p>' if left else ""
    return (f"<p>{audit.lines:,} lines, {audit.judged:,} judged: {len(audit.flows):,} distinct "
            f"flows (semantics {escape(audit.semantics)})</p>"
            f'{table(["", "hits", "share", ""], rows, (1, 2))}{others}\n')


def _left_out(audit: Audit) -> str:
    if not audit.incomplete:
        return ""
    return ("<p><strong>incomplete: the verdicts do not know of what was left out</strong></p>"
            + _section("Left out of the manifests", ["what and why", "at"], audit.left_out,
                       lambda out: (escape(str(out)), place(out.source, out.line)),
                       len(audit.left_out)))


def _picture(audit: Audit, top: int) -> str:
    links = [Link(g.src, g.dst, f"{port_of(g)}, {g.hits:,} hits", g.allowed, g.hits)
             for g in audit.groups]
    if not links:
        return ""
    return f'<h2>Flows</h2><div class="scroll">{links_svg(links, min(top, 60))}</div>\n'


def port_of(group: Group) -> str:
    """ "TCP 3306"."""
    return group.protocol + ("" if group.port is None else f" {group.port}")


def _rules(audit: Audit, top: int) -> str:
    used = [use for use in audit.rules if use.hits]
    most = max((use.hits for use in used), default=0)

    def row(use: RuleUse) -> Sequence[str]:
        return (f"{use.hits:,}", f"{use.flows:,}",
                bar_svg(use.hits, most, ALLOW if use.allowed else DENY), word(use.allowed),
                escape(use.name), place(use.source, use.line))

    return _section("Rules by hits", ["hits", "flows", "", "", "rule", "at"], used, row, top,
                    (0, 1))


def _groups(title: str, groups: Sequence[Group], top: int, color: str, said: str = "") -> str:
    most = max((g.hits for g in groups), default=0)
    with_said = any(g.said for g in groups)

    def row(g: Group) -> Sequence[str]:
        cells = [f"{g.hits:,}", bar_svg(g.hits, most, color, 80), escape(g.src), escape(g.dst),
                 escape(port_of(g)), word(g.allowed), escape(g.why), place(g.source, g.line)]
        return [*cells, escape(g.said or "")] if with_said else cells

    head = ["hits", "", "from", "to", "port", "policies", "by", "at"]
    return _section(title, [*head, said] if with_said else head, groups, row, top, (0,))


def _uses(title: str, uses: Sequence[RuleUse], top: int) -> str:
    return _section(title, ["name", "kind", "at"], uses,
                    lambda use: (escape(use.name if use.direction else use.policy),
                                 escape(use.kind), place(use.source, use.line)), top)


def _talkers(audit: Audit, top: int) -> str:
    most = max((t.sent + t.received for t in audit.talkers), default=0)

    def row(t: Talker) -> Sequence[str]:
        return (f"{t.sent:,}", f"{t.received:,}", f"{t.denied:,}" if t.denied else "",
                bar_svg(t.sent + t.received, most, "#4a6fa5"), escape(t.name))

    return _section("Top talkers", ["sent", "received", "denied", "", "name"], audit.talkers, row,
                    top, (0, 1, 2))


def _leftovers(audit: Audit, top: int) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in audit.notes)
    return (_section("Not judged: unknown ends", ["hits", "end", "why"],
                     audit.unknown.most_common(),
                     lambda one: (f"{one[1]:,}", escape(one[0][0]), escape(one[0][1])), top, (0,))
            + _section(f"Unusable lines ({audit.bad:,})", ["line", "why"], audit.bad_lines,
                       lambda bad: (f"{escape(bad.source)}:{bad.line}", escape(bad.why)), top)
            + (f"<h2>Notes</h2><ul>{notes}</ul>" if notes else ""))
