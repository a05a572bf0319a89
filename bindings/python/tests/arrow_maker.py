# SPDX-License-Identifier: MIT
"""Arrow tables made by hand, so that the tests need no Arrow library and can make broken ones."""
import ctypes
import struct

SCHEMA_END = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
POINTER = ctypes.c_void_p


class Schema(ctypes.Structure):
    _fields_ = [("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p),
                ("flags", ctypes.c_int64), ("n_children", ctypes.c_int64), ("children", POINTER),
                ("dictionary", POINTER), ("release", SCHEMA_END), ("private", POINTER)]


class Array(ctypes.Structure):
    _fields_ = [("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
                ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", POINTER),
                ("children", POINTER), ("dictionary", POINTER), ("release", SCHEMA_END),
                ("private", POINTER)]


SCHEMA_OUT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Schema))
ARRAY_OUT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Array))
ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


class Stream(ctypes.Structure):
    _fields_ = [("get_schema", SCHEMA_OUT), ("get_next", ARRAY_OUT), ("get_last_error", ERROR),
                ("release", SCHEMA_END), ("private", POINTER)]


new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype = ctypes.c_void_p
get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def bits(values):
    return bytes(sum(bool(v) << i for i, v in enumerate(values[at:at + 8]))
                 for at in range(0, len(values), 8))


class Column:
    """A format, its buffers, and perhaps a dictionary."""

    def __init__(self, format, buffers, length, *, valid=None, offset=0, dictionary=None):
        self.format, self.length, self.offset, self.dictionary = format, length, offset, dictionary
        self.nulls = -1 if valid is not None else 0
        self.buffers = [None if valid is None else bits(valid), *buffers]


INTS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}


def ints(format, values, **more):
    given = [v or 0 for v in values]
    valid = [v is not None for v in values] if None in values else None
    return Column(format, [struct.pack(f"={len(given)}{INTS[format]}", *given)], len(given),
                  **{"valid": valid, **more})


def texts(format, values, **more):
    raw = [b"" if v is None else v.encode() if isinstance(v, str) else v for v in values]
    valid = [v is not None for v in values] if None in values else None
    if format in ("vu", "vz"):
        data = b"".join(v for v in raw if len(v) > 12)
        views, at = b"", 0
        for v in raw:
            views += struct.pack("=i12s", len(v), v) if len(v) <= 12 else struct.pack(
                "=i4sii", len(v), v[:4], 0, at)
            at += len(v) if len(v) > 12 else 0
        buffers = [views, data, struct.pack("=q", len(data))]
    else:
        ends = [0]
        for v in raw:
            ends.append(ends[-1] + len(v))
        kind = "q" if format in ("U", "Z") else "i"
        buffers = [struct.pack(f"={len(ends)}{kind}", *ends), b"".join(raw) or b"\0"]
    return Column(format, buffers, len(raw), **{"valid": valid, **more})


def fixed(width, values, **more):
    return Column(f"w:{width}", [b"".join(values)], len(values), **more)


def encoded(format, index, dictionary, **more):
    made = ints(format, index, **more)
    made.dictionary = dictionary
    return made


