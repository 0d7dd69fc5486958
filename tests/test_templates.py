"""Objects made from templates, against those that validation makes."""

from __future__ import annotations

import gc
import itertools
import json
import random
import sys
import tempfile
import threading
import weakref
from datetime import datetime  # noqa: TC003  # pydantic reads it
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import anthropic
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    OnErrorOmit,
    PrivateAttr,
    RootModel,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

import recstore
from recstore import _core, registry
from support import key


def anatomy(made: Any) -> Any:
    """Return all that there is to an object: classes, order of fields, which of them were set, extra fields."""
    if isinstance(made, BaseModel):
        fields = [(name, anatomy(value)) for name, value in made.__dict__.items()]
        state = made.__pydantic_fields_set__, anatomy(made.__pydantic_extra__), made.__pydantic_private__
        return type(made), fields, state
    if isinstance(made, dict):
        return [(anatomy(name), anatomy(value)) for name, value in made.items()]
    if isinstance(made, list):
        return [anatomy(value) for value in made]
    # A NaN equals nothing, and -0.0 equals 0.0.
    return type(made), repr(made)


def plain(cls: Any, data: Any) -> Any:
    """Make an object the slow way."""
    try:
        return cls.model_validate(data)
    except ValueError:
        return cls.model_construct(**data)


def chunks(texts: list[bytes]) -> list[recstore.Chunk]:
    """Return chunks with this JSON."""
    text = b'{"test_id":null,"request":{},"response":{"body":[%s],"is_streaming":true}}' % b",".join(texts)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{key(1)}.json").write_bytes(text)
        return list(recstore.open(folder, cache=False)[key(1)])


class Counted:
    """A maker of objects that counts how many chunks it had to validate."""

    def __init__(self, cls: Any) -> None:
        self.learnt = 0

        def learn(text: bytes) -> Any:
            self.learnt += 1
            return registry._learn(cls, text)

        self.maker = _core.Maker(learn)

    def __call__(self, text: bytes) -> Any:
        (chunk,) = chunks([text])
        return self.maker(chunk)


