# SPDX-License-Identifier: MIT
"""Manifests in and out: loading, changing, writing, validating."""
from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Literal, TypeVar

from . import _core, _model
from ._errors import Diagnostic, LoadError, NetpolError, diagnostics_of, summary
from ._handle import Handle
from ._model import NetworkPolicy, Object, Policy
from ._pods import check_addresses

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

# How the classes are laid out.
_PLAN = _core.plan_new(_model.CLASSES)


def flags_of(*, lenient: bool = False, tolerant_cidr: bool = False, keep_going: bool = False,
             standard_channel: bool = False) -> int:
    """Options as the C library takes them."""
    return int((_core.LENIENT if lenient else 0)
               | (_core.TOLERANT_CIDR if tolerant_cidr else 0)
               | (_core.KEEP_GOING if keep_going else 0)
               | (_core.STANDARD_CHANNEL if standard_channel else 0))


def handle_of(value: Object) -> Any:
    """The C object of a value."""
    return _core.object_of(value, _PLAN)


class _Store:
    """Objects in order: as they were read, and as values once somebody has asked for them."""

    def __init__(self, read: Any) -> None:
        self.read = read
        #: by place; None: not asked for yet, or taken away
        self.values: list[Object | None] = [None] * _core.manifests_count(read)
        #: places by the id() of values; where a value has gone since, another may have its id
        self._ids: dict[int, int] = {}
        #: of places whose object was not read
        self.own: dict[int, Any] = {}
        self.gone: set[int] = set()

    def handle(self, place: int) -> Any:
        """The object as it was read or given."""
        return self.own[place] if place in self.own else _core.manifests_at(self.read, place)

    def value(self, place: int) -> Object:
        """The object as a value, always the same."""
        value = self.values[place]
        if value is None:
            with _MAKING:
                value = self.values[place] or _core.value_of(self.handle(place), _PLAN)
                self.values[place] = value
                self._ids[id(value)] = place
        assert value is not None
        return value

    def place_of(self, value: Object) -> int | None:
        """Where this very object is, not one that is equal."""
        place = self._ids.get(id(value))
        held = place is not None and place not in self.gone and self.values[place] is value
        return place if held else None

    def current(self, place: int) -> Any:
        """The object as it stands: the one that was read, unless its value was changed since."""
        handle = self.handle(place)
        value = self.values[place]
        if value is None:
            return handle
        now = handle_of(value)
        if _core.object_equal(now, handle):
            return handle
        check_addresses(value)
        _core.object_inherit(now, handle)
        return now

    def places(self) -> Iterator[int]:
        """Where there are objects."""
        return (place for place in range(len(self.values)) if place not in self.gone)

    def all(self) -> list[Object]:
        """All objects as values."""
        if None in self.values:
            with _MAKING:
                _core.values_fill(self.read, self.values, _PLAN)
                self._ids = {id(value): place for place, value in enumerate(self.values)}
        return [self.value(place) for place in self.places()] if self.gone else list(self._made())

    def _made(self) -> Iterator[Object]:
        return (value for value in self.values if value is not None)

    def append(self, value: Object) -> int:
        """Adds an object; says at which place."""
        handle = handle_of(value)
        with _MAKING:
            place = len(self.values)
            self.own[place] = handle
            self.values.append(value)
            self._ids[id(value)] = place
        return place

    def replace(self, place: int, value: Object) -> None:
        """Puts another object in place of one, or the same under another name."""
        handle = handle_of(value)
        if self.values[place] is value:
            _core.object_inherit(handle, self.handle(place))
        with _MAKING:
            self.own[place] = handle
            self.values[place] = value
            self._ids[id(value)] = place

    def remove(self, place: int) -> None:
        """Takes an object away; the others keep their places."""
        self.gone.add(place)

    def as_read(self) -> bool:
        """Whether nothing was added, taken away, replaced or changed."""
        return not self.own and not self.gone and all(
            value is None or _core.object_equal(handle_of(value), self.handle(place))
            for place, value in enumerate(self.values))

    def __len__(self) -> int:
        return len(self.values) - len(self.gone)


class _Entry:
    """One object of a store."""

    __slots__ = ("_store", "_place")

    def __init__(self, store: _Store, place: int) -> None:
        self._store = store
        self._place = place

    @property
    def handle(self) -> Any:
        return self._store.handle(self._place)

    @property
    def kind(self) -> int:
        return int(_core.object_kind(self.handle))

    def get(self) -> Object:
        return self._store.value(self._place)


def _key_of(handle: Any) -> str:
    """What a policy is called in :class:`Policies`."""
    name = str(_core.object_name(handle) or "")
    if _core.object_kind(handle) != _core.KIND_NETWORK_POLICY:
        return name
    return f"{_core.object_namespace(handle) or 'default'}/{name}"


