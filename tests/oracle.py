"""The key rules once more, in plain Python: what recstore is compared with.

Written from the rules of the profiles, with CPython's own `json`, `re` and `round`, as the recorders use them.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlparse

UUID = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
FILE_SEARCH = [
    (r"score:\s*[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", "score: __NORMALIZED__"),
    (r",?\s*attributes:\s*\{[^}]*\}", ""),
    (rf"document_id:\s*{UUID}", "document_id: __NORMALIZED__"),
    (rf"<\|{UUID}\|>", "<|__NORMALIZED__|>"),
]


def normalise(value: Any, *, masks: bool, drops_project: bool, is_root: bool = True) -> Any:
    """Change a body as the profiles from ogx-3 on do."""
    options = {"masks": masks, "drops_project": drops_project}
    if isinstance(value, dict):
        changed = {name: normalise(member, **options, is_root=False) for name, member in value.items()}
        if drops_project and is_root:
            for parent in ("extra_body", "extra_query"):
                if isinstance(changed.get(parent), dict):
                    changed[parent].pop("project_id", None)
        return changed
    if isinstance(value, (list, tuple)):
        return [normalise(element, **options) for element in value]
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, str):
        for pattern, replacement in FILE_SEARCH if masks else []:
            value = re.sub(pattern, replacement, value)
        return re.sub(r"(-?\d+\.\d{4,})", lambda found: f"{float(found.group()):.5f}", value)
    return value


def digest(form: Any) -> str:
    """Return the SHA-256 of the sorted JSON."""
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()


def inference_key(version: int, request: dict[str, Any], test_id: str | None) -> str:
    """Return the key of a call under ogx-1 to ogx-7."""
    url, body = urlparse(request["url"]), request["body"]
    form = {"method": request["method"].upper(), "endpoint": url.path}
    shared = {"/api/tags", "/v1/models"} | ({"/v1/openai/v1/models"} if version >= 4 else set())
    if version >= 2 and url.path not in shared:
        form["test_id"] = test_id
    if version >= 5 and "bedrock" in url.netloc and isinstance(body, dict):
        body = {name: member for name, member in body.items() if name != "stream_options"}
    if version >= 3:
        body = normalise(body, masks=version >= 7, drops_project=version >= 6)
    return digest({**form, "body": body})


def http_key(version: int, request: dict[str, Any], test_id: str | None) -> str:
    """Return the key of an HTTP request under ogx-http-5 to ogx-http-7."""
    payload = normalise(request["payload"], masks=version >= 7, drops_project=version >= 6)
    form = {"test_id": test_id, "url": request["url"], "method": request["method"].upper(), "payload": payload}
    return digest(form)


def tool_key(request: dict[str, Any]) -> str:
    """Return the key of a call of a tool."""
    return digest({name: request[name] for name in ("provider", "tool_name", "kwargs")})


def all_keys(request: dict[str, Any], test_id: str | None) -> dict[str, str]:
    """Return the key under every profile of OGX's that fits the request."""
    if "tool_name" in request:
        return {"ogx-tool": tool_key(request)}
    if "payload" in request:
        return {f"ogx-http-{version}": http_key(version, request, test_id) for version in (7, 6, 5)}
    return {f"ogx-{version}": inference_key(version, request, test_id) for version in range(7, 0, -1)}


def written(recording: dict[str, Any]) -> bytes:
    """Return the bytes that OGX's recorder writes."""
    return (json.dumps(recording, indent=2) + "\n").encode()


def normalised_response(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the data of a typed object as OGX's recorder writes it."""
    data = dict(data)
    is_model = data.get("object") == "model"
    if "id" in data and not is_model:
        data["id"] = f"rec-{key[:12]}"
    if "created" in data and not is_model:
        data["created"] = 0
    if "created_at" in data:
        data["created_at"] = "1970-01-01T00:00:00.000000Z"
    for name in ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"):
        if data.get(name) is not None:
            data[name] = 0
    return data
