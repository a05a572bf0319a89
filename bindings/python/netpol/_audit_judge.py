# SPDX-License-Identifier: MIT
"""Who the ends of a flow are in these manifests, and what the policies say of it."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from . import _core
from ._audit_rows import End, Row
from ._engine import Decision, Engine
from ._engine import _decision as decision_of
from ._engine import _marks as marks_of
from ._errors import NetpolError, NotFoundError
from ._manifests import Manifests
from ._model import Node, Pod, Service


class Place(NamedTuple):
    """An end that is known: how the engine is asked about it, and how reports name it."""

    name: str
    label: str
    kind: str  #: "pod", "node", "service" or "outside"
    assumed: bool = False  #: the workload was told from the form of the pod's name


class Unknown(NamedTuple):
    """An end that the manifests do not have, so that nothing can be said of its flows."""

    label: str
    why: str


@dataclass(slots=True)
class Flow:
    """One distinct flow of the log, judged."""

    src: Place
    dst: Place
    protocol: str
    port: int | None
    hits: int
    said: str | None  #: by the log: "forwarded", "dropped", "dropped otherwise"
    side: str | None  #: where the log saw it: "egress", "ingress"
    allowed: bool
    egress: Decision
    ingress: Decision
    depends: tuple[str, ...]  #: what network plug-ins see differently
    before: bool | None = None  #: whether the baseline allows it; None: it does not know

    @property
    def change(self) -> str | None:
        """What became of it against the baseline: "closed" or "opened"."""
        if self.before is None or self.before == self.allowed:
            return None
        return "opened" if self.allowed else "closed"

    @property
    def deciding(self) -> Decision:
        """The side that speaks: one that denies, else one where a policy decided, else a pod's."""
        sides = (self.ingress, self.egress)
        speaks = [d for d in reversed(sides) if not d.allowed]
        speaks += [d for d in sides if d.tier != "none"]
        speaks += [d for d in sides if d.reason != "not-a-pod"]
        return [*speaks, self.ingress][0]

    @property
    def mismatch(self) -> str | None:
        """Where the log says otherwise of the side that it saw."""
        sides = {"egress": self.egress.allowed, "ingress": self.ingress.allowed}
        ours = sides.get(self.side or "", self.allowed)
        if self.said == "forwarded" and not ours:
            return "forwarded"
        return "dropped" if self.said == "dropped" and ours else None

    @property
    def covered(self) -> bool:
        """Whether a policy had a say, or none could have."""
        reasons = {self.egress.reason, self.ingress.reason}
        return (self.egress.tier != "none" or self.ingress.tier != "none"
                or bool(reasons & {"self", "own-node"}) or reasons == {"not-a-pod"})


# Names that controllers generate: their alphabet has no vowels and no 0, 1, 3.
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = (
    (re.compile(rf"(.+)-{_RANDOM}{{1,10}}-{_RANDOM}{{5}}"), ("Deployment",)),
    (re.compile(rf"(.+)-[0-9]+-{_RANDOM}{{5}}"), ("CronJob",)),
    (re.compile(rf"(.+)-{_RANDOM}{{5}}"),
     ("DaemonSet", "ReplicaSet", "Job", "ReplicationController")),
    (re.compile(r"(.+)-[0-9]+"), ("StatefulSet",)),
)


class Directory:
    """The ends that the manifests know, by name and by address."""

    def __init__(self, manifests: Manifests, engine: Engine, default_namespace: str) -> None:
        self._engine = engine._handle
        self.default_namespace = default_namespace
        self._by_address: dict[str, Place] = {}
        self._owners: dict[str, str] = {}  # label of a pod's owner, by "ns/pod"
        self._known: dict[End, Place | Unknown] = {}
        for node in manifests.of_type(Node):
            for address in node.addresses:
                self._note(address.address, f"node {node.metadata.name}", "node")
        for service in manifests.of_type(Service):
            name = f"svc:{self._full(service.metadata)}"
            for ip in {service.cluster_ip, *service.cluster_ips, *service.external_ips,
                       service.load_balancer_ip, *service.ingress_ips}:
                self._note(ip, name, "service")
        for pod in manifests.of_type(Pod):
            self._note_pod(pod)

    def _full(self, metadata: Any) -> str:
        return f"{metadata.namespace_name or self.default_namespace}/{metadata.name}"

    def _note(self, ip: str, label: str, kind: str) -> None:
        if ip and ip != "None":
            self._by_address[ip] = Place(ip, label, kind)

    def _note_pod(self, pod: Pod) -> None:
        name = self._full(pod.metadata)
        label = self._owners[name] = _owner_of(pod, self.default_namespace) or name
        status = pod.status
        if status is None or pod.spec.host_network or status.phase in ("Succeeded", "Failed"):
            return
        for ip in {status.pod_ip, *status.pod_ips}:
            self._note(ip, label, "pod")

    def find(self, end: End) -> Place | Unknown:
        """Who it is. Names win over addresses: a log is older than the manifests, perhaps."""
        found = self._known.get(end)
        if found is None:
            found = self._known[end] = self._search(end)
        return found

    def _search(self, end: End) -> Place | Unknown:
        space = end.namespace or self.default_namespace
        at = self._by_address.get(end.ip or "")
        named = end.pod or end.owner
        if named is None:
            return self._address(end, at)
        for name, assumed in self._candidates(end):
            if self._is_pod(space, name):
                label = self._owners.get(f"{space}/{name}", f"{space}/{name}")
                if at is not None and at.label == label and end.ip:
                    return at._replace(assumed=assumed)
                return Place(f"{space}/{name}", label, "pod", assumed)
        return Unknown(f"{space}/{named}", "a pod that the manifests do not have")

    @staticmethod
    def _candidates(end: End) -> Iterator[tuple[str, bool]]:
        if end.pod:
            yield end.pod, False
        if end.owner:
            yield f"{end.owner}[{end.kind}]" if end.kind else end.owner, False
        for form, kinds in _GENERATED:
            if match := form.fullmatch(end.pod or ""):
                for kind in kinds:
                    yield f"{match[1]}[{kind}]", True

    def _is_pod(self, space: str, name: str) -> bool:
        try:
            _core.engine_pod(self._engine, space, name)
        except NotFoundError:
            return False
        return True

    @staticmethod
    def _address(end: End, at: Place | None) -> Place | Unknown:
        assert end.ip is not None
        if at is not None:
            return at
        if end.node:
            return Unknown(f"node {end.ip}", "a node that the manifests do not have")
        return Place(end.ip, end.ip, "outside")


