# SPDX-License-Identifier: MIT
"""Changes to a text that keep its comments and its form."""
from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import threading
from operator import index
from typing import Any

from . import _core
from ._handle import Handle
from ._manifests import Path, handle_of
from ._model import Object


#: JSON may hold these as they are; in YAML some are line breaks and the others may not stand in a text
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _yaml_of(value: Any) -> str:
    """JSON that is YAML, too. ValueError: NaN and infinite numbers, which JSON does not have."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _number(document: int) -> int:
    if isinstance(document, bool) or not hasattr(document, "__index__"):
        raise TypeError(f"document must be int, not {document!r}")
    if document < 0:
        raise ValueError(f"document counts from 0, so it cannot be {document}")
    return min(index(document), sys.maxsize)  # of which there are none, either


class Document(Handle):
    """A YAML or JSON text under edit. Each edit changes the fewest bytes, or nothing at all."""

    def __init__(self, text: str | bytes, *, name: str = "<memory>",
                 path: str | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._handle = _core.document_new(name, text, 0).this

    @classmethod
    def open(cls, path: Path) -> Document:
        """Reads a file; :meth:`save` writes it back."""
        name = os.fspath(path)
        with open(name, "rb") as file:
            return cls(file.read(), name=name, path=name)

    @classmethod
    def loads(cls, text: str | bytes, *, name: str = "<memory>") -> Document:
        """Takes a text from memory."""
        return cls(text, name=name)

    @property
    def text(self) -> str:
        """The text as it stands."""
        with self._lock:
            return str(_core.document_text(self._handle))

    def __len__(self) -> int:
        """How many documents the text holds."""
        return int(_core.document_count(self._handle))

    def _edit(self, action: int, path: str, value: str | None, document: int) -> None:
        with self._lock:
            _core.document_edit(self._handle, _number(document), action, path, value)

    def set(self, path: str, value: Any, *, document: int = 0) -> None:
        """Puts a value (numbers, texts, lists, dicts, None) at ``"spec.ingress[0].ports[0].port"``.

        Maps on the way that are missing are made. ``document`` counts the texts between ``---``.
        """
        self._edit(_core.EDIT_SET, path, _yaml_of(value), document)

    def add(self, path: str, value: Any, *, document: int = 0) -> None:
        """As :meth:`set`, where nothing is yet; appends to a list, or inserts before ``list[i]``."""
        self._edit(_core.EDIT_ADD, path, _yaml_of(value), document)

    def delete(self, path: str, *, document: int = 0) -> None:
        """Takes a field or an element away."""
        self._edit(_core.EDIT_DELETE, path, None, document)

    def rename(self, path: str, key: str, *, document: int = 0) -> None:
        """Gives an entry of a map another key."""
        self._edit(_core.EDIT_RENAME, path, key, document)

    def update(self, value: Object, *, document: int = 0) -> None:
        """Makes a document mean what an object says, with the fewest edits found."""
        wanted = handle_of(value)
        with self._lock:
            _core.document_update(self._handle, _number(document), wanted)

    def save(self, path: Path | None = None) -> None:
        """Writes the text to a path, or to where it was read, all at once or not at all."""
        target = self._path if path is None else os.fspath(path)
        if target is None:
            raise ValueError("this document was not read from a file: save(path)")
        _replace_file(os.path.realpath(target), self.text.encode())

    def __repr__(self) -> str:
        return f"<netpol.Document {self._path or '<memory>'}>"


def _replace_file(target: str, data: bytes) -> None:
    number, name = tempfile.mkstemp(prefix=".netpol-", dir=os.path.dirname(target))
    try:
        with open(number, "wb") as file:
            file.write(data)
        if os.path.exists(target):
            os.chmod(name, os.stat(target).st_mode & 0o7777)
        else:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(name, 0o666 & ~umask)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
