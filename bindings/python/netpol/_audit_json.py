# SPDX-License-Identifier: MIT
"""An audit for machines: one object."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._audit import Audit, Group, RuleUse

SCHEMA = "netpol.audit/v1"


def json_of(audit: Audit, top: int | None) -> str:
    """One line; lists have at most ``top`` members."""
    return json.dumps(_whole(audit, top), ensure_ascii=False) + "\n"


def _whole(audit: Audit, top: int | None) -> dict[str, Any]:
    hits = audit.judged
    return {
        "schema": SCHEMA,
        "semantics": audit.semantics,
        "incomplete": audit.incomplete,
        "left_out": [{"of": out.of, "object": out.object, "why": out.why, "source": out.source,
                      "line": out.line} for out in audit.left_out],
        "lines": audit.lines,
        "judged": hits,
        "flows": len(audit.flows),
        "verdicts": {"allow": audit.allowed, "deny": hits - audit.allowed},
        "skipped": dict(sorted(audit.skipped.items())),
        "unknown": [{"end": end, "why": why, "hits": n}
                    for (end, why), n in audit.unknown.most_common(top)],
        "bad": {"lines": audit.bad,
                "examples": [{"source": b.source, "line": b.line, "why": b.why}
                             for b in audit.bad_lines]},
        "rules": [_rule(use) for use in audit.rules if use.hits][:top],
        "denied": [_group(g) for g in audit.denied[:top]],
        "uncovered": [_group(g) for g in audit.uncovered[:top]],
        "mismatches": [_group(g, "log") for g in audit.mismatches[:top]],
        "changes": [_group(g, "change") for g in audit.changes[:top]],
        "unused_policies": [{"policy": p.policy, "kind": p.kind, "source": p.source,
                             "line": p.line} for p in audit.unused_policies[:top]],
        "unused_rules": [_rule(use) for use in audit.unused_rules[:top]],
        "talkers": [{"name": t.name, "sent": t.sent, "received": t.received, "denied": t.denied}
                    for t in audit.talkers[:top]],
        "depends": dict(sorted(audit.depends.items())),
        "notes": audit.notes,
    }


def _rule(use: RuleUse) -> dict[str, Any]:
    return {"policy": use.policy, "kind": use.kind, "direction": use.direction, "rule": use.rule,
            "allowed": use.allowed, "source": use.source, "line": use.line, "hits": use.hits,
            "flows": use.flows}


def _group(group: Group, said: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "src": group.src, "dst": group.dst, "proto": group.protocol, "port": group.port,
        "verdict": "allow" if group.allowed else "deny", "direction": group.direction,
        "reason": group.reason, "hits": group.hits, "flows": group.flows}
    if group.policy is not None:
        made |= {"policy": group.policy, "kind": group.kind, "rule": group.rule,
                 "source": group.source, "line": group.line}
    if group.said is not None:
        made[said] = group.said
    return made