def compact(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


@pytest.mark.filterwarnings("ignore:no class is known:recstore.RecstoreWarning")
def test_all_objects_of_the_corpus_are_those_of_validation(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learn, learnt, made = registry._learn, 0, 0

    def count(cls: Any, text: bytes) -> Any:
        nonlocal learnt
        learnt += 1
        return learn(cls, text)

    monkeypatch.setattr(registry, "_learn", count)
    monkeypatch.setattr(registry, "_makers", {})
    for recording in recstore.open(corpus / "ogx", cache=False).recordings():
        if recording.error is not None:
            continue
        answer = recording.replay()
        objects = answer if recording.is_streaming or isinstance(answer, list) else [answer]
        for chunk, one in zip(recording, objects, strict=len(recording) > 0):
            if isinstance(one, BaseModel):
                made += 1
                assert anatomy(one) == anatomy(plain(type(one), chunk.data)), chunk.raw
    assert made > 50_000
    assert learnt < made / 50  # 1.2 %: nearly all of Gemini's, whose classes have validators, and one of each pattern


# Classes that templates must not be fooled by


class Stripping(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    text: str


class Constrained(BaseModel):
    text: Annotated[str, StringConstraints(to_upper=True)]


class Short(BaseModel):
    text: str = Field(max_length=4)


class Validated(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def reverse(cls, value: str) -> str:
        return value[::-1]


class Aliased(BaseModel):
    text: str = Field(alias="name", default="none")


class Converted(BaseModel):
    number: int
    ratio: float
    at: datetime
    flag: bool


class NumberOrText(BaseModel):
    value: int | str


class NumberFirst(BaseModel):
    value: int | str = Field(union_mode="left_to_right")


class Choosing(BaseModel):
    value: Literal["a", "b"] | int | None = None


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Snake(BaseModel):
    kind: str
    name: Literal["Kaa"]


class Owner(BaseModel):
    pet: Dog | Cat


class Keeper(BaseModel):
    pet: Snake | Dog
    """A dog that is called Kaa may be a snake too, by its name alone."""


class Lists(BaseModel):
    texts: list[str] = []
    numbers: dict[str, float] = {}
    anything: Any = None


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    text: str = ""


class Private(BaseModel):
    text: str
    _seen: int = PrivateAttr(default=1)


class Initialized(BaseModel):
    text: str
    length: int = 0

    def model_post_init(self, context: Any) -> None:
        self.length = len(self.text)


class Constructed(BaseModel):
    text: str

    def __init__(self, **data: Any) -> None:
        super().__init__(text=str(data["text"]) + "!")


class OwnValidate(BaseModel):
    text: str

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> OwnValidate:
        return super().model_validate({"text": obj["text"].strip()}, **options)


class OwnConstruct(BaseModel):
    text: str
    needed: int

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> OwnConstruct:
        return super().model_construct(_fields_set, text=values["text"].strip(), needed=0)


class Root(RootModel[list[str]]):
    pass


class Slotted(BaseModel):
    __slots__ = ("more",)
    text: str


class Tree(BaseModel):
    text: str
    children: list[Tree] = []


class Letter(StrEnum):
    A = "a"
    B = "b"


class Named(BaseModel):
    numbers: dict[int, list[str]] = {}
    models: dict[UUID, Extra] = {}
    letters: dict[Letter, list[str]] = {}
    lower: dict[Annotated[str, StringConstraints(to_lower=True)], str] = {}


class Lenient(BaseModel):
    numbers: list[OnErrorOmit[int]]


class Computed(BaseModel):
    text: str
    upper: str = Field(default_factory=lambda data: data["text"].upper())


class ComputedInValidation(BaseModel):
    text: str
    length: int = Field(default=0, validate_default=True)

    @field_validator("length")
    @classmethod
    def measure(cls, value: int, info: ValidationInfo) -> int:
        return value or len(info.data["text"])


CASES: list[tuple[Any, list[Any]]] = [
    (Stripping, [{"text": "a"}, {"text": " b "}]),
    (Constrained, [{"text": "A"}, {"text": "b"}]),
    (Short, [{"text": "a"}, {"text": "abcdefgh"}]),
    (Validated, [{"text": "aa"}, {"text": "ab"}]),
    (Aliased, [{"name": "a"}, {"name": "b"}, {"text": "c"}]),
    (Converted, [{"number": 1, "ratio": 1, "at": "2026-01-01T00:00:00Z", "flag": True},
                 {"number": "2", "ratio": 2.5, "at": 0, "flag": "yes"}]),
    (NumberOrText, [{"value": "a"}, {"value": 1}, {"value": "2"}, {"value": 1.0}]),
    (NumberFirst, [{"value": "a"}, {"value": "2"}]),
    (Choosing, [{"value": "a"}, {"value": "b"}, {"value": "c"}, {"value": 3}, {}]),
    (Owner, [{"pet": {"kind": "dog", "name": "a"}}, {"pet": {"kind": "dog", "name": "b"}},
             {"pet": {"kind": "cat", "name": "c"}}, {"pet": {"kind": "cow", "name": "d"}}]),
    (Keeper, [{"pet": {"kind": "dog", "name": "a"}}, {"pet": {"kind": "dog", "name": "Kaa"}},
              {"pet": {"kind": "boa", "name": "Kaa"}}, {"pet": {"kind": "asp", "name": "Kaa"}}]),
    (Lists, [{"texts": ["a"], "numbers": {"a": 1.5}, "anything": {"b": [1, "c", None]}},
             {"texts": ["d"], "numbers": {"a": 2.5}, "anything": {"b": [2, "e", None]}}, {"texts": ["f", "g"]}, {}]),
    (Extra, [{"text": "a", "more": "b", "deep": {"c": [1.5]}}, {"text": "d", "more": "e", "deep": {"c": [2.5]}}]),
    (Private, [{"text": "a"}, {"text": "b"}]),
    (Initialized, [{"text": "a"}, {"text": "bb"}]),
    (Constructed, [{"text": "a"}, {"text": "b"}]),
    (OwnValidate, [{"text": "a"}, {"text": " b "}]),
    (OwnConstruct, [{"text": "a"}, {"text": " b "}]),
    (Slotted, [{"text": "a"}, {"text": "b"}]),
    (Named, [{"numbers": {"1": ["a"]}}, {"numbers": {"1": ["b"]}}, {"letters": {"a": ["a"]}}, {"letters": {"a": ["b"]}},
             {"models": {f"{UUID(int=1)}": {"text": "a"}}}, {"models": {f"{UUID(int=1)}": {"text": "b"}}},
             {"lower": {"a": "b", "A": "c"}}, {"lower": {"a": "d", "A": "e"}}, {"lower": {"a": "d", "A": "c"}}]),
    (Lenient, [{"numbers": [1, "x"]}, {"numbers": [2, "y"]}, {"numbers": [3]}, {"numbers": [4]}]),
    (Computed, [{"text": "a"}, {"text": "b"}]),
    (ComputedInValidation, [{"text": "a"}, {"text": "bb"}]),
    (Tree, [{"text": "a", "children": [{"text": "b", "children": []}]},
            {"text": "c", "children": [{"text": "d", "children": []}]}]),
]  # fmt: skip


@pytest.mark.parametrize(("cls", "data"), CASES, ids=[cls.__name__ for cls, _ in CASES])
def test_every_kind_of_class_gives_what_its_validation_gives(cls: Any, data: list[Any]) -> None:
    make = Counted(cls)
    for _ in range(2):
        for one in data:
            assert anatomy(make(compact(one))) == anatomy(plain(cls, one))


@pytest.mark.parametrize(("cls", "learnt"), [(Owner, 3), (Lists, 3), (Extra, 1), (Tree, 1)], ids=str)
def test_chunks_that_are_alike_are_validated_once(cls: Any, learnt: int) -> None:
    make = Counted(cls)
    for one in dict(CASES)[cls] * 2:
        make(compact(one))
    assert make.learnt == learnt


@pytest.mark.parametrize(("numbers", "learnt"), [(64, 1), (1536, 3)])
def test_long_embeddings_are_validated_each_time_which_is_quicker(numbers: int, learnt: int) -> None:
    make = Counted(openai.types.CreateEmbeddingResponse)
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    for number in range(3):
        vector = {"embedding": [number + 0.5] * numbers, "index": 0, "object": "embedding"}
        data = {"data": [vector], "model": "m", "object": "list", "usage": usage}
        assert anatomy(make(compact(data))) == anatomy(openai.types.CreateEmbeddingResponse.model_validate(data))
    assert make.learnt == learnt


class Call(BaseModel):
    name: str
    number: int = Field(default_factory=itertools.count().__next__)


class Calls(BaseModel):
    metadata: dict[str, list[Call]]


class Watched(BaseModel):
    text: str

    @model_validator(mode="after")
    def watch(self) -> Watched:
        SEEN.append(self.text)
        return self


class Initiated(BaseModel):
    text: str

    def model_post_init(self, context: Any) -> None:
        SEEN.append(self.text)


SEEN: list[str] = []


def test_a_default_that_differs_each_time_does_so() -> None:
    make = Counted(Calls)
    made = [make(compact({"metadata": {"a": [{"name": "a"}, {"name": "b"}]}})) for _ in range(3)]
    assert len({call.number for one in made for call in one.metadata["a"]}) == 6


@pytest.mark.parametrize("cls", [Watched, Initiated])
def test_validators_with_effects_run_for_equal_chunks_too(cls: Any) -> None:
    make = Counted(cls)
    SEEN.clear()
    for _ in range(3):
        make(compact({"text": "a"}))
    assert SEEN == ["a", "a", "a"]


class Changing(BaseModel):
    text: str


def test_a_class_that_is_built_anew_or_patched_makes_its_objects_so(monkeypatch: pytest.MonkeyPatch) -> None:
    (chunk,) = chunks([compact({"text": "a"})])

    def texts() -> list[str]:
        return [registry.maker(Changing)(chunk).text for _ in range(3)]

    assert texts() == ["a", "a", "a"]
    Changing.model_config["str_to_upper"] = True
    Changing.model_rebuild(force=True)
    assert texts() == ["A", "A", "A"]
    monkeypatch.setattr(Changing, "model_validate", lambda data: Changing.model_construct(text=data["text"] + "!"))
    assert texts() == ["a!", "a!", "a!"]


class Finalized(BaseModel):
    text: str

    def __del__(self) -> None:
        SEEN.append(self.text)


def test_a_class_with_a_finalizer_is_validated_each_time() -> None:
    make = Counted(Finalized)
    SEEN.clear()
    for text in "ab":
        make(compact({"text": text}))
    assert SEEN == ["a", "b"]
    assert make.learnt == 2


def test_a_list_as_root_is_validated() -> None:
    make = Counted(Root)
    assert [make(compact(data)).root for data in (["a"], ["b"])] == [["a"], ["b"]]


CHUNK: dict[str, Any] = {
    "id": "rec-1",
    "choices": [{"delta": {"content": "hi", "role": "assistant"}, "finish_reason": None, "index": 0}],
    "created": 0,
    "model": "m",
    "object": "chat.completion.chunk",
}


def chunk_saying(content: Any) -> bytes:
    choice = {"delta": {"content": content, "role": "assistant"}, "finish_reason": None, "index": 0}
    return compact({**CHUNK, "choices": [choice]})


@given(contents=st.lists(st.one_of(st.text(st.characters()), st.integers(), st.floats(), st.none(), st.booleans())))
@settings(max_examples=60, deadline=None)
def test_whatever_a_chunk_says_it_is_as_validation_makes_it(contents: list[Any]) -> None:
    make = Counted(ChatCompletionChunk)
    for content in ["hi", *contents]:
        text = chunk_saying(content)
        assert anatomy(make(text)) == anatomy(plain(ChatCompletionChunk, json.loads(text)))
        other = compact({**CHUNK, "created": content, "more": content})
        assert anatomy(make(other)) == anatomy(plain(ChatCompletionChunk, json.loads(other)))


def test_lone_surrogates_are_left_to_validation() -> None:
    make = Counted(ChatCompletionChunk)
    make(chunk_saying("a"))
    text = chunk_saying("\ud800")
    assert anatomy(make(text)) == anatomy(plain(ChatCompletionChunk, json.loads(text)))
    assert make.learnt == 2


def test_json_that_is_spelled_otherwise_is_validated() -> None:
    make = Counted(ChatCompletionChunk)
    for content in ("é", "è"):
        text = json.dumps({**CHUNK, "model": content}, ensure_ascii=False, separators=(",", ":")).encode()
        assert make(text).model == content
    assert make.learnt == 2
    # In a template, only the scalars may be.
    make(chunk_saying("a"))
    assert make(chunk_saying("a").replace(b'"a"', '"é\\u00e9"'.encode())).choices[0].delta.content == "éé"
    assert make.learnt == 3


def test_data_that_validation_refuses_is_built_as_the_sdk_builds_it() -> None:
    make = Counted(ChatCompletionChunk)
    for identity in ("a", "b"):
        data = {**CHUNK, "id": identity, "object": ""}
        made = make(compact(data))
        assert (made.id, made.object) == (identity, "")
        assert anatomy(made) == anatomy(ChatCompletionChunk.model_construct(**data))
    assert make.learnt == 1


def test_objects_share_nothing_that_can_be_changed() -> None:
    usage = {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2}
    data = {**CHUNK, "usage": usage, "extra": {"list": [1, {"a": []}]}}
    make = Counted(ChatCompletionChunk)
    for _ in range(3):
        made: Any = make(compact(data))
        assert anatomy(made) == anatomy(plain(ChatCompletionChunk, data))
        made.choices[0].delta.content = "changed"
        made.choices[0].delta.model_fields_set.clear()
        made.choices[0].model_extra["new"] = 1
        made.choices.append(made.choices[0])
        made.model_fields_set.add("changed")
        made.usage.total_tokens = 99
        made.extra["list"][1]["a"].append(1)
        made.extra["list"].clear()
    assert make.learnt == 1


def test_the_collector_looks_at_objects_and_not_at_the_names_of_their_fields() -> None:
    make = Counted(ChatCompletionChunk)
    for _ in range(2):
        made: Any = make(compact(CHUNK))
    assert make.learnt == 1
    models = [made, made.choices[0], made.choices[0].delta]
    assert [gc.is_tracked(model.model_fields_set) for model in models] == [False] * 3
    # What can lead back to itself must be found.
    tracked = [*models, made.choices, made.__dict__]
    assert [gc.is_tracked(container) for container in tracked] == [True] * 5
    made.choices[0].own = made
    lasting = weakref.ref(made)
    del made, models, tracked
    gc.collect()
    assert lasting() is None


@pytest.mark.parametrize("is_enabled", [True, False])
def test_no_collection_starts_while_the_chunks_of_a_list_are_made(tmp_path: Path, is_enabled: bool) -> None:
    chunk = {"__type__": f"{ChatCompletionChunk.__module__}.ChatCompletionChunk", "__data__": CHUNK}
    recording = {"test_id": None, "request": {}, "response": {"body": [chunk] * 100, "is_streaming": True}}
    (tmp_path / f"{key(1)}.json").write_text(json.dumps(recording))
    stream = recstore.open(tmp_path, cache=False)[key(1)].replay()
    first, started = next(stream), []
    is_on, threshold = gc.isenabled(), gc.get_threshold()
    gc.callbacks.append(lambda phase, _: started.append(phase))
    try:
        (gc.enable if is_enabled else gc.disable)()
        gc.set_threshold(500)
        gc.collect(0)
        started.clear()
        kept = list(stream)
        meanwhile = len(started)
        # What was made counts: the next containers of anybody's start the collection that is due.
        others = [[made] for made in kept]
        afterwards = len(started)
        assert gc.isenabled() is is_enabled
        assert (meanwhile, afterwards > 0, len(others)) == (0, is_enabled, 99)
    finally:
        gc.callbacks.pop()
        gc.set_threshold(*threshold)
        (gc.enable if is_on else gc.disable)()
    assert [anatomy(made) for made in kept] == [anatomy(first)] * 99


def test_more_shapes_than_are_kept_make_right_objects() -> None:
    make = Counted(ChatCompletionChunk)
    shapes = [{**CHUNK, f"extra{number}": number} for number in range(300)]
    for _ in range(2):
        for data in shapes:
            assert anatomy(make(compact(data))) == anatomy(plain(ChatCompletionChunk, data))
    assert 300 < make.learnt <= 600
    learnt = make.learnt
    for data in shapes[-100:]:
        make(compact(data))
    assert make.learnt == learnt


def test_shapes_in_any_order_are_each_validated_once_whatever_their_chunks_say() -> None:
    make = Counted(ChatCompletionChunk)
    order = random.Random(7)
    for number in range(500):
        says = {"id": "x" * order.randrange(50), "model": f'"{number}":'}
        data = {**CHUNK, f"extra{order.randrange(10)}": number, **says}
        assert anatomy(make(compact(data))) == anatomy(plain(ChatCompletionChunk, data))
    assert make.learnt == 10


def test_defaults_are_not_shared_either() -> None:
    make = Counted(Lists)
    for _ in range(3):
        made: Any = make(b"{}")
        assert anatomy(made) == anatomy(Lists())
        made.texts.append("a")
        made.numbers["a"] = 1.0
    assert make.learnt == 1


def test_events_of_responses_and_messages_are_made_from_templates() -> None:
    delta = {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0,
             "sequence_number": 1, "logprobs": [], "delta": "a"}  # fmt: skip
    make = Counted(openai.types.responses.ResponseTextDeltaEvent)
    for number in range(5):
        data = {**delta, "delta": str(number), "sequence_number": number}
        assert anatomy(make(compact(data))) == anatomy(
            openai.types.responses.ResponseTextDeltaEvent.model_validate(data)
        )
    assert make.learnt == 1
    make = Counted(anthropic.types.RawContentBlockDeltaEvent)
    for kind, member in [("text_delta", "text"), ("input_json_delta", "partial_json"), ("thinking_delta", "thinking")]:
        for text in "ab":
            data = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, member: text}}
            expected = anthropic.types.RawContentBlockDeltaEvent.model_validate(data)
            assert anatomy(make(compact(data))) == anatomy(expected)
    assert make.learnt == 3


# While an object is being made, another may be


def test_a_finalizer_that_replays_while_an_object_is_made_changes_nothing() -> None:
    make = Counted(ChatCompletionChunk)
    (mine,), (other,) = chunks([chunk_saying("mine")]), chunks([chunk_saying("other")])
    make.maker(other)
    seen = []

    class Replays:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            seen.append(make.maker(other))

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        for _ in range(500):
            Replays()
            made = make.maker(mine)
            assert made.choices[0].delta.content == "mine"
    finally:
        gc.set_threshold(*threshold)
    assert len(seen) > 100
    assert {one.choices[0].delta.content for one in seen} == {"other"}


def test_threads_that_replay_at_once_each_get_their_own() -> None:
    make = Counted(ChatCompletionChunk)
    wrong: list[int] = []

    def replay(number: int) -> None:
        (chunk,) = own[number]
        for _ in range(2000):
            made = make.maker(chunk)
            if made.choices[0].delta.content != str(number):
                wrong.append(number)

    own = [chunks([chunk_saying(str(number))]) for number in range(4)]
    threads = [threading.Thread(target=replay, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_that_share_a_stream_get_each_chunk_once(tmp_path: Path) -> None:
    tag = f"{ChatCompletionChunk.__module__}.ChatCompletionChunk"
    # Each is validated, which takes long enough for the others to come.
    body = [{"__type__": tag, "__data__": {**CHUNK, "id": f"{number}", f"extra{number}": 1}} for number in range(400)]
    recording = {"test_id": None, "request": {}, "response": {"body": body, "is_streaming": True}}
    (tmp_path / f"{key(1)}.json").write_text(json.dumps(recording))
    stream = recstore.open(tmp_path, cache=False)[key(1)].replay()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.extend(chunk.id for chunk in stream)) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(got, key=int) == [f"{number}" for number in range(400)]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (([b"{}"], ["int"], {}), "one piece more"),
        (([b"{", b"}"], ["bool"], {}), "not bool"),
        (([b"{}"], [], (int, {}, set(), None)), "__new__"),
        (([b"{}"], [], (object, {}, set(), None)), "__pydantic_fields_set__"),
        (([b"{}"], [], (Finalized, {}, set(), None)), "__del__"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(template: Any, problem: str) -> None:
    (chunk,) = chunks([b'{"a":1}'])
    with pytest.raises((TypeError, ValueError, AttributeError), match=problem):
        _core.Maker(lambda text: (None, template))(chunk)
