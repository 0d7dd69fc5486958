"""All clients of a family answered, for as long as any session is open."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from recstore._http.transport import FAMILIES, handle, handle_async

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_patched: dict[int, tuple[Any, Callable[..., Any], Any, Callable[..., Any]]] = {}
"""Classes and what was in them, by the identity of the first: a module that is imported again has others."""
_sessions = 0
_patch_lock = Lock()


def patch() -> None:
    """Answer all clients of every family that is imported, or will be, while any session is open."""
    global _sessions  # noqa: PLW0603  # a count of the sessions of the whole process, as the patches are
    for name in FAMILIES:
        if sys.modules.get(name) is not None:
            import_module(name)  # waits for another thread that is about to import it; this is no place to hold a lock
    with _patch_lock:
        for name in FAMILIES:
            # One that is not imported yet cannot have a client; its import is watched for.
            _patch_family(sys.modules.get(name))
        if _Watch.only not in sys.meta_path:
            sys.meta_path.insert(0, _Watch.only)
        _sessions += 1


def unpatch() -> None:
    """Leave the clients alone when the last session has ended."""
    global _sessions  # noqa: PLW0603
    with _patch_lock:
        _sessions -= 1
        if _sessions:
            return
        for sync_transport, sync_original, async_transport, async_original in _patched.values():
            sync_transport.handle_request = sync_original
            async_transport.handle_async_request = async_original
        _patched.clear()
        if _Watch.only in sys.meta_path:
            sys.meta_path.remove(_Watch.only)


def _patch_family(module: ModuleType | None) -> None:
    # None stands in `sys.modules` for what must not be imported.
    sync_transport, async_transport = (getattr(module, name, None) for name in ("HTTPTransport", "AsyncHTTPTransport"))
    if module is None or sync_transport is None or async_transport is None or id(sync_transport) in _patched:
        return
    sync_original, async_original = sync_transport.handle_request, async_transport.handle_async_request

    def handle_request(self: Any, request: Any) -> Any:
        return handle(module, None, request, lambda request: sync_original(self, request))

    async def handle_async_request(self: Any, request: Any) -> Any:
        return await handle_async(module, None, request, lambda request: async_original(self, request))

    sync_transport.handle_request = handle_request
    async_transport.handle_async_request = handle_async_request
    _patched[id(sync_transport)] = (sync_transport, sync_original, async_transport, async_original)


class _Watch:
    """Patches a family that is imported while a session is open."""

    only: _Watch

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in FAMILIES:
            return None
        from importlib.machinery import PathFinder  # noqa: PLC0415

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader)  # type: ignore[assignment]
        return spec


_Watch.only = _Watch()


class _Patching:
    """Loads a module as another loader does, and patches it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        with _patch_lock:
            if _sessions:
                _patch_family(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