class Policies(Handle, MutableMapping[str, Policy]):
    """Policies by name: ``"namespace/name"``, or ``"name"`` of those that have no namespace.

    Values may be changed in place; a cluster that is made afterwards sees it. A policy whose name was
    changed keeps its key until it is assigned under the new one; it moves there then.

    Of several policies of one key the first is shown. Those of one kind, which no cluster takes, are
    deleted and replaced together.
    """

    def __init__(self, store: _Store) -> None:
        self._store = store
        self._places: dict[str, int]
        self._behind: dict[str, list[int]]  # those that are not shown
        self._places, self._behind = _core.policy_places(store.read)

    def _note(self, place: int) -> None:
        handle = self._store.handle(place)
        if _core.object_kind(handle) not in _POLICIES:
            return
        key = _key_of(handle)
        if self._places.setdefault(key, place) != place:
            self._behind.setdefault(key, []).append(place)

    def _all(self, key: str) -> list[int]:
        """The places of a key, the one shown first."""
        return [self._places[key], *self._behind.get(key, [])] if key in self._places else []

    def _show(self, key: str, places: list[int]) -> None:
        """Makes these the places of a key."""
        self._behind.pop(key, None)
        if not places:
            self._places.pop(key, None)
            return
        self._places[key] = places[0]
        if places[1:]:
            self._behind[key] = places[1:]

    def _remove(self, places: list[int], kind: int) -> list[int]:
        """Takes away those of a kind; gives the others back."""
        for place in places:
            if self._kind_at(place) == kind:
                self._store.remove(place)
        return [place for place in places if self._kind_at(place) != kind]

    def _kind_at(self, place: int) -> int:
        return int(_core.object_kind(self._store.handle(place)))

    def _kind_of(self, key: str) -> int:
        return self._kind_at(self._places[key])

    def __getitem__(self, key: str) -> Policy:
        value = self._store.value(self._places[key])
        assert isinstance(value, Policy)
        return value

    def __setitem__(self, key: str, value: Policy) -> None:
        handle = handle_of(value)
        if _core.object_kind(handle) not in _POLICIES:
            raise TypeError(f"{_core.object_name(handle)} is no policy but a {type(value).__name__}")
        if _key_of(handle) != key:
            raise ValueError(f"the policy's name is {_key_of(handle)}, not {key}")
        place = self._store.place_of(value)
        if place is not None:
            before = _key_of(self._store.handle(place))
            if before != key:
                self._show(before, [other for other in self._all(before) if other != place])
        elif key in self._places:
            place = self._places[key]
        if place is None:
            self._places[key] = self._store.append(value)
            return
        others = [other for other in self._all(key) if other != place]
        self._store.replace(place, value)
        self._show(key, [place, *self._remove(others, _core.object_kind(handle))])

    def __delitem__(self, key: str) -> None:
        self._show(key, self._remove(self._all(key), self._kind_of(key)))

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"Policies({list(self)})"


class _NetworkPolicies(Mapping[str, NetworkPolicy]):
    """Those of :class:`Policies` that are NetworkPolicies."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __getitem__(self, key: str) -> NetworkPolicy:
        value = self._policies[key]
        if not isinstance(value, NetworkPolicy):
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._policies
                if self._policies._kind_of(key) == _core.KIND_NETWORK_POLICY)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"NetworkPolicies({list(self)})"


class Manifests(Handle):
    """What was loaded, in order. Made by :func:`load` and :func:`loads`."""

    def __init__(self, handle: Any, flags: int, diagnostics: tuple[Diagnostic, ...]) -> None:
        self._flags = flags
        self._store = _Store(handle)
        self._policies: Policies | None = None
        #: warnings and notes of reading; with ``keep_going`` also what was broken
        self.diagnostics = diagnostics

    @property
    def policies(self) -> Policies:
        """The policies by name, which can be changed."""
        if self._policies is None:
            with _MAKING:
                self._policies = self._policies or self._make_policies()
        return self._policies

    @property
    def network_policies(self) -> Mapping[str, NetworkPolicy]:
        """The NetworkPolicies among :attr:`policies`, so that a type checker knows what they are."""
        return _NetworkPolicies(self.policies)

    def _make_policies(self) -> Policies:
        made = Policies(self._store)
        for place in self._store.own:
            made._note(place)
        return made

    @property
    def objects(self) -> list[Object]:
        """All objects in the order of reading, of every kind that verdicts use."""
        return self._store.all()

    def of_type(self, kind: type[T]) -> list[T]:
        """The objects of one class: ``manifests.of_type(netpol.Pod)``."""
        return [value for value in self.objects if isinstance(value, kind)]

    def add(self, value: Object) -> None:
        """Adds an object that was made in Python."""
        place = self._store.append(value)
        if self._policies is not None:
            self._policies._note(place)

    @property
    def _entries(self) -> list[_Entry]:
        return [_Entry(self._store, place) for place in self._store.places()]

    def _current(self) -> Any:
        """The C list of the objects as they stand now."""
        store = self._store
        if store.as_read():
            return store.read
        made = _core.manifests_new(self._flags)
        for place in store.places():
            _core.manifests_add(made, store.current(place))
        _core.manifests_inherit(made, store.read)
        return made

    def __len__(self) -> int:
        return len(self._store)

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
