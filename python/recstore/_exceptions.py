"""Recorded exceptions as the exceptions that the SDK raised.

Names in recordings choose among classes of SDKs that are installed; nothing is imported because a file names it.
"""

from __future__ import annotations

import builtins
from importlib import import_module

from recstore.errors import RecordedError
from recstore.registry import installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from recstore._core import Recording

BY_STATUS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
"""The classes that openai and anthropic have for a status; from 500 on it is InternalServerError."""

_ENDS_ITERATION = (StopIteration, StopAsyncIteration, GeneratorExit)


def recorded_exception(recording: Recording) -> Exception:
    """Return the exception that a recording ends in: of the SDK's class where that is installed."""
    error = recording.error or {}
    message, name = str(error.get("message", "")), str(error.get("type", ""))
    status, body = error.get("status_code"), error.get("body")
    status = status if isinstance(status, int) else None
    provider = error.get("provider")
    made: Exception | None = None
    if provider in ("openai", "anthropic"):
        made = _of_stainless(provider, recording, name, message, status, body)
    elif provider == "ollama":
        made = _of_ollama(message, status)
    elif provider in ("google", "google.genai", "vertexai", "gemini"):
        made = _of_google(status, body)
    elif error.get("category") == "builtin":
        made = _of_builtins(name, message)
    return made or RecordedError(message, type=name, status_code=status, body=body)


def _of_stainless(
    provider: str, recording: Recording, name: str, message: str, status: int | None, body: Any
) -> Exception | None:
    """Make an exception of openai's or anthropic's, whose SDKs come from one generator."""
    sdk = installed(provider)
    if sdk is None:
        return None
    # The HTTP library of the SDK is the one its client derives from: httpx or httpx2.
    http = import_module(sdk.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
    request = recording.request
    http_request = http.Request(request.get("method", "POST"), request.get("url", ""))
    if name == "APITimeoutError":
        return _exception(sdk.APITimeoutError(request=http_request))
    if status is None:
        return _exception(sdk.APIConnectionError(message=message, request=http_request))
    # `vars`, not `getattr`: a module may import on demand what it is asked for.
    named = vars(sdk).get(name)
    if not (isinstance(named, type) and issubclass(named, sdk.APIStatusError)):
        first_server_error = 500
        by_status = "InternalServerError" if status >= first_server_error else BY_STATUS.get(status, "APIStatusError")
        named = getattr(sdk, by_status)
    response = http.Response(status, request=http_request, json=body)
    try:
        return _exception(named(message, response=response, body=body))
    except TypeError:  # a class that wants something else
        return _exception(sdk.APIStatusError(message, response=response, body=body))


def _of_ollama(message: str, status: int | None) -> Exception | None:
    sdk = installed("ollama")
    if sdk is None:
        return None
    suffix = f" (status code: {status})"
    return _exception(sdk.ResponseError(message.removesuffix(suffix), -1 if status is None else status))


def _of_google(status: int | None, body: Any) -> Exception | None:
    errors = installed("google.genai.errors")
    if errors is None or status is None:
        return None
    first_server_error = 500
    cls = errors.ServerError if status >= first_server_error else errors.ClientError
    return _exception(cls(status, body if isinstance(body, dict) else {"error": {"code": status}}))


def _of_builtins(name: str, message: str) -> Exception | None:
    cls = vars(builtins).get(name)
    if not (isinstance(cls, type) and issubclass(cls, Exception)) or issubclass(cls, _ENDS_ITERATION):
        return None
    try:
        return cls(message)
    except TypeError:  # a class that wants more than a message
        return None


def _exception(made: Any) -> Exception:
    assert isinstance(made, Exception)  # noqa: S101  # narrows what an SDK without types returns
    return made
