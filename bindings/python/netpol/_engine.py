# SPDX-License-Identifier: MIT
"""Clusters, engines and their answers."""
from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any, Literal

from . import _core
from ._column import ArrowTable, Column
from ._connections import Connections
from ._handle import Handle, SharedHandle
from ._manifests import Manifests, Path, accept, flags_of, format_of, handle_of, read_paths
from ._model import Object, Pod
from ._pictures import answer_html, explanation_html
from ._pods import check_addresses, namespace_of, pod_metadata, pod_of

_MACHINES = {"compiled": _core.ENGINE_COMPILED, "reference": _core.ENGINE_REFERENCE}
_SIDES = {_core.INGRESS: "ingress", _core.EGRESS: "egress"}
_TIERS = {_core.TIER_NONE: "none", _core.TIER_ADMIN: "admin",
          _core.TIER_NETWORK_POLICY: "network-policy", _core.TIER_BASELINE: "baseline"}
_OUTCOMES = {0: "deny", 1: "allow", 2: "mixed"}


def _presets() -> list[str]:
    names: list[str] = []
    while (name := _core.semantics_preset_name(len(names))) is not None:
        names.append(name)
    return names


#: names of what ``Cluster(semantics=…)`` takes
PRESETS: tuple[str, ...] = tuple(_presets())


def _port_text(port: int | str | None) -> str | None:
    if port is None or isinstance(port, str):
        return port
    if isinstance(port, bool) or not hasattr(port, "__index__"):  # integers of NumPy have it, too
        raise TypeError(f"port must be int or str, not {port!r}")
    port = index(port)
    if port.bit_length() > 32:  # the library says the rest; str() of a huge number takes for ever
        raise ValueError("port must be from 1 to 65535")
    return str(port)


def _marks(bits: int) -> tuple[str, ...]:
    return tuple(_core.depends_name(1 << i) for i in range(32)
                 if bits >> i & 1 and _core.depends_name(1 << i))


def _words(argument: str, words: Iterable[str]) -> tuple[str, ...]:
    """One text is no list of texts, though Python would go through its characters."""
    made = None if isinstance(words, str | bytes) else tuple(words)
    if made is None or not all(isinstance(word, str) for word in made):
        raise TypeError(f"{argument} must be a list of str, not {words!r}")
    return made


def _doubt(incomplete: bool) -> str:
    return ", incomplete" if incomplete else ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Why one direction of a flow came out as it did."""

    direction: str  #: "egress" (at the source) or "ingress" (at the destination)
    allowed: bool
    tier: str  #: "none", "admin", "network-policy" or "baseline"
    reason: str  #: "rule", "no-rule", "not-isolated", "self", "own-node", …
    policy: str | None  #: "NetworkPolicy shop/db": that decided, or the first that isolates
    rule: int | None  #: index of its rule
    peer: int | None  #: index of the rule's peer; None: the rule has none (all peers)
    port: int | None  #: index of the rule's port; None: the rule has none (all ports)
    source: str | None  #: file of the policy
    line: int  #: 0: unknown
    column: int
    isolating: tuple[str, ...]  #: all NetworkPolicies that isolate this side

    @property
    def kind(self) -> str | None:
        """The kind of the policy: "NetworkPolicy"."""
        return self.policy and self.policy.partition(" ")[0]

    @property
    def key(self) -> str | None:
        """The policy's name, as the command's JSON and :attr:`Manifests.policies` have it: "shop/db"."""
        return self.policy and self.policy.partition(" ")[2]


def _decision(row: tuple[Any, ...]) -> Decision:
    direction, allowed, tier, reason, policy, rule, peer, port, *rest = row
    source, line, column, isolating = rest
    return Decision(_SIDES[direction], allowed == 1, _TIERS[tier], reason, policy, _index(rule),
                    _index(peer), _index(port), source, line, column, isolating)


def _index(i: int) -> int | None:
    return None if i < 0 else i


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with its reasons. ``str()`` is what ``netpol eval`` prints."""

    allowed: bool
    egress: Decision
    ingress: Decision
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return explanation_html(self)


