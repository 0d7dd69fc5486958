"""A service that speaks the wire formats of OpenAI, Anthropic, Ollama and Gemini, by a script.

The model that a request names says what happens: `whole`, `tools`, `error-400`, `once-429` (an error at first),
`broken` (the connection breaks off in the middle), `slow`, `gzip`, `numbers` (no base64, whatever is asked), and so on.
Answers differ from call to call by a count, so that a recording cannot pass for the service.
"""

from __future__ import annotations

import gzip
import json
import struct
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import brotli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self


COMPRESS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "brotli": ("br", brotli.compress),
}


class ScriptedServer:
    """The service, on a port of its own, for as long as the context is open."""

    def __init__(self) -> None:
        self.calls = 0
        self.seen: dict[str, int] = {}
        self.lock = threading.Lock()
        script = self

        class Bound(Handler):
            server_script = script

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def count(self, model: str) -> tuple[int, int]:
        """Count a call: of all, and of those that named this model."""
        with self.lock:
            self.calls += 1
            self.seen[model] = self.seen.get(model, 0) + 1
            return self.calls, self.seen[model]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_script: ScriptedServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self.call, _ = self.server_script.count(self.path)
        if self.path.endswith("/api/tags"):
            self.whole({"models": [{"model": name, "size": self.call} for name in ("llama", "gemma")]})
        elif self.path.endswith("/elsewhere"):
            self.bytes(b"", "text/plain", 307, location="/image")
        elif self.path.endswith("/models"):
            models = [{"id": name, "object": "model", "created": 7, "owned_by": "me"} for name in ("gpt", "ada")]
            self.whole({"object": "list", "data": models})
        else:
            self.bytes(b"\x89PNG\r\n\xff\x00", "image/png")

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.model = self.body.get("model") or self.path.partition("models/")[2].partition(":")[0]
        self.call, self.times = self.server_script.count(self.model)
        if self.model.startswith("error-") or (self.model.startswith("once-") and self.times == 1):
            self.error(int(self.model[-3:]))
        elif self.path.endswith("/chat/completions"):
            self.openai()
        elif self.path.endswith("/completions"):
            self.whole(
                {
                    "id": f"cmpl-{self.call}",
                    "object": "text_completion",
                    "created": 5,
                    "model": self.model,
                    "choices": [{"index": 0, "text": f"text {self.call}", "finish_reason": "stop", "logprobs": None}],
                }
            )
        elif self.path.endswith("/embeddings"):
            self.embeddings()
        elif self.path.endswith("/messages"):
            self.anthropic()
        elif "/api/" in self.path:
            self.ollama()
        else:
            self.gemini()

    # Bodies

    def bytes(self, data: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def whole(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        if self.command == "POST" and self.model in COMPRESS:
            self.bytes(
                COMPRESS[self.model][1](data), "application/json", status, content_encoding=COMPRESS[self.model][0]
            )
        else:
            self.bytes(data, "application/json", status, x_request_id=f"secret-{self.call}")

    def stream(self, pieces: Iterable[str], kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        data = [piece.encode() for piece in pieces] if self.model in COMPRESS else (piece.encode() for piece in pieces)
        if self.model in COMPRESS:
            encoding, compress = COMPRESS[self.model]
            self.send_header("content-encoding", encoding)
            whole = compress(b"".join(data))
            data = [whole[:20], whole[20:]]
        self.end_headers()
        for number, piece in enumerate(data):
            if self.model == "slow" and number:
                time.sleep(0.05)
            if self.model == "broken" and number == 2:
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def error(self, status: int) -> None:
        message = f"no {self.call}"
        if "/api/" in self.path:
            self.whole({"error": message}, status)
        elif self.path.endswith("/messages"):
            self.whole({"type": "error", "error": {"type": "api_error", "message": message}}, status)
        elif "generativelanguage" in self.path or ":" in self.path:
            self.whole({"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}, status)
        else:
            self.whole({"error": {"message": message, "type": "bad", "param": None, "code": None}}, status)

    # Services

    def openai(self) -> None:
        common = {"id": f"chatcmpl-{self.call}", "created": 1_700_000_000 + self.call, "model": self.model}
        arguments = ['{"city":', ' "Zürich"}']
        call = {"id": f"call_{self.call}", "type": "function", "function": {"name": "weather"}}
        if not self.body.get("stream"):
            message: dict[str, Any] = {"role": "assistant", "content": f"Grüße {self.call} 🎉"}
            if self.model == "tools":
                call["function"]["arguments"] = "".join(arguments)  # type: ignore[index]
                message = {"role": "assistant", "content": None, "tool_calls": [call]}
            usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
            choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
            self.whole({**common, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if self.model == "tools":
            call["function"]["arguments"] = ""  # type: ignore[index]
            deltas.append({"tool_calls": [{"index": 0, **call}]})
            deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in arguments]
        else:
            deltas += [{"content": piece} for piece in ("Grüße", f" {self.call}", " 🎉", "\n\ndata: x")]

        def events() -> Iterator[str]:
            for delta in [*deltas, {}]:
                choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
                chunk = {**common, "object": "chat.completion.chunk", "choices": [choice]}
                yield f"data: {json.dumps(chunk)}\n\n"
                if self.model == "comments":
                    yield ": still working\n\n"
            if self.model == "bad-event":
                yield 'data: {"error": {"message": "overloaded", "type": "server_error", "code": null}}\n\n'
            else:
                yield "data: [DONE]\n\n"

        self.stream(events())

    def embeddings(self) -> None:
        numbers = [0.1, -2.5, float(self.call)]
        is_base64 = self.body.get("encoding_format") == "base64" and self.model != "numbers"
        embedding: Any = b64encode(struct.pack("<3f", *numbers)).decode() if is_base64 else numbers
        data = [{"object": "embedding", "index": 0, "embedding": embedding}]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self.whole({"object": "list", "data": data, "model": self.model, "usage": usage})

    def anthropic(self) -> None:
        usage = {"input_tokens": 3, "output_tokens": 1}
        message: dict[str, Any] = {
            "id": f"msg_{self.call}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
        }
        message |= {"model": self.model, "stop_reason": None, "stop_sequence": None, "usage": usage}
        block: dict[str, Any] = {"type": "text", "text": ""}
        deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": f"Grüße {self.call}"}]
        if self.model == "tools":
            block = {"type": "tool_use", "id": f"toolu_{self.call}", "name": "weather", "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"city":', ' "Bern"}')]
        if not self.body.get("stream"):
            whole = (
                {**block, "input": {"city": "Bern"}} if self.model == "tools" else {**block, "text": deltas[0]["text"]}
            )
            self.whole({**message, "content": [whole], "stop_reason": "end_turn"})
            return
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "ping"},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]
        if self.model == "bad-event":
            events[3:] = [{"type": "error", "error": {"type": "overloaded_error", "message": "later"}}]
        self.stream(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)

    def ollama(self) -> None:
        if self.path.endswith("/embed"):
            self.whole({"model": self.model, "embeddings": [[0.5, self.call]], "total_duration": self.call})
            return
        common = {"model": self.model, "created_at": f"2026-01-01T00:00:{self.call % 60:02}Z"}
        end = {"done": True, "done_reason": "stop", "total_duration": self.call, "eval_count": 3}

        def said(text: str) -> dict[str, Any]:
            if self.path.endswith("/generate"):
                return {"response": text}
            calls = [{"function": {"name": "weather", "arguments": {"city": "Bern"}}}]
            is_tool = self.model == "tools"
            return {"message": {"role": "assistant", "content": text, **({"tool_calls": calls} if is_tool else {})}}

        if self.body.get("stream"):
            lines = [{**common, **said(text), "done": False} for text in ("Grüße", f" {self.call}")]
            lines.append({**common, **said(""), **end})
            if self.model == "bad-event":
                lines[2] = {"error": "out of memory"}
            self.stream((json.dumps(line) + "\n" for line in lines), "application/x-ndjson")
        else:
            self.whole({**common, **said(f"Grüße {self.call}"), **end})

    def gemini(self) -> None:
        if ":batchEmbedContents" in self.path or ":embedContent" in self.path:
            self.whole({"embeddings": [{"values": [0.5, self.call]}]})
            return
        part: dict[str, Any] = {"text": f"Grüße {self.call}"}
        if self.model == "tools":
            part = {"functionCall": {"name": "weather", "args": {"city": "Bern"}}}

        def answer(part: dict[str, Any], **more: Any) -> dict[str, Any]:
            candidate = {"content": {"parts": [part], "role": "model"}, "index": 0, **more}
            return {"candidates": [candidate], "modelVersion": self.model, "responseId": f"r{self.call}"}

        if "stream" in self.path:
            answers = [answer({"text": "eins"}), answer(part), answer({"text": "."}, finishReason="STOP")]
            self.stream(f"data: {json.dumps(made)}\r\n\r\n" for made in answers)
        else:
            self.whole(answer(part, finishReason="STOP"))
