# SPDX-License-Identifier: MIT
"""An audit for people at a terminal: aligned tables, bars, and where to look."""
from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ._audit import Audit, Group, RuleUse, Talker
    from ._audit_left import LeftOut

T = TypeVar("T")

_COLORS = {"bold": "\x1b[1m", "dim": "\x1b[2m", "green": "\x1b[32m", "red": "\x1b[31m",
           "yellow": "\x1b[33m"}
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 16


def safe(text: str) -> str:
    """A name from a log or a manifest, without what a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def bar(part: int, whole: int, width: int = _BAR) -> str:
    """A bar of eighths of a character; what is not nothing shows."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = max(1, round(8 * width * part / whole))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def percent(part: int, whole: int) -> str:
    """A share that is 0 or 100 percent only if it is exactly that."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < part < whole:
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f} %"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


def _columns(rows: Sequence[Sequence[str]], right: Iterable[int]) -> list[str]:
    """Rows with their cells under each other; the last column is as long as it likes."""
    widths = [max(map(_width, column)) for column in zip(*rows)]
    to_right = set(right)
    made = []
    for row in rows:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths)):
            gap = " " * (width - _width(cell))
            cells.append(gap + cell if i in to_right else cell + gap)
        made.append("  ".join(cells).rstrip())
    return made


def address(src: str, dst: str, protocol: str, port: int | None) -> str:
    """A flow as text: "shop/web -> shop/db  TCP 3306"."""
    return f"{safe(src)} -> {safe(dst)}  {protocol}{f' {port}' if port is not None else ''}"


def place_of(at: Group | RuleUse | LeftOut) -> str:
    """Two blanks and file:line, if that is known."""
    return f"  {safe(at.source)}:{at.line}" if at.source else ""


class _Page:
    """Lines with or without color."""

    def __init__(self, color: bool, top: int) -> None:
        self._color, self._top = color, top
        self.lines: list[str] = []

    def paint(self, text: str, *how: str) -> str:
        if not self._color:
            return text
        return "".join(_COLORS[word] for word in how) + text + "\x1b[0m"

    def section(self, title: str, things: Sequence[T], row: Callable[[T], Sequence[str]],
                right: Iterable[int] = (), style: Callable[[str], str] = str,
                head: Sequence[str] = (), top: int | None = None) -> None:
        """A table of the first things; nothing if there are none."""
        if not things:
            return
        top = top or self._top
        shown = [*([head] if head else []), *map(row, things[:top])]
        self.lines += ["", self.paint(title, "bold")]
        self.lines += ["  " + style(line) for line in _columns(shown, right)]
        if len(things) > top:
            self.lines.append(self.paint(f"  … and {len(things) - top:,} more", "dim"))


def text_of(audit: Audit, top: int, color: bool) -> str:
    """The summary, as text of some lines."""
    page = _Page(color, top)
    _head(page, audit)
    _rules(page, audit)
    _groups(page, "Denied by the policies", audit.denied)
    _said(page, "Changed against the baseline", audit.changes,
          {"closed": "was allowed, is denied", "opened": "was denied, is allowed"})
    _said(page, "The log says otherwise", audit.mismatches,
          {"forwarded": "forwarded, policies deny", "dropped": "dropped, policies allow"})
    _groups(page, "Covered by no policy", audit.uncovered)
    _unused(page, audit)
    _talkers(page, audit)
    _leftovers(page, audit)
    return "\n".join(page.lines) + "\n"


def _head(page: _Page, audit: Audit) -> None:
    denied = audit.judged - audit.allowed
    page.lines.append(f"{audit.lines:,} lines, {audit.judged:,} judged: "
                      f"{len(audit.flows):,} distinct flows (semantics {audit.semantics})")
    page.lines.append("")
    for word, n, color in (("allow", audit.allowed, "green"), ("deny", denied, "red")):
        drawn = bar(n, audit.judged, 40)
        page.lines.append(f"  {page.paint(f'{word:5}', color)}  {n:>12,}  "
                          f"{percent(n, audit.judged):>7}  {page.paint(drawn, color)}".rstrip())
    others = [f"{n:,} {why}" for why, n in audit.skipped.most_common()]
    if audit.unknown:
        others.append(f"{sum(audit.unknown.values()):,} of unknown ends")
    if audit.bad:
        others.append(f"{audit.bad:,} unusable lines")
    if others:
        page.lines.append(f"  not judged: {', '.join(others)}")
    if audit.incomplete:
        page.lines.append(page.paint("  incomplete: the verdicts do not know of what was left out",
                                     "yellow"))
    page.section("Left out of the manifests", audit.left_out,
                 lambda out: (safe(str(out)) + place_of(out),),
                 style=lambda line: page.paint(line, "yellow"), top=len(audit.left_out))


def _rules(page: _Page, audit: Audit) -> None:
    used = [use for use in audit.rules if use.hits]
    most = max((use.hits for use in used), default=0)

    def row(use: RuleUse) -> Sequence[str]:
        return (f"{use.hits:,}", f"{use.flows:,} flow{'s' if use.flows > 1 else ''}",
                f"{bar(use.hits, most):{_BAR}}", "allow" if use.allowed else "deny",
                safe(use.name) + place_of(use))

    page.section("Rules by hits", used, row, (0, 1))


def _flow(g: Group) -> str:
    return address(g.src, g.dst, g.protocol, g.port)


def _groups(page: _Page, title: str, groups: Sequence[Group]) -> None:
    most = max((g.hits for g in groups), default=0)

    def row(g: Group) -> Sequence[str]:
        return (f"{g.hits:,}", f"{bar(g.hits, most, 8):8}", _flow(g), safe(g.why) + place_of(g))

    page.section(title, groups, row, (0,))


def _said(page: _Page, title: str, groups: Sequence[Group], words: dict[str, str]) -> None:
    def row(g: Group) -> Sequence[str]:
        return f"{g.hits:,}", words[g.said or ""], _flow(g), safe(g.why) + place_of(g)

    page.section(title, groups, row, (0,), lambda line: page.paint(line, "yellow"))


def _unused(page: _Page, audit: Audit) -> None:
    page.section("Policies about none of these flows", audit.unused_policies,
                 lambda p: (safe(p.policy), p.kind + place_of(p)))
    page.section("Rules that decided none of these flows", audit.unused_rules,
                 lambda use: (safe(use.name), place_of(use).strip()))


def _talkers(page: _Page, audit: Audit) -> None:
    most = max((t.sent + t.received for t in audit.talkers), default=0)

    def row(t: Talker) -> Sequence[str]:
        return (f"{t.sent:,}", f"{t.received:,}", f"{t.denied:,}" if t.denied else "",
                f"{bar(t.sent + t.received, most, 8):8}", safe(t.name))

    page.section("Top talkers", audit.talkers, row, (0, 1, 2),
                 head=("sent", "received", "denied", "", ""))


def _leftovers(page: _Page, audit: Audit) -> None:
    page.section("Not judged: unknown ends", audit.unknown.most_common(),
                 lambda one: (f"{one[1]:,}", safe(one[0][0]), safe(one[0][1])), (0,))
    page.section(f"Unusable lines ({audit.bad:,})", audit.bad_lines,
                 lambda bad: (f"{safe(bad.source)}:{bad.line}", safe(bad.why)))
    page.section("Notes", audit.notes, lambda note: (safe(note),))
