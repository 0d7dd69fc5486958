"""Which class a type tag in a recording stands for.

A tag is never imported. It is looked up among the classes that the installed SDKs export from modules named here, or
that the user has registered; a tag that is not among them gives plain data.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from sys import modules

from recstore._core import Maker, loads
from recstore.errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any, Final

    from recstore._templates import Template

__all__ = ["lookup", "lookup_endpoint", "register"]

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "openai": ("openai.types.chat", "openai.types.responses", "openai.types"),
    "anthropic": ("anthropic.types",),
    "ollama": ("ollama",),
    "google.genai": ("google.genai.types",),
}
"""For each SDK, the modules whose classes may be replayed."""

ENDPOINTS: Final[dict[str, str]] = {
    "/generate_content": "google.genai.types.GenerateContentResponse",
    "/generate_content_stream": "google.genai.types.GenerateContentResponse",
    "/embed_content": "google.genai.types.EmbedContentResponse",
    "/v1/messages": "anthropic.types.message.Message",
}
"""For endpoints whose answers are recorded without a tag, the tag."""

RENAMED: Final[dict[str, str]] = {"llama_stack_api.": "ogx_api."}
"""Packages that go by another name now."""

REFUSALS: Final = (AttributeError, TypeError, ValueError)
"""What validation raises for data that it refuses: pydantic's error is the last, validators of SDKs fail with any."""

_registered: dict[str, type] = {}
_known: dict[str, dict[str, type]] = {}
_found: dict[str, tuple[type, str, str]] = {}
"""For each tag its class, and in which module and by which name that is found, which takes long to ask a class for."""
_makers: dict[type, tuple[Mapping[str, Any], Any, Any, Maker]] = {}
"""For each class its namespace, the schema and `model_validate` that it held of its own, and what makes its objects."""


def register(tag: str, cls: type) -> None:
    """Replay data with this tag as objects of a class of yours.

    `tag` is the module and name of the class as the recording has it; `cls` is a pydantic model or any class with a
    `model_validate` of its own; another raises `InvalidRequest`. Packages that were renamed count under their new name.

    >>> class Result:
    ...     @classmethod
    ...     def model_validate(cls, data):
    ...         return cls()
    >>> register("ogx_api.tools.ToolInvocationResult", Result)
    """
    if not isinstance(tag, str):
        raise InvalidRequest(f"the tag is a text, the module and name of a class, not {tag!r}")
    if not isinstance(cls, type) or not hasattr(cls, "model_validate"):
        raise InvalidRequest(
            f"the class for {tag!r} needs a method model_validate, as pydantic's have; {cls!r} has none"
        )
    _registered[_current(tag)] = cls
    _found.clear()


def lookup(tag: str) -> type | None:
    """Return the class that a tag stands for, or None where none is known.

    Imports the modules of the SDK that the tag names, if that SDK is one of those known here and installed.
    """
    if tag in _found:
        found, module, name = _found[tag]
        is_current = getattr(modules.get(module), name, None) is found
        if is_current:
            return found
    cls = _look_up(_current(tag))
    if cls is not None:
        _found[tag] = cls, cls.__module__, cls.__name__
    return cls


def _look_up(tag: str) -> type | None:
    if tag in _registered:
        return _registered[tag]
    sdk = next((sdk for sdk in MODULES if tag.startswith(f"{sdk}.")), None)
    if sdk is None:
        return None
    known = _known.get(sdk)
    if not known or not all(map(_is_current, known.values())):  # it may have been installed since, or imported anew
        known = _known[sdk] = _classes(sdk)
    # A class that moved within its SDK keeps its name.
    return known.get(tag) or known.get(tag.rpartition(".")[2])


def _is_current(cls: type) -> bool:
    """Say whether the class is that of its module still: a module that is imported anew has another."""
    return getattr(modules.get(cls.__module__), cls.__name__, None) is cls


def registered() -> list[str]:
    """Return the tags for which classes were registered."""
    return list(_registered)


def lookup_endpoint(endpoint: str) -> type | None:
    """Return the class of answers of an endpoint, for answers that are recorded without a tag."""
    tag = ENDPOINTS.get(endpoint)
    return None if tag is None else lookup(tag)


def _current(tag: str) -> str:
    for old, new in RENAMED.items():
        if tag.startswith(old):
            return new + tag[len(old) :]
    return tag


def _classes(sdk: str) -> dict[str, type]:
    """Return the classes that an SDK exports, by tag and by name; none where it is not installed."""
    classes: dict[str, type] = {}
    for name in MODULES[sdk]:
        module = installed(name)
        for value in vars(module).values() if module is not None else ():
            if isinstance(value, type) and hasattr(value, "model_validate"):
                classes.setdefault(f"{value.__module__}.{value.__qualname__}", value)
                classes.setdefault(value.__name__, value)
    return classes


def installed(name: str) -> ModuleType | None:
    """Import a module of an SDK, which must be named in the code that calls; return None where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        # What is missing is the SDK, or a part that this release of it does not have; not a package that it needs.
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return None
        raise


def maker(cls: type) -> Maker:
    """Return what makes objects of a class from chunks: validated, or as the SDK itself builds it on a live stream."""
    if cls in _makers:
        namespace, schema, validate, made = _makers[cls]
        # A class may have been built anew, or patched.
        if namespace.get("__pydantic_core_schema__") is schema and namespace.get("model_validate") is validate:
            return made
    namespace, made = vars(cls), Maker(partial(_learn, cls))
    _makers[cls] = namespace, namespace.get("__pydantic_core_schema__"), namespace.get("model_validate"), made
    return made


def _learn(cls: Any, text: bytes) -> tuple[Any, Template | None]:
    """Return the object for a chunk, and the template for those like it, if there can be one."""
    from recstore._templates import template  # noqa: PLC0415  # it imports json, which every SDK does too

    data = loads(text)
    try:
        made = cls.model_validate(data)
    except REFUSALS:
        made = _construct(cls, data)
    return made, template(cls, text, data, made)


def _construct(cls: Any, data: Any) -> Any:
    # openai's and anthropic's models build nested models too; it is what they do with answers of servers.
    if not hasattr(cls, "model_construct") or not isinstance(data, dict):
        return data
    try:
        return cls.model_construct(**data)
    except (AttributeError, TypeError):  # data that no server sends, with names of Python's own in it
        return data
