# SPDX-License-Identifier: GPL-2.0-or-later
"""Expands payloads. The modules for it are asked for when a block needs them."""
from __future__ import annotations

from typing import Callable

from .errors import TraceError

NAMES = {0: "none", 1: "lz4", 2: "zstd"}
Expand = Callable[[bytes, int], bytes]


def _lz4() -> Expand:
    import lz4.block  # Debian: python3-lz4

    def expand(data: bytes, size: int) -> bytes:
        return bytes(lz4.block.decompress(data, uncompressed_size=size))
    return expand


def _zstd() -> Expand:
    import zstandard  # Debian: python3-zstandard
    context = zstandard.ZstdDecompressor()

    def expand(data: bytes, size: int) -> bytes:
        return bytes(context.decompress(data, max_output_size=size))
    return expand


_loaders = {1: _lz4, 2: _zstd}
_loaded: dict[int, Expand] = {}


def _load(codec: int) -> Expand:
    if codec not in _loaded:
        try:
            _loaded[codec] = _loaders[codec]()
        except ImportError as error:
            package = {1: "python3-lz4", 2: "python3-zstandard"}[codec]
            raise TraceError(f"compressed with {NAMES[codec]}: install {package} ({error})") from None
    return _loaded[codec]


def expand(codec: int, data: bytes, size: int) -> tuple[bytes, str | None]:
    """The payload of `size` bytes, or why there is none."""
    if codec not in NAMES:
        return b"", f"compressed with codec {codec}, which this version does not know"
    reason = f"{NAMES[codec]} cannot expand the payload"
    if codec == 0:
        return (data, None) if len(data) == size else (b"", reason)
    try:
        expanded = _load(codec)(data, size)
    except TraceError:
        raise
    except Exception:  # each module has exceptions of its own
        return b"", reason
    return (expanded, None) if len(expanded) == size else (b"", reason)


def need(name: str, path: str) -> None:
    """Raises TraceError if the module for a codec is missing: next to nothing would be readable."""
    number = {text: number for number, text in NAMES.items()}[name]
    if number:
        try:
            _load(number)
        except TraceError as error:
            raise TraceError(f"{path}: {error}") from None