class Answer(SharedHandle):
    """The answer to a question in words: one or several flows judged. True if all are allowed."""

    def __init__(self, handle: Any, incomplete: bool = False) -> None:
        self._handle = handle
        #: whether something of the input could not be used, so that this may be wrong
        self.incomplete = incomplete
        #: "allow", "deny" or "mixed"
        self.outcome: str = _OUTCOMES[_core.answer_outcome(handle)]
        #: what the answer depends on that network plug-ins see differently
        self.depends: tuple[str, ...] = _marks(_core.answer_depends(handle))

    @property
    def allowed(self) -> bool:
        """Whether every flow that was asked about is allowed."""
        return self.outcome == "allow"

    def __bool__(self) -> bool:
        return self.allowed

    def text(self) -> str:
        """For people: what ``netpol eval`` prints."""
        return str(_core.answer_write(self._handle, _core.FORMAT_TEXT))

    def to_json(self) -> str:
        """One line of JSON: the bytes of ``netpol eval -o json``."""
        return str(_core.answer_write(self._handle, _core.FORMAT_JSON))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<netpol.Answer: {self.outcome}{_doubt(self.incomplete)}>"

    def _repr_html_(self) -> str:
        return answer_html(self)


# Not frozen: that would make each of many verdicts several times as slow to build.
@dataclass(slots=True, unsafe_hash=True, repr=False)
class Verdict:
    """Whether one flow is allowed. ``bool(verdict)`` says the same."""

    allowed: bool
    direction: str | None  #: the side that denied: "egress" or "ingress"
    tier: str  #: which tier decided: "none", "admin", "network-policy", "baseline"
    depends: tuple[str, ...]  #: empty: every network plug-in must agree
    _engine: Engine = field(repr=False, compare=False)
    _flow: tuple[str, str, str | None, str | None] = field(repr=False)

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def incomplete(self) -> bool:
        """Whether something of the input could not be used, so that this may be wrong."""
        return self._engine.incomplete

    def __repr__(self) -> str:
        more = ", incomplete=True" if self.incomplete else ""
        return (f"Verdict(allowed={self.allowed!r}, direction={self.direction!r}, tier={self.tier!r}, "
                f"depends={self.depends!r}{more})")

    def explain(self) -> Explanation:
        """Which policy and rule decided, in each direction."""
        egress, ingress = map(_decision, _core.flow_decisions(self._engine._handle, *self._flow))
        return Explanation(self.allowed, egress, ingress, self._answer().text())

    def to_json(self) -> str:
        """One line of JSON: the bytes of ``netpol eval -o json`` for this flow."""
        return self._answer().to_json()

    def _repr_html_(self) -> str:
        return self.explain()._repr_html_()

    def _answer(self) -> Answer:
        src, dst, protocol, port = self._flow
        return self._engine.ask(src, dst, port=port, protocol=protocol)


