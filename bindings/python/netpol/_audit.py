# SPDX-License-Identifier: MIT
"""Flow logs held against policies: what is allowed, by which rule, and what no flow needs.

    >>> print(netpol.audit("flows.jsonl", netpol.load("manifests/")).text())
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import _core
from ._audit_judge import Directory, Flow, Judge, Place, Unknown
from ._audit_left import LeftOut, Source, baseline_of, errors_of, left_out_of, loaded_of
from ._audit_read import BadLine, Log, path_of, read_log, read_rows, read_table
from ._audit_rows import Row
from ._engine import Cluster, Decision
from ._errors import NetpolError
from ._manifests import Manifests, Path
from ._model import NetworkPolicy


@dataclass(slots=True)
class RuleUse:
    """A rule of a policy, or its silence (``rule`` is None), and how often that decided."""

    policy: str  #: "shop/allow-web"
    kind: str  #: "NetworkPolicy"
    direction: str  #: "ingress" or "egress"
    rule: int | None  #: None: the policy isolates, and no rule lets the flow through
    allowed: bool
    source: str | None = None
    line: int = 0
    hits: int = 0
    flows: int = 0

    @property
    def name(self) -> str:
        """As reports write it: "shop/allow-web ingress[0]"."""
        return _rule_name(self)


def _rule_name(at: RuleUse | Group) -> str:
    where = f"[{at.rule}]" if at.rule is not None else ", no rule"
    return f"{at.policy} {at.direction}{where}"


@dataclass(frozen=True, slots=True)
class Group:
    """Flows from pods of one owner to pods of one owner that came out alike.

    Several addresses outside are one end: "outside (3 addresses)".
    """

    src: str
    dst: str
    protocol: str
    port: int | None
    allowed: bool
    direction: str  #: the side that speaks: "egress" or "ingress"
    reason: str  #: "rule", "no-rule", "not-isolated", …
    kind: str | None  #: "NetworkPolicy"; None: no policy decided
    policy: str | None  #: "shop/allow-web"
    rule: int | None
    source: str | None
    line: int
    hits: int
    flows: int
    said: str | None = None  #: of mismatches the log's verdict; of changes "closed" or "opened"

    @property
    def why(self) -> str:
        """What decided: "shop/allow-web ingress[0]", or the reason where no policy did."""
        return self.reason if self.policy is None else _rule_name(self)


@dataclass(slots=True)
class Talker:
    """An end of flows, and how much of it the log has."""

    name: str
    sent: int = 0
    received: int = 0
    denied: int = 0  #: of both, how many the policies deny


@dataclass(slots=True)
class _Policy:
    """A policy of the manifests, with all its rules."""

    name: str
    kind: str
    source: str | None
    line: int
    rules: list[RuleUse]
    hits: int = 0
    isolates: int = 0  # hits of flows of which it isolates a side


class Audit:
    """What :func:`audit` found. ``print(audit)`` shows a summary."""

    def __init__(self, manifests: Manifests, log: Log, semantics: str, default_namespace: str,
                 left_out: list[LeftOut]) -> None:
        self.semantics = semantics
        #: with ``keep_going``: what the verdicts do not know of
        self.left_out = left_out
        #: distinct flows that could be judged
        self.flows: list[Flow] = []
        #: flows that could not be judged, by the end that is unknown, with the reason
        self.unknown: Counter[tuple[str, str]] = Counter()
        #: lines that are not to be judged, by the reason
        self.skipped: Counter[str] = log.skipped
        #: how many lines could not be used
        self.bad = log.bad
        #: some of them, with their reason
        self.bad_lines: list[BadLine] = log.examples
        self.notes: list[str] = list(log.notes)
        self._log = log
        self._policies = _inventory(manifests, default_namespace)
        self._names = {f"{p.kind} {p.name}": p for p in self._policies}
        self._silences: dict[tuple[str, str, str], RuleUse] = {}

    def _take(self, rows: Iterable[tuple[Row, int]], judge: Judge, baseline: Judge | None) -> None:
        assumed = 0
        merged: dict[tuple[Any, ...], Flow] = {}
        for row, hits in rows:
            said = judge.judge(row, hits)
            if isinstance(said, Unknown):
                self.unknown[said.label, said.why] += hits
                continue
            if baseline is not None:
                before = baseline.judge(row, hits)
                said.before = before.allowed if isinstance(before, Flow) else None
            assumed += hits if said.src.assumed or said.dst.assumed else 0
            key = (said.src.name, said.dst.name, said.protocol, said.port, said.said, said.side,
                   said.before)
            if (known := merged.get(key)) is not None:
                known.hits += hits
            else:
                merged[key] = said
        self.flows = sorted(merged.values(), key=_by_hits)
        for flow in self.flows:
            self._count(flow.egress, flow.hits)
            self._count(flow.ingress, flow.hits)
        self._remark(assumed, baseline is not None)

    def _remark(self, assumed: int, compared: bool) -> None:
        if compared and (n := sum(f.hits for f in self.flows if f.before is None)):
            self.notes.append(f"{n:,} hits are not compared: the baseline does not know their ends")
        if self._log.lost:
            self.notes.append(f"Hubble lost {self._log.lost:,} events, so counts are too low")
        if assumed:
            self.notes.append(f"{assumed:,} hits are of pods that were told by the form of their "
                              "names: the manifests have their workloads only")
        if depends := self.depends:
            self.notes.append("network plug-ins differ about " + ", ".join(
                f"{word} ({n:,} hits)" for word, n in depends.most_common()))

    def _count(self, decision: Decision, hits: int) -> None:
        for text in decision.isolating:
            if text in self._names:
                self._names[text].isolates += hits
        policy = self._names.get(decision.policy or "")
        if policy is None:
            return
        policy.hits += hits
        use = self._use(policy, decision)
        use.hits += hits
        use.flows += 1
        use.allowed = decision.allowed

    def _use(self, policy: _Policy, decision: Decision) -> RuleUse:
        if decision.rule is not None:
            return next(use for use in policy.rules
                        if (use.direction, use.rule) == (decision.direction, decision.rule))
        key = (policy.kind, policy.name, decision.direction)
        return self._silences.setdefault(key, RuleUse(
            policy.name, policy.kind, decision.direction, None, decision.allowed, policy.source,
            policy.line))

    # ---- what it says ----

    @property
    def incomplete(self) -> bool:
        """Whether something of the manifests, or of the baseline, was left out."""
        return bool(self.left_out)

    @cached_property
    def lines(self) -> int:
        """How many lines were read; a row with a count stands for so many."""
        return sum(self._log.rows.values()) + sum(self.skipped.values()) + self.bad

    @cached_property
    def judged(self) -> int:
        """How many of them could be judged."""
        return sum(flow.hits for flow in self.flows)

    @cached_property
    def allowed(self) -> int:
        """How many of them the policies allow."""
        return sum(flow.hits for flow in self.flows if flow.allowed)

    @cached_property
    def depends(self) -> Counter[str]:
        """Hits whose verdict depends on the network plug-in, by what it depends on."""
        made: Counter[str] = Counter()
        for flow in self.flows:
            for word in flow.depends:
                made[word] += flow.hits
        return made

    @cached_property
    def rules(self) -> list[RuleUse]:
        """Rules, and policies of which none matched, by hits; what decided nothing comes last."""
        uses = [use for policy in self._policies for use in policy.rules]
        return sorted([*uses, *self._silences.values()], key=lambda use: (-use.hits, use.name))

    @cached_property
    def unused_rules(self) -> list[RuleUse]:
        """Rules that decided no flow of the log, of policies that were needed."""
        return [use for policy in self._policies if policy.hits or policy.isolates
                for use in policy.rules if not use.hits]

    @cached_property
    def unused_policies(self) -> list[RuleUse]:
        """Policies that decided no flow and isolate no pod of any flow."""
        return [RuleUse(p.name, p.kind, "", None, True, p.source, p.line)
                for p in self._policies if not p.hits and not p.isolates]

    @cached_property
    def denied(self) -> list[Group]:
        """What the policies deny, by hits."""
        return _grouped(flow for flow in self.flows if not flow.allowed)

    @cached_property
    def uncovered(self) -> list[Group]:
        """Flows of pods that no policy is about."""
        return _grouped(flow for flow in self.flows if not flow.covered)

    @cached_property
    def mismatches(self) -> list[Group]:
        """Where the log's verdict is not that of the policies: ``said`` is the log's."""
        return _grouped((flow for flow in self.flows if flow.mismatch), lambda flow: flow.said)

    @cached_property
    def changes(self) -> list[Group]:
        """What the policies close or open against the baseline: ``said`` tells which."""
        return _grouped((flow for flow in self.flows if flow.change), lambda flow: flow.change)

    @cached_property
    def groups(self) -> list[Group]:
        """All flows, by hits."""
        return _grouped(self.flows)

    @cached_property
    def talkers(self) -> list[Talker]:
        """Who sent and received most."""
        away = outside({end.label for flow in self.flows for end in (flow.src, flow.dst)
                        if end.kind == "outside"} or {""})
        made: dict[str, Talker] = {}
        for flow in self.flows:
            denied = 0 if flow.allowed else flow.hits
            for end, sent in ((flow.src, flow.hits), (flow.dst, 0)):
                talker = made.setdefault(_end(end) or away, Talker(_end(end) or away))
                talker.sent += sent
                talker.received += flow.hits - sent
                talker.denied += denied
        return sorted(made.values(), key=lambda t: (-t.sent - t.received, t.name))

    # ---- how it says it ----

    def text(self, *, top: int = 10, color: bool = False) -> str:
        """A summary for people; at most ``top`` lines a table."""
        from ._audit_text import text_of
        return text_of(self, top, color)

    def to_json(self, *, top: int | None = None) -> str:
        """Everything for machines: one object, schema "netpol.audit/v1"."""
        from ._audit_json import json_of
        return json_of(self, top)

    def to_html(self, *, top: int = 50) -> str:
        """A page that needs nothing else: no script, no other file."""
        from ._audit_html import page_of
        return page_of(self, top)

    def to_arrow(self) -> Any:
        """The judged flows as a pyarrow Table, one row a distinct flow."""
        from ._audit_arrow import table_of
        return table_of(self.flows)

    def save(self, path: Path, *, format: str | None = None) -> None:
        """Writes a file: text, JSON, HTML, Parquet or Arrow, by the end of its name."""
        from ._audit_arrow import save
        save(self, path, format)

    def _repr_html_(self) -> str:
        from ._audit_html import part_of
        return part_of(self, 10)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<netpol.Audit: {self.judged} of {self.lines} lines, {self.allowed} allowed>"


def _by_hits(flow: Flow) -> tuple[Any, ...]:
    return (-flow.hits, flow.src.label, flow.dst.label, flow.protocol, flow.port or 0,
            flow.said or "", flow.side or "", flow.src.name, flow.dst.name)


def _grouped(flows: Iterable[Flow],
             said: Callable[[Flow], str | None] = lambda flow: None) -> list[Group]:
    sums: dict[tuple[Any, ...], list[Flow]] = {}
    for flow in flows:
        # Equal decisions are one object; its number is quicker to compare than all that it says.
        key = (_end(flow.src), _end(flow.dst), flow.protocol, flow.port, flow.allowed,
               id(flow.deciding), said(flow))
        sums.setdefault(key, []).append(flow)
    made = [_group(key, alike) for key, alike in sums.items()]
    return sorted(made, key=lambda g: (-g.hits, g.src, g.dst, g.protocol, g.port or 0))


def _end(place: Place) -> str | None:
    return None if place.kind == "outside" else place.label


def _group(key: tuple[Any, ...], flows: list[Flow]) -> Group:
    src, dst, protocol, port, allowed, _, said = key
    d = flows[0].deciding
    src = src or outside({flow.src.label for flow in flows})
    dst = dst or outside({flow.dst.label for flow in flows})
    kind, _, name = (d.policy or "").partition(" ")
    return Group(src, dst, protocol, port, allowed, d.direction, d.reason, kind or None,
                 name or None, d.rule, d.source, d.line, sum(flow.hits for flow in flows),
                 len(flows), said)


def outside(addresses: set[str]) -> str:
    """One address as it is, several by their number."""
    return f"outside ({len(addresses):,} addresses)" if len(addresses) > 1 else min(addresses)


# ---- the policies ----

def _inventory(manifests: Manifests, default_namespace: str) -> list[_Policy]:
    made = []
    store = manifests._store
    for place in manifests.policies._places.values():
        handle, value = store.current(place), store.value(place)
        if errors_of(handle):
            continue  # the cluster goes on without it
        name = _core.object_name(handle)
        if isinstance(value, NetworkPolicy):
            name = f"{_core.object_namespace(handle) or default_namespace}/{name}"
        policy = _Policy(name, type(value).__name__, _core.object_source(handle),
                         int(_core.object_line(handle)), [])
        for direction in ("ingress", "egress"):
            policy.rules += _rules(policy, handle, value, direction)
        made.append(policy)
    return made


def _rules(policy: _Policy, handle: Any, value: Any, direction: str) -> list[RuleUse]:
    spec = value.spec if isinstance(value, NetworkPolicy) else value
    return [RuleUse(policy.name, policy.kind, direction, i,
                    getattr(rule, "action", "Allow") != "Deny", policy.source,
                    _line(handle, f"spec.{direction}[{i}]"))
            for i, rule in enumerate(getattr(spec, direction))]


def _line(handle: Any, path: str) -> int:
    try:
        # Line and column come last; newer SWIG puts a None for the status before them.
        return int(_core.object_locate(handle, path)[-2])
    except NetpolError:
        return 0


# ---- the function ----

def audit(flows: Any, manifests: Source, *, baseline: Source | None = None,
          semantics: str = "spec", default_namespace: str = "default",
          node_addresses: Iterable[str] = (), resolve: Iterable[str] = (),
          keep_going: bool = False, format: str | None = None, use_duckdb: bool = True) -> Audit:
    """Holds flow logs against policies.

    Lines that are alike are counted first, by DuckDB if that is installed; the policies are asked
    about each distinct flow once. The page docs/audit.md says how each kind of line is read.

    :param flows: a path or several (Hubble's JSON, JSON lines, CSV, Parquet, Arrow; "-" is standard
        input), dicts, or a table with ``__arrow_c_stream__`` (Polars, PyArrow, DuckDB relations).
        A column "count" says for how many lines a row stands.
    :param manifests: :func:`load`'s result, or paths.
    :param baseline: what is there today, as ``manifests``: ``changes`` is then what of the log the
        new policies close and open.
    :param semantics, default_namespace, node_addresses, resolve, keep_going: as of
        :class:`Cluster`.
    :param format: of files, where their look does not tell: "hubble", "jsonl", "csv", …
    :param use_duckdb: False reads text with the standard library.
    :raises TypeError: the manifests, or the baseline, are something else.
    :raises ValueError: a log has no columns for source, destination and port.
    :raises ImportError: Parquet, Arrow or a table is given, and what reads it is missing.
    """
    log = Log()
    proposed = loaded_of(manifests, keep_going)
    today = None if baseline is None else _today(baseline, proposed, log, keep_going)
    options = {"semantics": semantics, "node_addresses": tuple(node_addresses),
               "resolve": tuple(resolve), "keep_going": keep_going}
    judge = _judge(proposed, default_namespace, **options)
    left = left_out_of(proposed, judge.engine, "manifests")
    before = None
    if today is not None:
        before = _judge(today, default_namespace, **options)
        left += left_out_of(today, before.engine, "baseline")
    _read(flows, log, format, use_duckdb)
    made = Audit(proposed, log, semantics, default_namespace, left)
    made._take(log.rows.items(), judge, before)
    return made


def _today(baseline: Source, proposed: Manifests, log: Log, keep_going: bool) -> Manifests:
    today, taken = baseline_of(loaded_of(baseline, keep_going), proposed)
    if taken:
        log.note("the baseline has no pods: it is taken to have those of the manifests, and "
                 "their namespaces, nodes and services where it has none of that name")
    return today


def _judge(manifests: Manifests, default_namespace: str, **options: Any) -> Judge:
    cluster = Cluster(manifests, default_namespace=default_namespace, **options)
    engine = cluster.compile()
    return Judge(engine, Directory(manifests, engine, default_namespace))


def _read(flows: Any, log: Log, kind: str | None, use_duckdb: bool) -> None:
    path = path_of(flows)
    if path is not None:
        read_log(path, log, kind=kind, use_duckdb=use_duckdb)
    elif hasattr(flows, "__arrow_c_stream__"):
        read_table(flows, log)
    else:
        several = list(flows) if not isinstance(flows, dict) else [flows]
        if several and all(path_of(one) is not None for one in several):
            for one in several:
                read_log(str(path_of(one)), log, kind=kind, use_duckdb=use_duckdb)
        elif several:
            read_rows(several, log)
