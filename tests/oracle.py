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


# The masks that settings can take by name: the pattern, under `re.ASCII`, and what takes the place of its matches.
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|"
    "Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
_PART = r"""[^\s/\\"'`<>|,;:*?()\[\]{}]+"""
MASKS = {
    "uuid": ("(?i:[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})", "__UUID__"),
    "id": (r"\b[A-Za-z]{2,16}[_-](?:[A-Za-z0-9]{16,}|[A-Za-z]{0,7}\d[A-Za-z0-9]{5,})\b", "__ID__"),
    "hex": (r"\b[0-9a-f]{12,}\b", "__HEX__"),
    "date": (
        "|".join(
            [
                rf"\b(?:\d{{4}}-\d\d?-\d\d?(?:[T ]{_CLOCK}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?",
                r"\d{4}/\d\d?/\d\d?",
                r"\d\d?[./]\d\d?[./]\d{4}",
                rf"{_MONTH} {_DAY}(?:,? \d{{4}})?",
                rf"{_DAY} {_MONTH}(?:,? \d{{4}})?",
                rf"{_MONTH},? \d{{4}})\b",
            ]
        ),
        "__DATE__",
    ),
    "time": (rf"\b{_CLOCK}(?: ?[AaPp][Mm])?\b", "__TIME__"),
    "weekday": (r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b", "__WEEKDAY__"),
    "timestamp": (r"\b[1-3]\d{9}(?:\d{3}){0,3}(?:\.\d+)?\b", "__TIMESTAMP__"),
    "path": (
        rf"""(^|[\s"'`<>|,;:=(\[{{])(?:(?:file://)?(?:/{_PART}){{2,}}/?|[A-Za-z]:(?:[/\\]{_PART})+[/\\]?)""",
        r"\1__PATH__",
    ),
}
OGX_MASKS = dict(zip(("score", "attributes", "document-id", "citation"), FILE_SEARCH, strict=True))


def declared(body: Any, rules: dict[str, Any], *, decimals: int | None, masks: list[str]) -> Any:
    """Change a body as a declared profile does that adds `rules` to one with these decimals and masks.

    `rewrite` is a list of pattern, replacement (both for `re`) and place.
    """
    decimals = rules.get("round", decimals)
    masks = [*masks, *rules.get("mask", [])]

    def is_at(place: str, path: tuple[str, ...]) -> bool:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]]
        return len(parts) == len(path) and all(part in ("*", step) for part, step in zip(parts, path, strict=True))

    def text(value: str, path: tuple[str, ...]) -> str:
        for name in masks:
            if name in OGX_MASKS:
                value = re.sub(*OGX_MASKS[name], value)
            else:
                value = re.sub(*MASKS[name], value, flags=re.ASCII)
        for pattern, replacement, place in rules.get("rewrite", []):
            if place is None or is_at(place, path):
                value = re.sub(pattern, replacement, value)
        if decimals is None:
            return value
        return re.sub(r"-?\d+\.\d{4,}", lambda found: f"{float(found.group()):.{decimals}f}", value)

    def is_kept(path: tuple[str, ...]) -> bool:
        return not any(is_at(place, path) for place in rules.get("drop", []))

    def walk(value: Any, path: tuple[str, ...]) -> Any:
        for place, other in sorted(rules.get("replace", {}).items(), key=lambda item: item[0].split("/").count("*")):
            if is_at(place, path):
                return other
        if isinstance(value, dict):
            return {name: walk(member, (*path, name)) for name, member in value.items() if is_kept((*path, name))}
        if isinstance(value, list):
            return [walk(element, (*path, str(at))) for at, element in enumerate(value) if is_kept((*path, str(at)))]
        if isinstance(value, float) and decimals is not None:
            return round(value, decimals)
        return text(value, path) if isinstance(value, str) else value

    return walk(body, ())


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
