# SPDX-License-Identifier: MIT
"""Manifests in and out: loading, changing, writing, validating."""
from __future__ import annotations

import os
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any, Literal, TypeVar

from . import _core, _model
from ._errors import Diagnostic, LoadError, NetpolError, diagnostics_of, summary
from ._model import Object, Policy

Path = str | os.PathLike[str]
T = TypeVar("T")

_POLICIES = {
    _core.KIND_NETWORK_POLICY,
    _core.KIND_CLUSTER_NETWORK_POLICY,
    _core.KIND_ADMIN_NETWORK_POLICY,
    _core.KIND_BASELINE_ADMIN_NETWORK_POLICY,
}

# Two threads that ask for one value get the same. A finalizer may ask for one meanwhile, too.
_MAKING = threading.RLock()


def flags_of(*, lenient: bool = False, tolerant_cidr: bool = False, keep_going: bool = False,
             standard_channel: bool = False) -> int:
    """Options as the C library takes them."""
    return int((_core.LENIENT if lenient else 0)
               | (_core.TOLERANT_CIDR if tolerant_cidr else 0)
               | (_core.KEEP_GOING if keep_going else 0)
               | (_core.STANDARD_CHANNEL if standard_channel else 0))


def handle_of(value: Object) -> Any:
    """The C object of a value."""
    return _core.object_of(value, _model.CLASSES)


class _Entry:
    """One object: as it was read, and as a value once somebody has asked for it."""

    __slots__ = ("handle", "value", "kind", "key")

    def __init__(self, handle: Any, value: Object | None = None) -> None:
        self.handle = handle
        self.value = value
        self.kind: int = _core.object_kind(handle)
        name = _core.object_name(handle)
        space = _core.object_namespace(handle)
        self.key: str = f"{space or 'default'}/{name}" if self._namespaced else name

    @property
    def _namespaced(self) -> bool:
        return self.kind not in _POLICIES or self.kind == _core.KIND_NETWORK_POLICY

    def get(self) -> Object:
        if self.value is None:
            with _MAKING:
                self.value = self.value or _core.value_of(self.handle, _model.CLASSES)
        assert self.value is not None
        return self.value

    def current(self) -> Any:
        """The object as it stands: the one that was read, unless its value was changed since."""
        if self.value is None:
            return self.handle
        now = handle_of(self.value)
        return self.handle if _core.object_equal(now, self.handle) else now


class Policies(MutableMapping[str, Policy]):
    """Policies by name: ``"namespace/name"``, or ``"name"`` of those that have no namespace.

    Values may be changed in place; a cluster that is made afterwards sees it.
    """

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._by_key: dict[str, _Entry] = {}
        for entry in entries:
            self._note(entry)

    def _note(self, entry: _Entry) -> None:
        # Of two of one name, which no cluster takes, the first is shown.
        if entry.kind in _POLICIES:
            self._by_key.setdefault(entry.key, entry)

    def __getitem__(self, key: str) -> Policy:
        value = self._by_key[key].get()
        assert isinstance(value, Policy)
        return value

    def __setitem__(self, key: str, value: Policy) -> None:
        made = _Entry(handle_of(value), value)
        if made.kind not in _POLICIES:
            raise TypeError(f"{made.key} is no policy but a {type(value).__name__}")
        if made.key != key:
            raise ValueError(f"the policy's name is {made.key}, not {key}")
        if key in self._by_key:
            self._entries[self._entries.index(self._by_key[key])] = made
        else:
            self._entries.append(made)
        self._by_key[key] = made

    def __delitem__(self, key: str) -> None:
        self._entries.remove(self._by_key.pop(key))

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def __repr__(self) -> str:
        return f"Policies({list(self)})"


