"""HTTP requests as recordings hold them.

Calls of OpenAI's and Ollama's APIs become what OGX's recorder makes of the same calls of their SDKs, so that recordings
of either kind answer both. All other requests become what its HTTP recorder makes of them.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from recstore._http.services import OLLAMA, OPENAI

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def to_request(
    method: str, url: str, headers: Mapping[str, str], content: bytes, test_id: str | None = None
) -> dict[str, Any]:
    """Return an HTTP request as a recording holds it.

    A call of OpenAI's API has the URL that the recorder of OGX gives it: the base URL of the client and `/v1/…`. A body
    that is not JSON is kept as text, or in base64; the random boundary of a form becomes `boundary`.
    """
    body = _payload(headers.get("content-type", ""), content)
    url = _without_user(url)
    split = urlsplit(url)
    is_object = isinstance(body, dict) and "__content__" not in body
    if is_object and not split.query and not split.fragment and "anthropic-version" not in headers:
        endpoint = _sdk_endpoint(method.upper(), split.path)
        if endpoint in OLLAMA:
            return _sdk_request(url, endpoint, body)
        if endpoint:
            return _sdk_request(url[: -len(endpoint)] + "/v1" + endpoint, "/v1" + endpoint, _without_encoding(body))
    return {"test_id": test_id, "url": url, "method": method.upper(), "payload": body}


def _sdk_endpoint(method: str, path: str) -> str:
    """Return the end of the path of a call that OpenAI's or Ollama's SDK makes; else an empty text."""
    if method == "GET":
        # Other services have lists of models too.
        ends = {"/models": ("/v1/models", "/openai/models"), "/api/tags": ("/api/tags",), "/api/ps": ("/api/ps",)}
        return next((name for name, paths in ends.items() if path.endswith(paths)), "")
    names = [name for name in (*OPENAI, *OLLAMA) if name not in {"/models", "/api/tags", "/api/ps"}]
    return next((name for name in names if path.endswith(name)), "") if method == "POST" else ""


def _without_user(url: str) -> str:
    """Return a URL without user and password, which are no part of what is asked."""
    split = urlsplit(url)
    return url if "@" not in split.netloc else urlunsplit(split._replace(netloc=split.netloc.rpartition("@")[2]))


def asks_for_base64(request: Mapping[str, Any], content: bytes) -> bool:
    """Say whether a request wants embeddings in base64, which its recorded form does not tell."""
    if request.get("endpoint") != "/v1/embeddings":
        return False
    return bool(json.loads(content).get("encoding_format") == "base64")


def variants(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the forms in which a request may have been recorded: as it is, and without what its SDK adds."""
    yield request
    body = request.get("body")
    if isinstance(body, dict) and "project_id" in body and "endpoint" in request:
        # watsonx's, which callers of OpenAI's SDK pass as `extra_body`.
        others = {name: value for name, value in body.items() if name != "project_id"}
        yield {**request, "body": {**others, "extra_body": {"project_id": body["project_id"]}}}
    if request.get("endpoint") in OLLAMA:
        # ollama sends what was not asked for; its caller's arguments, which OGX's recorder sees, do not have it.
        body = {
            name: value
            for name, value in request["body"].items()
            if value is not False and value not in ([], {}, "", None)
        }
        if body != request["body"]:
            yield {**request, "body": body}


def place(request: Mapping[str, Any]) -> tuple[str, str]:
    """Return the endpoint and the model of a request, for people."""
    body = request.get("body", request.get("payload"))
    model = request.get("model") or (body.get("model", "") if isinstance(body, dict) else "")
    endpoint = request.get("endpoint") or urlsplit(str(request.get("url", ""))).path or request.get("tool_name", "")
    return str(endpoint), str(model)


def is_host(url: str, patterns: Sequence[str] | None) -> bool:
    """Say whether the host of a URL is among those that the patterns name, such as `*.openai.com`; all are without."""
    if patterns is None:
        return True
    split = urlsplit(url)
    hosts = {split.hostname or "", split.netloc.rpartition("@")[2]}
    return any(fnmatchcase(host, pattern) for host in hosts for pattern in patterns)


def _sdk_request(url: str, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    members = {"method": "POST", "url": url, "headers": {}, "body": body, "endpoint": endpoint}
    return {**members, "model": body.get("model", "")}


def _without_encoding(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out the encoding of embeddings that OpenAI's SDK asks for by itself; its caller gets numbers."""
    return {name: value for name, value in body.items() if (name, value) != ("encoding_format", "base64")}


def _payload(content_type: str, content: bytes) -> Any:
    if not content:
        return {}
    try:
        return json.loads(content)
    except ValueError:
        pass
    boundary = re.search(r"boundary=\"?([^\";,]+)", content_type)
    if boundary is not None:
        content = content.replace(boundary[1].encode(), b"boundary")
    return {"__content__": text_of(content), "content_type": content_type.partition(";")[0]}


def text_of(content: bytes) -> Any:
    """Return bytes as text, or in an object in base64 where they are none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}