def _owner_of(pod: Pod, default_namespace: str) -> str | None:
    """The workload behind a pod, as reports name it: of a ReplicaSet, its Deployment."""
    for reference in pod.metadata.owner_references:
        if not reference.controller:
            continue
        kind, name = reference.kind, reference.name
        template = pod.metadata.labels.get("pod-template-hash")
        if kind == "ReplicaSet" and template and name.endswith(f"-{template}"):
            kind, name = "Deployment", name.removesuffix(f"-{template}")
        return f"{pod.metadata.namespace_name or default_namespace}/{name}[{kind}]"
    return None


# What the engine says of one flow.
_Said = tuple[bool, Decision, Decision, tuple[str, ...]]


class Judge:
    """Asks the engine about rows, of each distinct flow once."""

    def __init__(self, engine: Engine, directory: Directory) -> None:
        self.engine = engine
        self._directory = directory
        self._said: dict[tuple[str, str, str, int | None], _Said] = {}
        # There are as many as rules, not as flows: one object each.
        self._decisions: dict[tuple[Any, ...], Decision] = {}

    def judge(self, row: Row, hits: int) -> Flow | Unknown:
        """A row of the log, judged; or the end that is unknown."""
        src, dst = self._directory.find(row.src), self._directory.find(row.dst)
        for end in (src, dst):
            if isinstance(end, Unknown):
                return end
        assert isinstance(src, Place) and isinstance(dst, Place)
        if src.kind == "service":
            return Unknown(src.label, "the address of a service, which opens no connection")
        key = (src.name, dst.name, row.protocol, row.port)
        said = self._said.get(key)
        if said is None:
            try:
                ask = self._by_service if dst.kind == "service" else self._by_pod
                said = self._said[key] = ask(src, dst, row.protocol, row.port)
            except NetpolError as error:
                return Unknown(f"{src.label} -> {dst.label}", str(error))
        allowed, egress, ingress, depends = said
        return Flow(src, dst, row.protocol, row.port, hits, row.said, row.side, allowed, egress,
                    ingress, depends)

    def _by_pod(self, src: Place, dst: Place, protocol: str, port: int | None) -> _Said:
        flow = (self.engine._handle, src.name, dst.name, protocol,
                None if port is None else str(port))
        allowed, _, _, depends = _core.flow_verdict(*flow)
        egress, ingress = map(self._decision, _core.flow_decisions(*flow))
        return allowed == 1, egress, ingress, marks_of(depends) if depends else ()

    def _decision(self, row: tuple[Any, ...]) -> Decision:
        known = self._decisions.get(row)
        if known is None:
            known = self._decisions[row] = self._named(decision_of(row))
        return known

    def _named(self, decision: Decision) -> Decision:
        """With the namespaces of policies that leave theirs out."""
        if decision.policy is None and not decision.isolating:
            return decision
        return replace(decision, policy=decision.policy and self._full(decision.policy),
                       isolating=tuple(map(self._full, decision.isolating)))

    def _full(self, policy: str) -> str:
        kind, _, name = policy.partition(" ")
        whole = kind != "NetworkPolicy" or "/" in name
        return policy if whole else f"{kind} {self._directory.default_namespace}/{name}"

    def _by_service(self, src: Place, dst: Place, protocol: str, port: int | None) -> _Said:
        """By the pods behind the service: denied if one of them is denied."""
        answer = self.engine.ask(src.name, dst.name, port=port, protocol=protocol)
        made = json.loads(answer.to_json())
        flows = made.get("flows") or [made]
        flow = next((f for f in flows if f.get("verdict") != "allow"), flows[0])
        egress, ingress = (self._once(_written(flow, side)) for side in ("egress", "ingress"))
        return answer.allowed, egress, ingress, answer.depends

    def _once(self, decision: Decision) -> Decision:
        return self._decisions.setdefault((decision,), decision)


def _written(flow: dict[str, Any], direction: str) -> Decision:
    """A decision of ``netpol eval -o json``."""
    said = flow.get(direction) or {"allowed": flow.get("verdict") == "allow"}
    policy = f"{said['kind']} {said['policy']}" if "policy" in said else None
    return Decision(direction, bool(said["allowed"]), said.get("tier", "none"),
                    said.get("reason", ""), policy, said.get("rule"), said.get("peer"),
                    said.get("port"), said.get("source"), said.get("line", 0),
                    said.get("column", 0), ())
