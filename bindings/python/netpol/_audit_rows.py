# SPDX-License-Identifier: MIT
"""One line of a flow log: what it says, in the words of whoever wrote it. Knows no policy."""
from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: the cells of one line, as text, in the order of HUBBLE_PATHS or FLAT_FIELDS
Raw = tuple[str | None, ...]


class End(NamedTuple):
    """One side of a flow."""

    ip: str | None
    namespace: str | None = None
    pod: str | None = None
    owner: str | None = None  #: name of the workload
    kind: str | None = None  #: its kind
    node: bool = False  #: the log says that it is a node


class Row(NamedTuple):
    """A line that can be judged."""

    src: End
    dst: End
    protocol: str  #: "TCP", or the number of a protocol that has no name here
    port: int | None  #: None: the protocol has none
    said: str | None  #: the log's own verdict: "forwarded", "dropped", "dropped otherwise"
    side: str | None  #: where it was seen: "egress", "ingress"


@dataclass(frozen=True, slots=True)
class Skip:
    """A line that is right and not to be judged."""

    why: str
    lost: int = 0  #: how many events Hubble says that it lost


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that cannot be used."""

    why: str


REPLIES = "replies"
LAYER_7 = "layer 7 and socket events"
NO_FLOW = "events that are no flows"

_END = ("IP.{ip}", "{end}.namespace", "{end}.pod_name", "{end}.workloads[0].name",
        "{end}.workloads[0].kind", "{end}.identity")


def _end_paths(end: str) -> tuple[str, ...]:
    return tuple(path.format(ip=end, end=end) for path in _END)


#: where Hubble's JSON has what is needed, below "flow"
HUBBLE_PATHS = (
    *_end_paths("source"), *_end_paths("destination"),
    "l4.TCP.destination_port", "l4.UDP.destination_port", "l4.SCTP.destination_port",
    "l4.ICMPv4", "l4.ICMPv6", "verdict", "drop_reason_desc", "drop_reason", "traffic_direction",
    "is_reply", "reply", "Type",
)
#: as HUBBLE_PATHS, of an event that is no flow
HUBBLE_LOST = "lost_events.num_events_lost"

# Reserved identities of Cilium: host, health, remote-node, kube-apiserver.
_NODES = {"1", "4", "6", "7"}
# Drop reasons of Cilium that are policy: "Policy denied", "Policy denied by denylist".
_POLICY_REASONS = {"133", "181", "POLICY_DENIED", "POLICY_DENY"}
_SIDES = {"EGRESS": "egress", "INGRESS": "ingress", "OUT": "egress", "IN": "ingress"}
_HUBBLE_SAID = {"FORWARDED": "forwarded", "REDIRECTED": "forwarded", "AUDIT": "dropped"}


@functools.lru_cache(maxsize=1 << 16)
def address_of(text: str) -> str | None:
    """An address in its one form; IPv4 in IPv6 and numbers are IPv4. None: it is no address."""
    try:
        number = int(text) if text.isascii() and text.isdigit() else text
        ip = ipaddress.ip_address(number)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def hubble_row(raw: Raw, lost: str | None = None) -> Row | Skip | Bad:
    """What an event of ``hubble observe -o json`` says."""
    (tcp, udp, sctp, icmp4, icmp6, verdict, reason, number, side, is_reply, reply,
     kind) = raw[12:]
    if not any(raw):
        return Skip(NO_FLOW, _lost(lost))
    if kind in ("L7", "SOCK"):
        return Skip(LAYER_7)
    if _yes(is_reply if is_reply is not None else reply):
        return Skip(REPLIES)
    ends = _hubble_end(raw[0:6]), _hubble_end(raw[6:12])
    ports = {"TCP": tcp, "UDP": udp, "SCTP": sctp, "ICMP": icmp4, "ICMPv6": icmp6}
    protocol = next((name for name, port in ports.items() if port is not None), None)
    if protocol is None:
        return Bad("no protocol, or no destination port")
    return _row(ends, protocol, ports[protocol], _hubble_said(verdict, reason or number), side)


def _lost(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


@functools.lru_cache(maxsize=1 << 16)
def _hubble_end(cells: Raw) -> End | Bad | None:
    text, namespace, pod, owner, kind, identity = cells
    ip = address_of(text) if text else None
    if text and ip is None:
        return Bad(f"no address: {text}")
    if ip is None and not pod and not owner:
        return None
    return _named(End(ip, namespace, pod, owner, kind, identity in _NODES and not pod))


def _named(end: End) -> End | Bad:
    """The end, if its names can be names at all: the engine takes text without NUL."""
    for word in (end.namespace, end.pod, end.owner, end.kind):
        if word and ("\0" in word or any("\ud800" <= c <= "\udfff" for c in word)):
            return Bad(f"no name: {word!a}")
    return end


def _hubble_said(verdict: str | None, reason: str | None) -> str | None:
    if verdict == "DROPPED":
        return "dropped" if reason is None or reason in _POLICY_REASONS else "dropped otherwise"
    return _HUBBLE_SAID.get(verdict or "")


# ---- tables: CSV, Parquet, flat JSON ----

_NAMES = {
    "src": "src source srcip sourceip srcaddr sourceaddress saddr sip clientip idorigh from",
    "src_namespace": "srcnamespace sourcenamespace srcns sourcens",
    "src_pod": "srcpod sourcepod srcpodname sourcepodname",
    "src_owner": "srcworkload sourceworkload srcowner sourceowner",
    "dst": "dst dest destination dstip destip destinationip dstaddr destaddr destinationaddress "
           "daddr dip serverip idresph to",
    "dst_namespace": "dstnamespace destnamespace destinationnamespace dstns destns destinationns",
    "dst_pod": "dstpod destpod destinationpod dstpodname destpodname destinationpodname",
    "dst_owner": "dstworkload destworkload destinationworkload dstowner destowner destinationowner",
    "protocol": "proto protocol ipprotocol protocolname l4protocol",
    "port": "port dstport destport destinationport dport serverport idrespp",
    "verdict": "verdict action decision policyverdict flowverdict",
    "side": "direction trafficdirection flowdirection",
    "reply": "isreply reply",
    "count": "count hits n",
}
#: what a table may have
FLAT_FIELDS = tuple(_NAMES)
#: what a line of JSON need not have, and its key where the first lines do not tell
OPTIONAL = {"protocol": "proto", "verdict": "verdict", "count": "count", "reply": "is_reply"}
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names.split()}

_FORWARDED = {"forwarded", "allow", "allowed", "accept", "accepted", "pass", "permit", "ok",
              "redirected", "true", "1"}
_DROPPED = {"dropped", "drop", "deny", "denied", "reject", "rejected", "block", "blocked", "audit",
            "false", "0"}


def columns_of(names: Iterable[str]) -> dict[str, str]:
    """Which column of a table has which field. The first of two wins.

    :raises ValueError: a side, or the port, is nowhere.
    """
    given = list(names)
    found: dict[str, str] = {}
    for name in given:
        plain = "".join(c for c in name.lower() if c.isalnum())
        if plain in _FIELD_OF:
            found.setdefault(_FIELD_OF[plain], name)
    wanted = {"source": ("src", "src_pod", "src_owner"),
              "destination": ("dst", "dst_pod", "dst_owner"), "destination port": ("port",)}
    for what, fields in wanted.items():
        if not any(field in found for field in fields):
            raise ValueError(f"no column for the {what} (src, dst, port, …) among: "
                             f"{', '.join(given) or 'none at all'}")
    return found


def flat_row(raw: Raw) -> Row | Skip | Bad:
    """What a row of a table says; where it names no protocol, that is TCP."""
    protocol, port, verdict, side, reply = raw[8:13]
    if _yes(reply):
        return Skip(REPLIES)
    ends = _flat_end(raw[0:4]), _flat_end(raw[4:8])
    word = (verdict or "").strip().lower()
    said = "forwarded" if word in _FORWARDED else "dropped" if word in _DROPPED else None
    return _row(ends, "TCP" if protocol is None else protocol, port, said, side)


@functools.lru_cache(maxsize=1 << 16)
def _flat_end(cells: Raw) -> End | Bad | None:
    text, namespace, pod, owner = (cell.strip() if cell else None for cell in cells)
    ip = address_of(text) if text else None
    if text and text != "-" and ip is None:
        space, _, name = text.rpartition("/")
        namespace, pod = namespace or space or None, pod or name
    if ip is None and not pod and not owner:
        return None
    return _named(End(ip, namespace or None, pod or None, owner or None))


def _yes(text: str | None) -> bool:
    return text is not None and text.strip().lower() in ("true", "1", "t", "yes", "y")


# ---- what both have in common ----

_PROTOCOLS = {"6": "TCP", "17": "UDP", "132": "SCTP", "1": "ICMP", "58": "ICMPv6",
              "TCP": "TCP", "UDP": "UDP", "SCTP": "SCTP", "ICMP": "ICMP", "ICMPV4": "ICMP",
              "ICMPV6": "ICMPv6", "ICMP6": "ICMPv6"}
_WITH_PORTS = ("TCP", "UDP", "SCTP")


def _protocol_of(text: str | None) -> str | Bad:
    word = (text or "").strip().upper()
    if not word:
        return Bad("no protocol")
    if word in _PROTOCOLS:
        return _PROTOCOLS[word]
    if word.isascii() and word.isdigit() and len(word) <= 3 and int(word) <= 255:
        number = str(int(word))
        return _PROTOCOLS.get(number, number)
    return Bad(f"unknown protocol: {text}")


def _port_of(protocol: str, text: str | None) -> int | None | Bad:
    if protocol not in _WITH_PORTS:
        return None
    word = (text or "").strip()
    if not word:
        return Bad("no destination port")
    number = int(word) if word.isascii() and word.isdigit() and len(word) <= 5 else 0
    return number if 1 <= number <= 65535 else Bad(f"no port: {text}")


def _row(ends: Sequence[End | Bad | None], protocol: str | None, port: str | None,
         said: str | None, side: str | None) -> Row | Bad:
    src, dst = ends
    for end, name in ((src, "source"), (dst, "destination")):
        if end is None:
            return Bad(f"no {name}")
        if isinstance(end, Bad):
            return end
    assert isinstance(src, End) and isinstance(dst, End)
    named = _protocol_of(protocol)
    if isinstance(named, Bad):
        return named
    number = _port_of(named, port)
    if isinstance(number, Bad):
        return number
    return Row(src, dst, named, number, said, _SIDES.get((side or "").strip().upper()))
