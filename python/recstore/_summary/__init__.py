"""What a recording says to a person: `summarize` makes a `Summary` of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recstore._summary.answer import read_answer
from recstore._summary.request import read_request
from recstore._summary.summary import Answer, Call, Message, Summary, Tool

if TYPE_CHECKING:
    from recstore import Recording

__all__ = ["Answer", "Call", "Message", "Summary", "Tool", "summarize"]


def summarize(recording: Recording) -> Summary:
    """Return what a recording says: the request in its parts, the answer joined, and the error.

    It knows the shapes of OpenAI, Anthropic, Ollama and Gemini, and of the calls of tools that OGX records; of any
    other it holds the data. Vectors and files are said by their size.

    >>> import recstore
    >>> from recstore._summary import summarize
    >>> summary = summarize(recstore.open("examples/recordings")["997bcd1de70f"])
    >>> summary.messages
    [Message(role='user', text='Say hello.', reasoning='', calls=[], call_id=None)]
    >>> summary.parameters, summary.answer.text, summary.answer.finish
    ({'stream': True}, 'Hello!', 'stop')
    """
    try:
        request: Any = recording.request
    except ValueError:  # numbers of more digits than Python takes
        request = {"body": "[numbers too long to be read]"}
    request = request if isinstance(request, dict) else {"body": request}
    parameters, messages, tools = read_request(request)
    *earlier, answer = map(read_answer, recording.answers)
    return Summary(
        key=recording.key,
        path=str(recording.path),
        test_id=recording.test_id,
        profile=recording.profile,
        method=str(request.get("method") or ""),
        url=str(request.get("url") or ""),
        endpoint=str(recording.endpoint or ""),
        model=str(recording.model or ""),
        status=recording.status,
        is_streaming=recording.is_streaming,
        size=len(recording.raw),
        chunks=len(recording),
        parameters=parameters,
        messages=messages,
        tools=tools,
        answer=answer,
        earlier=earlier,
        is_incomplete=recording.details.get("is_incomplete") is True,
    )