class Engine(SharedHandle):
    """A cluster at one moment, ready for questions. Immutable; any number of threads may use it.

    Made by :meth:`Cluster.compile`.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def verdict(self, src: str, dst: str, *, port: int | str | None = None,
                protocol: str | None = None) -> Verdict:
        """Judges one flow.

        :param src, dst: ``"ns/pod"``, ``"ns/name[Kind]"``, ``"pod"`` in the default namespace, or
            an address. For services, workloads and selectors see :meth:`ask`.
        :param port: a number or the name of a port of the destination.
        :param protocol: "TCP" (default), "UDP", "SCTP", "ICMP" or a number as text.
        :raises NotFoundError: there is no such pod.
        """
        flow = (src, dst, protocol, _port_text(port))
        allowed, direction, tier, depends = _core.flow_verdict(self._handle, *flow)
        return Verdict(allowed == 1, _SIDES.get(direction), _TIERS[tier],
                       _marks(depends) if depends else (), self, flow)

    def verdicts(self, src_ips: Any, dst_ips: Any, protocols: Any, ports: Any) -> Any:
        """Judges many flows, without the interpreter lock. 1 is allowed, 0 is denied. Ctrl-C ends it.

        Columns are NumPy arrays, ``array.array``, ``bytes`` or anything else with the buffer
        protocol, and all of one length; an int stands for a whole column.

        :param src_ips, dst_ips: uint32 (IPv4 as a number, in this machine's byte order), or 16
            bytes a row (IPv6, or IPv4 as ::ffff:a.b.c.d).
        :param protocols: uint8, IP protocol numbers: 6 is TCP, 17 UDP, 132 SCTP.
        :param ports: uint16, destination ports.
        :returns: a NumPy array of uint8 if a column is one, else a bytearray.
        :raises TypeError, ValueError: a column of a wrong type or length.
        """
        made = _core.batch(self._handle, src_ips, dst_ips, protocols, ports)
        numpy = sys.modules.get("numpy")
        columns = (src_ips, dst_ips, protocols, ports)
        if numpy is not None and any(isinstance(c, numpy.ndarray) for c in columns):
            return numpy.frombuffer(made, numpy.uint8)
        return made

    def evaluate(self, table: ArrowTable, *, src: str = "src", dst: str = "dst",
                 protocol: str | int | None = None, port: str | int = "port",
                 errors: Literal["raise", "null"] = "raise") -> Column:
        """Judges a table of flows, without the interpreter lock.

        :param table: an Arrow table, record batch or stream of any library (PyArrow, Polars,
            DuckDB, …): anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``.
        :param src, dst: names of the columns of sides: strings (addresses, or pods as "ns/pod"),
            unsigned integers (IPv4), or binary of 4 or 16 bytes. Dictionaries are welcome.
        :param protocol: name of a column of strings ("TCP") or numbers, or one number for all. None:
            the column "protocol" or "proto", else TCP.
        :param port: name of a column of integers, or one for all. Null is right where the protocol
            has no ports.
        :param errors: what is done with rows that name no address, pod, protocol or port.
        :returns: a column of "allowed"; null where something needed is null.
        :raises TypeError, ValueError: a column of a wrong type, a wrong value; by column and row.
        :raises NotFoundError: a text is neither an address nor a pod.
        """
        if errors not in ("raise", "null"):
            raise ValueError(f"errors must be raise or null, not {errors!r}")
        columns = (src, dst, ("protocol", "proto", 6) if protocol is None else protocol, port)
        return Column(_core.evaluate(self._handle, table, columns, errors == "null"))

    def ask(self, src: str, dst: str, *, port: int | str | None = None,
            protocol: str | None = None, namespace: str | None = None, family: int = 0,
            all_presets: bool = False) -> Answer:
        """Answers a question in words, as ``netpol eval`` does.

        :param src, dst: pods, workloads (``"deploy/x"``), selectors (``"ns/app=web"``, ``"ns/*"``),
            addresses, services (``"svc:ns/name"``), ``"node:NAME"``, ``"internet"``, ``"any"``.
        :param port: None asks for all ports.
        :param namespace: of names that have none.
        :param family: 4 or 6; 0 asks for every family that both sides have.
        :param all_presets: say too which presets would answer otherwise.
        """
        return Answer(_core.engine_ask(self._handle, src, dst, protocol, _port_text(port),
                                       namespace, family, all_presets).this,
                      self.incomplete)

    def answer_line(self, line: str | bytes) -> str:
        """Answers a line of ``netpol eval --queries``: JSON in, the same with the verdict out."""
        return str(_core.engine_answer_line(self._handle, line))

    def list(self, format: Literal["text", "json"] = "text", *, focus: str | None = None,
             pods: bool = False, include_self: bool = False) -> str:
        """Who can talk to whom, as ``netpol list`` prints it. What is not listed is denied.

        :param focus: only connections of this workload: ``"ns/name"``.
        :param pods: pods one by one instead of their owners.
        :param include_self: connections of a workload with itself too.
        """
        number = format_of(format, "text", "json")
        return str(_core.engine_list(self._handle, focus, pods, include_self, number, 0))

    def connections(self, *, focus: str | None = None, pods: bool = False,
                    include_self: bool = False) -> Connections:
        """Who can talk to whom, as values; a notebook shows a picture. See :meth:`list`."""
        return Connections(self.list("json", focus=focus, pods=pods, include_self=include_self))

    @property
    def incomplete(self) -> bool:
        """Whether a document was broken or a policy invalid, and ``keep_going`` went on without it.

        Then everything that this engine says may be wrong.
        """
        return bool(_core.engine_incomplete(self._handle))

    @property
    def pod_count(self) -> int:
        """How many pods there are, replicas of workloads included."""
        return int(_core.engine_pod_count(self._handle))

    def __repr__(self) -> str:
        return f"<netpol.Engine: {self.pod_count} pods{_doubt(self.incomplete)}>"


class Cluster(Handle):
    """Namespaces, pods, nodes, services and policies, which may change; engines are made of it.

    :param manifests: what it begins with; changes made to its values are seen.
    :param semantics: what upstream leaves to the network plug-in, by the name of a preset: "spec",
        "cilium", "calico", "ovn-kubernetes", "antrea", "np-guard", "knp", "strict" or "open".
    :param default_namespace: of objects that name none.
    :param node_addresses: "node=address", or "address" of every node: more local addresses.
    :param resolve: "name=ip,ip": what domain names stand for.
    :param keep_going: go on without policies that are invalid; engines, verdicts and answers are then
        ``incomplete``.
    :raises InvalidError: a policy is invalid, or an object is there twice.
    """

    def __init__(self, manifests: Manifests | None = None, *, semantics: str = "spec",
                 default_namespace: str | None = None, node_addresses: Iterable[str] = (),
                 resolve: Iterable[str] = (), keep_going: bool = False) -> None:
        if semantics not in PRESETS:
            raise ValueError(f"semantics must be one of {', '.join(PRESETS)}, not {semantics!r}")
        if manifests is not None and not isinstance(manifests, Manifests):
            raise TypeError(f"a cluster is made of Manifests, not {manifests!r}")
        self._lock = threading.Lock()
        self._handle = _core.cluster_new(semantics, default_namespace,
                                         _words("node_addresses", node_addresses),
                                         _words("resolve", resolve),
                                         flags_of(keep_going=keep_going)).this
        if manifests is not None:
            self._put_list(manifests._current())

    @classmethod
    def load(cls, *paths: Path, lenient: bool = False, keep_going: bool = False,
             **options: Any) -> Cluster:
        """Reads files and directories without making Python values of them: for large inputs."""
        flags = flags_of(lenient=lenient, keep_going=keep_going)
        handle, complete = read_paths(paths, flags)
        accept(handle, complete, keep_going)
        made = cls(keep_going=keep_going, **options)
        made._put_list(handle)
        return made

    def _put_list(self, handle: Any) -> None:
        with self._lock:
            _core.cluster_put_all(self._handle, handle)

    def put(self, value: Object) -> None:
        """Adds an object, or replaces the one of its kind and name. Engines do not change.

        :raises InvalidError: a policy is invalid.
        :raises TypeError, ValueError: a value of a wrong type, by its path; ``status.pod_ip`` of a pod
            that is not the first of its ``status.pod_ips``.
        """
        check_addresses(value)
        handle = handle_of(value)
        with self._lock:
            _core.cluster_put(self._handle, handle)

    def remove(self, value: Object) -> None:
        """Removes the object of this kind and name.

        :raises NotFoundError: there is none.
        """
        handle = handle_of(value)
        with self._lock:
            _core.cluster_remove(self._handle, _core.object_kind(handle),
                                 _core.object_namespace(handle), _core.object_name(handle))

    def set_pod(self, name: str, labels: Mapping[str, str] | None = None, *, ips: Iterable[str] = (),
                ports: Mapping[str, int] | None = None, node: str = "",
                host_network: bool = False) -> None:
        """Adds a running pod, or replaces the one of this name; what :meth:`put` does with a Pod.

        :param name: "ns/pod", or "pod" in the default namespace.
        :param ips: a list of its addresses, of one family or of both.
        :param ports: its named TCP ports: ``{"http": 8080}``. For other protocols see :meth:`put`.
        :raises TypeError, ValueError: an argument, by its name, that no pod could have.
        """
        self.put(pod_of(name, labels, ips, ports, node, host_network))

    def remove_pod(self, name: str) -> None:
        """Removes a pod: "ns/pod", or "pod" in the default namespace.

        :raises NotFoundError: there is none.
        """
        self.remove(Pod(metadata=pod_metadata(name)))

    def set_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Adds a namespace, or replaces its labels."""
        self.put(namespace_of(name, labels))

    def compile(self, engine: Literal["compiled", "reference"] = "compiled") -> Engine:
        """Makes an engine of the cluster as it stands.

        :param engine: "reference" reads the rules one by one: slow, with the same answers.
        """
        if engine not in _MACHINES:
            raise ValueError(f"engine must be compiled or reference, not {engine!r}")
        with self._lock:
            return Engine(_core.cluster_compile(self._handle, _MACHINES[engine]).this)


class Selector:
    """A label selector in kubectl's text form: ``Selector("app=web,tier in (a,b)")``.

    :raises InvalidError: the text is none.
    """

    __slots__ = ("_handle",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a selector is made of str, not {text!r}")
        self._handle = _core.selector_parse(text, 0).this

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return bool(_core.selector_matches(self._handle, labels))

    def __str__(self) -> str:
        return str(_core.selector_format(self._handle))

    def __repr__(self) -> str:
        return f"Selector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selector) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Selector, (str(self),)
