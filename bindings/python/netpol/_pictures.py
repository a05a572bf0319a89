# SPDX-License-Identifier: MIT
"""HTML and SVG for notebooks and pages. Every text passes through :func:`escape`."""
from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._engine import Answer, Decision, Explanation

ALLOW, DENY = "#2e7d4f", "#b3372f"

#: of everything below; colors follow the reader's light or dark page
STYLE = """<style>
.netpol{font:14px/1.45 system-ui,sans-serif;color:CanvasText}
.netpol table{border-collapse:collapse;margin:.4em 0 1em}
.netpol th,.netpol td{padding:.15em .8em .15em 0;text-align:left;vertical-align:top;border:0;
border-bottom:1px solid #8884;white-space:nowrap}
.netpol td.n,.netpol th.n{text-align:right;font-variant-numeric:tabular-nums}
.netpol .allow{color:#2e7d4f;font-weight:600}.netpol .deny{color:#b3372f;font-weight:600}
.netpol .at{opacity:.65;font-size:.9em}
@media(prefers-color-scheme:dark){.netpol .allow{color:#6cc792}.netpol .deny{color:#f0857c}}
</style>"""


def escape(text: object) -> str:
    """Text that is only text in HTML, in SVG and in their attributes."""
    plain = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(text))
    return html.escape(plain, quote=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of cells that are HTML already."""
    right = set(numbers)
    kinds = [' class="n"' if i in right else "" for i in range(len(head))]
    made = ["<table><tr>", *(f"<th{k}>{h}</th>" for k, h in zip(kinds, head)), "</tr>"]
    for row in rows:
        made += ["<tr>", *(f"<td{k}>{cell}</td>" for k, cell in zip(kinds, row)), "</tr>"]
    return "".join([*made, "</table>"])


def word(allowed: bool) -> str:
    """ "allow" or "deny", in its color."""
    said = "allow" if allowed else "deny"
    return f'<span class="{said}">{said}</span>'


def place(source: str | None, line: int) -> str:
    """file:line, small."""
    return f'<span class="at">{escape(source)}:{line}</span>' if source else ""


def _decision_row(d: Decision) -> list[str]:
    policy = escape(d.policy) if d.policy else ""
    rule = "" if d.rule is None else f"{d.direction}[{d.rule}]"
    return [d.direction, word(d.allowed), escape(d.reason), policy, rule,
            place(d.source, d.line)]


def explanation_html(explanation: Explanation) -> str:
    """A verdict and what decided it."""
    rows = [_decision_row(d) for d in (explanation.egress, explanation.ingress)]
    return (f'{STYLE}<div class="netpol">{word(explanation.allowed)}'
            f'{table(["side", "", "reason", "policy", "rule", "at"], rows)}</div>')


def answer_html(answer: Answer) -> str:
    """The answer's text, in its color."""
    said = "allow" if answer.allowed else "deny"
    lines = "\n".join(escape(line) for line in answer.text().splitlines())
    return (f'{STYLE}<div class="netpol"><span class="{said}">{escape(answer.outcome)}</span>'
            f"<pre>{lines}</pre></div>")


# ---- bars ----

def bar_svg(part: int, whole: int, color: str, width: int = 160) -> str:
    """A bar; what is not nothing shows."""
    drawn = 0 if part <= 0 or whole <= 0 else max(1.0, width * part / whole)
    return (f'<svg width="{width}" height="12" role="img" aria-label="{part:,}">'
            f'<rect width="{drawn:.1f}" height="12" rx="2" fill="{color}"/></svg>')


# ---- links: who talks to whom, senders left, receivers right ----

@dataclass(frozen=True, slots=True)
class Link:
    """A line of the picture."""

    src: str
    dst: str
    label: str = ""
    allowed: bool = True
    weight: int = 1


_ROW, _CHAR, _GAP, _PAD = 26, 7.3, 260, 12


def links_svg(links: Iterable[Link], limit: int = 60) -> str:
    """A picture of links; of many the heaviest, and it says so."""
    given = list(links)
    shown = sorted(given, key=lambda x: (-x.weight, x.src, x.dst, x.label))[:limit]
    left, right = _column(x.src for x in shown), _column(x.dst for x in shown)
    wide = [max([len(name) for name in side] or [0]) * _CHAR + 2 * _PAD for side in (left, right)]
    starts = wide[0] + _PAD, wide[0] + _PAD + _GAP
    rows = max(len(left), len(right), 1)
    more = len(given) - len(shown)
    size = starts[1] + wide[1] + _PAD, rows * _ROW + 2 * _PAD + (_ROW if more else 0)
    made = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:.0f}" height="{size[1]:.0f}" '
            f'viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" font-family="system-ui,sans-serif" '
            'font-size="13" role="img"><title>connections</title>']
    heaviest = max((x.weight for x in shown), default=1)
    left_at, right_at = _heights(left, rows), _heights(right, rows)
    made += [_curve(x, (starts[0], left_at[x.src]), (starts[1], right_at[x.dst]), heaviest)
             for x in reversed(shown)]
    made += [_box(name, _PAD, y, wide[0]) for name, y in left_at.items()]
    made += [_box(name, starts[1], y, wide[1]) for name, y in right_at.items()]
    if more:
        made.append(f'<text x="{_PAD}" y="{size[1] - _PAD:.0f}" fill="currentColor" opacity="0.7">'
                    f"and {more:,} more</text>")
    return "".join([*made, "</svg>"])


def _column(names: Iterable[str]) -> list[str]:
    """Each once, the first to come on top: the heaviest."""
    return list(dict.fromkeys(names))


def _heights(names: Sequence[str], rows: int) -> dict[str, float]:
    spread = rows / max(len(names), 1)
    return {name: _PAD + _ROW * spread * (i + 0.5) for i, name in enumerate(names)}


def _box(name: str, x: float, y: float, width: float) -> str:
    return (f'<rect x="{x:.1f}" y="{y - 10:.1f}" width="{width:.1f}" height="20" rx="4" '
            'fill="none" stroke="currentColor" stroke-opacity="0.35"/>'
            f'<text x="{x + _PAD:.1f}" y="{y + 4.5:.1f}" fill="currentColor">{escape(name)}</text>')


def _curve(link: Link, begin: tuple[float, float], end: tuple[float, float], most: int) -> str:
    (x, y), (to_x, to_y) = begin, end
    middle = (x + to_x) / 2
    thick = 1 + 5 * math.log1p(link.weight) / math.log1p(max(most, 1))
    said = f"{link.src} -> {link.dst}{f'  {link.label}' if link.label else ''}"
    dashes = "" if link.allowed else ' stroke-dasharray="6 4"'
    return (f'<path d="M{x:.1f},{y:.1f} C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} '
            f'{to_x:.1f},{to_y:.1f}" fill="none" stroke="{ALLOW if link.allowed else DENY}" '
            f'stroke-opacity="0.6" stroke-width="{thick:.1f}"{dashes}>'
            f"<title>{escape(said)}</title></path>")


def bundle(plain: str, as_html: str, as_svg: str | None = None) -> dict[str, Any]:
    """What Jupyter asks for: one thing in several forms."""
    made = {"text/plain": plain, "text/html": as_html}
    return made if as_svg is None else {**made, "image/svg+xml": as_svg}
