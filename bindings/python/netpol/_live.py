# SPDX-License-Identifier: MIT
"""One engine after the other, for readers that never wait."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ._engine import Cluster, Engine
from ._handle import Handle
from ._manifests import Manifests


class Live(Handle):
    """A cluster under change, and the engine of it that holds now.

        live = netpol.Live(manifests)
        with live.change() as cluster:      # any thread; one at a time
            cluster.put(policy)
            cluster.remove_pod("shop/web-1")
        live.engine.verdict(…)              # any thread; never waits

    Where C programs use ``netpol_live`` to know when an old engine can go, the interpreter's own counting
    does that here: who has taken an engine keeps it, unchanged, for as long as they like.

    :param source: a cluster, or the manifests that one is to be made of. It is changed here only.
    """

    def __init__(self, source: Cluster | Manifests) -> None:
        if not isinstance(source, Cluster | Manifests):
            raise TypeError(f"must be a Cluster or Manifests, not {source!r}")
        self._cluster = source if isinstance(source, Cluster) else Cluster(source)
        self._changing = threading.RLock()
        self._engine = self._cluster.compile()

    @property
    def engine(self) -> Engine:
        """The engine that holds now. Take it once for questions that belong together."""
        return self._engine

    @contextmanager
    def change(self) -> Iterator[Cluster]:
        """The cluster, to be changed: at the end an engine of it takes the place of the last.

        If an exception leaves the block, or the cluster does not compile, the last engine stays; what was
        changed by then belongs to the next one.
        """
        with self._changing:
            yield self._cluster
            self._engine = self._cluster.compile()

    def __repr__(self) -> str:
        return f"<netpol.Live: {self._engine.pod_count} pods>"
