# SPDX-License-Identifier: MIT
"""Pods and namespaces from plain arguments. What no cluster could hold is refused by the argument's name."""
from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from operator import index

from ._model import (Container, ContainerPort, Namespace, Object, ObjectMeta, Pod, PodSpec,
                     PodStatus)


def pod_of(name: str, labels: Mapping[str, str] | None, ips: Iterable[str],
           ports: Mapping[str, int] | None, node: str, host_network: bool) -> Pod:
    """A running pod; what Cluster.set_pod() takes."""
    addresses = _addresses(ips)
    main = Container(name="main", ports=_ports(ports))
    return Pod(metadata=pod_metadata(name, labels),
               spec=PodSpec(node_name=node, host_network=host_network, containers=[main]),
               status=PodStatus(phase="Running", pod_ip=addresses[0] if addresses else "",
                                pod_ips=addresses))


def pod_metadata(name: str, labels: Mapping[str, str] | None = None) -> ObjectMeta:
    """Of a pod that is called "ns/pod", or "pod"."""
    space, slash, last = _text("name", name).rpartition("/")
    if not last or bool(slash) != bool(space) or "/" in space:
        raise ValueError(f'name must be "namespace/pod" or "pod", not {name!r}')
    return ObjectMeta(name=last, namespace_name=space, labels=_labels(labels))


def namespace_of(name: str, labels: Mapping[str, str] | None) -> Namespace:
    """What Cluster.set_namespace() takes."""
    if not _text("name", name) or "/" in name:
        raise ValueError(f"name must be that of a namespace, not {name!r}")
    return Namespace(metadata=ObjectMeta(name=name, labels=_labels(labels)))


def check_addresses(value: Object) -> None:
    """Of a pod that was made or changed: Kubernetes wants podIP to be the first of podIPs."""
    status = value.status if isinstance(value, Pod) else None
    if isinstance(status, PodStatus) and status.pod_ip and status.pod_ips \
            and status.pod_ips[0] != status.pod_ip:
        raise ValueError(f"Pod {value.metadata.name}: status.pod_ip is {status.pod_ip!r}, but "
                         f"status.pod_ips begins with {status.pod_ips[0]!r}: set both")


def _text(argument: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be str, not {value!r}")
    return value


def _labels(labels: Mapping[str, str] | None) -> dict[str, str]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise TypeError(f"labels must be a mapping from str to str, not {labels!r}")
    return {_text("labels: a key", key): _text(f"labels: {key!r}", value)
            for key, value in labels.items()}


def _addresses(ips: Iterable[str]) -> list[str]:
    """One text is no list of addresses, though Python would go through its characters."""
    if isinstance(ips, str | bytes) or not isinstance(ips, Iterable):
        raise TypeError(f'ips must be a list of addresses such as ["10.0.0.1"], not {ips!r}')
    return [_address(_text("ips: an address", ip)) for ip in ips]


def _address(ip: str) -> str:
    try:
        ipaddress.ip_address(ip)
        known = "%" not in ip  # zones are of one machine
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"ips: {ip!r} is no IPv4 or IPv6 address")
    return ip


def _ports(ports: Mapping[str, int] | None) -> list[ContainerPort]:
    if ports is None:
        return []
    if not isinstance(ports, Mapping):
        raise TypeError(f'ports must be a mapping such as {{"http": 8080}}, not {ports!r}')
    return [_port(name, number) for name, number in ports.items()]


def _port(name: str, number: int) -> ContainerPort:
    if not _text("ports: a name", name):
        raise ValueError("ports: a name is empty")
    if isinstance(number, bool) or not hasattr(number, "__index__"):  # integers of NumPy, too
        raise TypeError(f"ports: {name!r} must be int, not {number!r}")
    if not 1 <= number <= 65535:
        raise ValueError(f"ports: {name!r} must be from 1 to 65535, not {number}")
    return ContainerPort(name=name, container_port=index(number))
