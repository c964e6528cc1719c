"""Codecs: how values become workloads and results, and come back.

The job server carries bytes and never looks into them: client and worker have to use
the same codec.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from geartrain.errors import CodecError, OptionError

__all__ = ["Codec", "get_codec"]


class Codec(Protocol):
    """A way to put values into bytes.

    Attributes:
        name: what ``get_codec`` knows it by.
        joins: pieces of data that are put together are one value: true of bytes and
            text, where a result may be sent piece by piece.
    """

    @property
    def name(self) -> str:
        """What ``get_codec`` knows it by."""

    @property
    def joins(self) -> bool:
        """Whether pieces put together are one value."""

    def encode(self, value: Any) -> bytes:
        """Return a value as bytes; raises CodecError if it cannot be."""

    def decode(self, data: bytes) -> Any:
        """Return the value in bytes; raises CodecError if there is none."""


class _Bytes:
    """Bytes as they are; text is encoded as UTF-8. Results are bytes."""

    name: Final = "bytes"
    joins: Final = True

    def encode(self, value: Any) -> bytes:
        if type(value) is bytes:
            return value
        if isinstance(value, str):
            return _utf8(value)
        if isinstance(value, bytes | bytearray):
            return bytes(value)
        if isinstance(value, memoryview):
            try:
                return bytes(value)
            except ValueError as error:
                raise CodecError(f"this memoryview has no bytes: {error}") from None
        raise CodecError(
            f"a workload or result is bytes or text, not {type(value).__name__}: encode"
            " it, or name a codec such as 'json'"
        )

    def decode(self, data: bytes) -> Any:
        return data


class _Text:
    """Text, as UTF-8."""

    name: Final = "text"
    joins: Final = True

    def encode(self, value: Any) -> bytes:
        if isinstance(value, str):
            return _utf8(value)
        raise CodecError(f"the text codec takes text, not {type(value).__name__}")

    def decode(self, data: bytes) -> Any:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise CodecError(f"this is no UTF-8 text: {_shown(data)}") from error


class _Json:
    """JSON, as short as it can be. No bytes at all are ``None``.

    NaN and the infinities are refused: JSON has no such numbers, and other languages'
    parsers would refuse the whole text.
    """

    name: Final = "json"
    joins: Final = False

    def encode(self, value: Any) -> bytes:
        import json

        try:
            text = json.dumps(
                value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
            return text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise CodecError(f"JSON cannot hold this value: {error}") from error

    def decode(self, data: bytes) -> Any:
        import json

        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise CodecError(f"this is no JSON: {_shown(data)}") from error


class _MessagePack:
    """MessagePack, by the ``msgpack`` package. No bytes at all are ``None``."""

    name: Final = "msgpack"
    joins: Final = False

    def encode(self, value: Any) -> bytes:
        try:
            packed: bytes = _msgpack().packb(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise CodecError(f"MessagePack cannot hold this value: {error}") from error
        return packed

    def decode(self, data: bytes) -> Any:
        if not data:
            return None
        try:
            return _msgpack().unpackb(data)
        except CodecError:
            raise
        # What it raises has no base of its own.
        except Exception as error:
            raise CodecError(f"this is no MessagePack: {_shown(data)}") from error


class _Pickle:
    """Python's pickle. No bytes at all are ``None``.

    Warning: whoever can submit a job, or send a result, can make the other side run
    any code. Use it only where every client and worker is trusted as much as the
    program itself.
    """

    name: Final = "pickle"
    joins: Final = False

    def encode(self, value: Any) -> bytes:
        import pickle

        try:
            return pickle.dumps(value)
        # A value's own methods may raise anything.
        except Exception as error:
            raise CodecError(f"this value cannot be pickled: {error}") from error

    def decode(self, data: bytes) -> Any:
        import pickle

        if not data:
            return None
        try:
            return pickle.loads(data)
        # A broken pickle may raise anything.
        except Exception as error:
            raise CodecError(f"this cannot be unpickled: {error}") from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CodecError(
            f"this text cannot be sent as UTF-8: character {error.start} of it is half"
            " a one (a lone surrogate)"
        ) from None


def _msgpack() -> Any:
    import importlib

    try:
        return importlib.import_module("msgpack")
    except ImportError:
        raise CodecError(
            "the msgpack codec needs the msgpack package: pip install"
            " 'geartrain[msgpack]'"
        ) from None


def _shown(data: bytes) -> str:
    return ascii(data[:40]) + ("…" if len(data) > 40 else "")


_CODECS: Final[dict[str, Codec]] = {
    "bytes": _Bytes(),
    "text": _Text(),
    "json": _Json(),
    "msgpack": _MessagePack(),
    "pickle": _Pickle(),
}


def get_codec(name: str | Codec | None) -> Codec:
    """Return a codec by its name; one that is a codec already, as it is.

    ``bytes`` (also for None) passes bytes through, ``text`` is UTF-8, ``json`` and
    ``msgpack`` (an extra) carry plain values. ``pickle`` carries almost any Python
    value, and **whoever can send one can run any code here**: name it only where all
    clients and workers are trusted.

    Raises:
        OptionError: there is no such codec.
    """
    if name is None:
        return _CODECS["bytes"]
    if not isinstance(name, str):
        if callable(getattr(name, "encode", None)) and hasattr(name, "joins"):
            return name
        raise OptionError(f"{name!r} is no codec: use {', '.join(_CODECS)}, or a Codec")
    codec = _CODECS.get(name)
    if codec is None:
        raise OptionError(f"there is no codec {name!r}: use {', '.join(_CODECS)}")
    return codec