class Table:
    """Columns by name, as an object that speaks Arrow's protocol. Counts what is not yet released."""

    def __init__(self, columns, *, batches=1, offset=0, valid=None, stream=True, fail_at=None):
        self.columns, self.batches, self.offset, self.valid = columns, batches, offset, valid
        self.fail_at = fail_at
        self.live = 0
        self.keep = []
        if stream:
            self.__dict__["stream"] = True
            self.__class__ = StreamTable
        else:
            self.__class__ = ArrayTable

    def length(self):
        return min((c.length for c in self.columns.values()), default=0) - self.offset

    def kept(self, thing):
        self.keep.append(thing)
        return thing

    def pointers(self, things):
        return ctypes.cast(self.kept((ctypes.c_void_p * max(len(things), 1))(
            *[ctypes.addressof(t) for t in things])), ctypes.c_void_p)

    def release(self, cls):
        def end(address):
            self.live -= 1
            ctypes.memset(address + cls.release.offset, 0, cls.release.size)
        self.live += 1
        return self.kept(SCHEMA_END(end))

    def schema_of(self, column, name):
        made = self.kept(Schema(format=column.format.encode(), name=name.encode(), flags=2))
        if column.dictionary:
            made.dictionary = ctypes.addressof(self.schema_of(column.dictionary, ""))
        return made

    def fill_schema(self, out):
        children = [self.schema_of(c, n) for n, c in self.columns.items()]
        out.format, out.name, out.n_children = b"+s", b"", len(children)
        out.children = self.pointers(children)
        out.release = self.release(Schema)

    def array_of(self, column):
        buffers = [None if b is None else ctypes.cast(self.kept(ctypes.create_string_buffer(b, len(b) or 1)),
                                                      ctypes.c_void_p).value for b in column.buffers]
        at = self.kept((ctypes.c_void_p * len(buffers))(*buffers))
        made = self.kept(Array(length=column.length - column.offset, null_count=column.nulls,
                               offset=column.offset, n_buffers=len(buffers),
                               buffers=ctypes.cast(at, ctypes.c_void_p)))
        if column.dictionary:
            made.dictionary = ctypes.addressof(self.array_of(column.dictionary))
        return made

    def fill_array(self, out):
        children = [self.array_of(c) for c in self.columns.values()]
        out.length, out.offset = self.length(), self.offset
        out.null_count = -1 if self.valid is not None else 0
        buffer = None if self.valid is None else ctypes.cast(self.kept(
            ctypes.create_string_buffer(bits(self.valid))), ctypes.c_void_p).value
        out.n_buffers = 1
        out.buffers = ctypes.cast(self.kept((ctypes.c_void_p * 1)(buffer)), ctypes.c_void_p)
        out.n_children, out.children = len(children), self.pointers(children)
        out.release = self.release(Array)


class ArrayTable(Table):
    def __arrow_c_array__(self, requested_schema=None):
        schema, array = self.kept(Schema()), self.kept(Array())
        self.fill_schema(schema)
        self.fill_array(array)
        return (new_capsule(ctypes.addressof(schema), self.kept(b"arrow_schema"), None),
                new_capsule(ctypes.addressof(array), self.kept(b"arrow_array"), None))


class StreamTable(Table):
    def __arrow_c_stream__(self, requested_schema=None):
        left = [self.batches]
        said = self.kept(ctypes.create_string_buffer(b"out of luck"))

        def schema(_, out):
            self.fill_schema(out.contents)
            return 0

        def following(_, out):
            if self.fail_at == self.batches - left[0]:
                return 5
            if left[0]:
                left[0] -= 1
                self.fill_array(out.contents)
            return 0

        made = self.kept(Stream(SCHEMA_OUT(schema), ARRAY_OUT(following),
                                ERROR(lambda _: ctypes.addressof(said)), self.release(Stream)))
        return new_capsule(ctypes.addressof(made), self.kept(b"arrow_array_stream"), None)


def read_column(column):
    """What an Arrow consumer sees of a column of bool: its values, batch by batch."""
    capsule = column.__arrow_c_stream__()
    stream = Stream.from_address(get_pointer(capsule, b"arrow_array_stream"))
    schema = Schema()
    assert stream.get_schema(ctypes.addressof(stream), ctypes.byref(schema)) == 0
    assert (schema.format, schema.name, schema.flags) == (b"b", b"allowed", 2)
    schema.release(ctypes.addressof(schema))
    seen = []
    while True:
        array = Array()
        assert stream.get_next(ctypes.addressof(stream), ctypes.byref(array)) == 0
        if not array.release:
            break
        seen.append(values_of(array))
        array.release(ctypes.addressof(array))
        assert not array.release
    stream.release(ctypes.addressof(stream))
    return seen


def values_of(array):
    valid, data = (ctypes.c_void_p * 2).from_address(array.buffers)

    def bit(at, i):
        return ctypes.c_uint8.from_address(at + i // 8).value >> i % 8 & 1
    return [None if valid and not bit(valid, i) else bool(bit(data, i))
            for i in range(array.offset, array.offset + array.length)]