class Manifests:
    """What was loaded, in order. Made by :func:`load` and :func:`loads`."""

    def __init__(self, handle: Any, flags: int, diagnostics: tuple[Diagnostic, ...]) -> None:
        self._handle = handle
        self._flags = flags
        self._entries = [_Entry(_core.manifests_at(handle, i))
                         for i in range(_core.manifests_count(handle))]
        #: the policies by name, which can be changed
        self.policies = Policies(self._entries)
        #: warnings and notes of reading; with ``keep_going`` also what was broken
        self.diagnostics = diagnostics

    @property
    def objects(self) -> list[Object]:
        """All objects in the order of reading, of every kind that verdicts use."""
        return [entry.get() for entry in self._entries]

    def of_type(self, kind: type[T]) -> list[T]:
        """The objects of one class: ``manifests.of_type(netpol.Pod)``."""
        return [value for value in self.objects if isinstance(value, kind)]

    def add(self, value: Object) -> None:
        """Adds an object that was made in Python."""
        entry = _Entry(handle_of(value), value)
        self._entries.append(entry)
        self.policies._note(entry)

    def _current(self) -> Any:
        """The C list of the objects as they stand now."""
        now = [entry.current() for entry in self._entries]
        read = _core.manifests_count(self._handle)
        if len(now) == read and all(entry.handle is handle for entry, handle
                                    in zip(self._entries, now)) and not self._replaced():
            return self._handle
        made = _core.manifests_new(self._flags)
        for handle in now:
            _core.manifests_add(made, handle)
        _core.manifests_inherit(made, self._handle)
        return made

    def _replaced(self) -> bool:
        return any(not _core.object_equal(entry.handle, _core.manifests_at(self._handle, i))
                   for i, entry in enumerate(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<netpol.Manifests: {len(self)} objects, {len(self.policies)} policies>"


def read_paths(paths: tuple[Path, ...], flags: int) -> tuple[Any, bool]:
    """The C list of what the paths hold, and whether all could be read."""
    handle = _core.manifests_new(flags)
    complete = True
    for path in paths:
        try:
            _core.manifests_read(handle, os.fspath(path))
        except NetpolError:
            complete = False
    return handle, complete


def accept(handle: Any, complete: bool, keep_going: bool) -> tuple[Diagnostic, ...]:
    """The diagnostics of a list; LoadError if it is incomplete and must not be."""
    found = diagnostics_of(_core.manifests_diagnostics(handle))
    if not complete and not keep_going:
        raise LoadError(summary(found, "not everything could be read"), found)
    return found


def load(*paths: Path, lenient: bool = False, keep_going: bool = False) -> Manifests:
    """Reads files, directories (recursively) and ``"-"``, standard input.

    :param lenient: read as Go's typed decoder does: unknown fields are ignored, 80 may be "80".
    :param keep_going: go on without documents that are broken; they are in ``diagnostics``.
    :raises LoadError: a document is broken or a path unreadable; it carries all diagnostics.
    """
    if not paths:
        raise TypeError("load() needs a path")
    flags = flags_of(lenient=lenient, keep_going=keep_going)
    handle, complete = read_paths(paths, flags)
    return Manifests(handle, flags, accept(handle, complete, keep_going))


def loads(text: str | bytes, *, name: str = "<memory>", lenient: bool = False,
          keep_going: bool = False) -> Manifests:
    """Reads YAML or JSON from memory. See :func:`load`; ``name`` is what diagnostics call it."""
    flags = flags_of(lenient=lenient, keep_going=keep_going)
    handle = _core.manifests_new(flags)
    try:
        _core.manifests_read_memory(handle, name, text)
        complete = True
    except NetpolError:
        complete = False
    return Manifests(handle, flags, accept(handle, complete, keep_going))


_FORMATS = {"text": _core.FORMAT_TEXT, "yaml": _core.FORMAT_YAML, "json": _core.FORMAT_JSON,
            "jsonl": _core.FORMAT_JSONL, "sarif": _core.FORMAT_SARIF}


def format_of(name: str, *allowed: str) -> int:
    """The number of a format; ValueError names those that may be."""
    if name not in allowed:
        raise ValueError(f"format must be one of {', '.join(allowed)}, not {name!r}")
    return int(_FORMATS[name])


def dumps(value: Object, *, format: Literal["yaml", "json"] = "yaml",
          defaults: bool = False) -> str:
    """Writes a policy as Kubernetes prints it.

    :param defaults: add what the API server adds: protocol TCP, policyTypes.
    :raises NetpolError: a Pod, Service or another kind of which only a part is kept.
    """
    number = format_of(format, "yaml", "json")
    handle = handle_of(value)
    if _core.object_kind(handle) not in _POLICIES:
        raise NetpolError(f"a {type(value).__name__} is not kept whole, so it cannot be written")
    return str(_core.object_write(handle, number, _core.WRITE_DEFAULTS if defaults else 0))


def validate(value: Object, *, old: Object | None = None, tolerant_cidr: bool = False,
             standard_channel: bool = False) -> list[Diagnostic]:
    """What the API server would say: errors in its order, or else warnings. Empty: all is well.

    :param old: the object that this one replaces, for the rules of an update.
    :param tolerant_cidr: CIDR rules as before Kubernetes 1.36.
    :param standard_channel: check cluster-scoped policies by the standard channel's CRDs.
    """
    flags = flags_of(tolerant_cidr=tolerant_cidr, standard_channel=standard_channel)
    before = None if old is None else handle_of(old)
    return list(diagnostics_of(_core.object_validate(handle_of(value), before, flags)))


def check(*paths: Path, format: Literal["text", "json", "jsonl", "sarif"] = "text",
          kind: str | None = None, lenient: bool = False, tolerant_cidr: bool = False,
          standard_channel: bool = False) -> str:
    """The report of ``netpol check``: everything wrong with every document, in the same bytes.

    :param kind: accept this kind only: "NetworkPolicy".
    """
    if not paths:
        raise TypeError("check() needs a path")
    number = format_of(format, "text", "json", "jsonl", "sarif")
    flags = flags_of(lenient=lenient, tolerant_cidr=tolerant_cidr,
                     standard_channel=standard_channel)
    handle, _ = read_paths(paths, flags | _core.KEEP_TEXT)
    return str(_core.manifests_check(handle, kind, flags, number))
