"""The core, as Python sees it. `python -m mypy.stubtest recstore` holds this file true."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias, TypedDict, TypeVar, final, overload, type_check_only

from typing_extensions import disjoint_base

__all__ = [
    "DEBUG_BUILD",
    "Chunk",
    "ChunkIterator",
    "Maker",
    "Objects",
    "Recording",
    "RecordingIterator",
    "Store",
    "__version__",
    "answer_digest",
    "apply_rekey",
    "canonical",
    "differences",
    "dumps",
    "examine",
    "finding_kinds",
    "fix",
    "loads",
    "parse_recording",
    "plan_rekey",
    "profiles",
    "request_key",
    "undo_rekey",
    "unpack",
]

_T = TypeVar("_T")

DEBUG_BUILD: Final[bool]
"""Whether this is a build without optimisation, which is slow."""

__version__: Final[str]

@type_check_only
class ToolCall(TypedDict):
    """A call of a tool, or the piece of one that a chunk brings."""

    index: int | None
    """Which of the calls the piece belongs to, where the chunk says so."""
    id: str | None
    """The id of the call, where the chunk says it."""
    name: str | None
    """The name of the tool, where the chunk says it."""
    arguments: str
    """The arguments as JSON text, or the piece of it that the chunk brings."""

@type_check_only
class Finding(TypedDict):
    """Something in a store that is not as it should be."""

    kind: Literal["unreadable", "malformed", "key-mismatch", "no-key", "damaged-pack"]
    path: str
    """The file, relative to the root of the store."""
    message: str
    """What is wrong and what to do."""

@type_check_only
class Report(TypedDict):
    """What `Store.verify` found."""

    files: int
    """How many files were looked at."""
    profiles: dict[str, int]
    """How many recordings have their key under which profile, the newest that fits."""
    findings: list[Finding]
    """What is not as it should be, in the order of paths."""

_Difference = TypedDict(
    "_Difference",
    {
        "kind": Literal["changed", "added", "inserted", "removed", "moved"],
        "path": str,
        "from": str | None,
        "recorded": str | None,
        "requested": str | None,
        "places": list[tuple[str, str]],
        "more_places": int,
        "volatile": list[str],
    },
)

@type_check_only
class Difference(_Difference):
    """One difference between a recorded request and that which was made.

    `path` is where in the canonical form, `from` where it was, if it was moved. Of two texts, `places` are where they
    differ, as recorded and as requested. `volatile` names the rules that would close it.
    """

@type_check_only
class Remedy(TypedDict):
    """A profile, not declared yet, under which the request and the recorded one have one key. It was tried."""

    profile: str
    """Its name."""
    lines: str
    """The lines of `recstore.toml` that declare it."""

@type_check_only
class Near(TypedDict):
    """A recording that is near, and what keeps it from answering."""

    key: str | None
    path: str
    """The file, relative to the root of the store."""
    test_id: str | None
    endpoint: str
    model: str
    is_same_test: bool
    obstacles: list[Literal["profile", "folder", "test_id", "name"]]
    """What would have to be another for it to answer; empty where that is the request."""
    profile: str | None
    """The profile under which its name is the key, where that is another."""
    differences: list[Difference]
    more_differences: int
    volatile: list[str]
    """What kinds of values differ, where each is one that changes by itself."""
    closed_by: str | None
    """The profile under which nothing would differ."""
    remedy: Remedy | None
    """That which settings could declare, where there is none."""

@type_check_only
class Explanation(TypedDict):
    """What `Store.explain` returns."""

    key: str
    profile: str
    test_id: str | None
    endpoint: str
    model: str
    folders: list[str]
    """Those that answer for the test, the first to answer first; empty where all do."""
    answer: str | None
    """The file that answers after all."""
    compared: int
    """How many recordings were looked through."""
    nearest: list[Near]

_Severity: TypeAlias = Literal["error", "warning", "notice"]

@type_check_only
class DoctorOptions(TypedDict):
    """What an examination should know beside the recordings."""

    large: int
    """From how many bytes on a file is unusually large."""
    known_types: list[str]
    """How the type tags begin for which there may be a class."""
    renamed_types: list[tuple[str, str]]
    """How the tags of renamed packages begin, and how they begin now."""
    signs: list[str]
    """Texts of which every credential holds one."""
    former_settings: list[str]
    """What the settings file said before it was edited, the newest first, as far as that is known."""

@type_check_only
class DoctorFinding(TypedDict):
    """Something in a store that is not as it should be, what it means and what to do."""

    id: str
    """What kind of thing; it does not change."""
    severity: _Severity
    path: str
    """The file, relative to the root of the store."""
    line: int | None
    """The line in it, counted from 1; None where it is the whole file."""
    message: str
    """What it means."""
    remedy: str
    """What to do."""
    profile: str | None
    """The profile under which the name is the key of the request, or last was."""
    related: list[str]
    """The other files that it is about."""

@type_check_only
class DoctorFound(TypedDict):
    """What the core finds in a store."""

    files: int
    profiles: dict[str, int]
    unmatched: int
    findings: list[DoctorFinding]
    suspects: dict[str, bytes]
    """The files that hold a sign of a credential."""

@type_check_only
class DoctorFix(TypedDict):
    """What is repaired in a file."""

    path: str
    """The file, relative to the root of the store."""
    ids: list[str]
    """The findings that are repaired."""
    tags: int
    """How many type tags are renamed."""
    before: int
    """Its size in bytes."""
    after: int
    """Its size in bytes, then."""

@type_check_only
class RekeyRename(TypedDict):
    """A file that gets another name in its folder."""

    path: str
    """Its path, relative to the root of the store."""
    new: str
    """Its path, then."""

@type_check_only
class RekeyCollision(TypedDict):
    """Several files want one name; one has it or gets it, the others keep theirs."""

    path: str
    """The path that they want."""
    winner: str
    """The file that has the name or gets it."""
    others: list[str]
    """The files that keep their names."""
    are_equal: bool
    """Whether all answers are the same."""

@type_check_only
class RekeyLeft(TypedDict):
    """A file that is left as it is."""

    path: str
    reason: str

@type_check_only
class RekeyPlan(TypedDict):
    """What re-keying a store would do. Paths are relative to its root."""

    to: str
    profiles: dict[str, int]
    """How many recordings have their key under which profile."""
    unchanged: int
    """How many recordings have the right name already."""
    renames: list[RekeyRename]
    collisions: list[RekeyCollision]
    left: list[RekeyLeft]
    """The files that nothing tells the key of."""
    unfinished: str | None
    """The journal of a change of names that was killed."""

@type_check_only
class RekeyDone(TypedDict):
    """What was done."""

    profile: str
    """The profile whose keys the names are now."""
    renamed: int
    """How many files were renamed."""
    kept: list[str]
    """The files that kept their names because something changed them meanwhile."""
    undoable: int
    """How many changes of names can be undone, one after the other."""

@type_check_only
class Answer(TypedDict):
    """What is recorded of an answer."""

    body: Any
    """Plain values, typed objects as `{"__type__": ..., "__data__": ...}`."""
    is_streaming: bool
    """Whether it came as a stream."""
    status: int | None
    """The HTTP status."""
    error: dict[str, Any] | None
    """What is recorded of the exception that it ended in."""
    error_message: str | None
    """The text of that exception."""
    details: dict[str, Any]
    """Further members of the response."""

def canonical(request: Mapping[str, Any], *, test_id: str | None = None, profile: str = "ogx-7") -> bytes: ...
def request_key(request: Mapping[str, Any], *, test_id: str | None = None, profile: str = "ogx-7") -> str: ...
def profiles() -> list[str]: ...
def answer_digest(recording: Recording) -> str: ...
def differences(first: Recording, second: Recording, full: bool) -> list[Difference]: ...
def parse_recording(text: bytes, path: str | PathLike[str]) -> Recording: ...
def unpack(pack: str | PathLike[str], folder: str | PathLike[str], *, max_file_size: int = 67108864) -> int: ...
def examine(store: Store, known: DoctorOptions) -> DoctorFound: ...
def fix(store: Store, known: DoctorOptions, paths: set[str] | None, is_dry: bool) -> list[DoctorFix]: ...
def finding_kinds() -> dict[str, tuple[_Severity, str]]: ...
def plan_rekey(store: Store, to: str, former_settings: list[str]) -> RekeyPlan: ...
def apply_rekey(store: Store, to: str, former_settings: list[str], keeps_both: bool) -> RekeyDone: ...
def undo_rekey(store: Store) -> RekeyDone: ...
def loads(text: bytes, *, strict: bool = False) -> Any: ...
def dumps(value: Any, style: Literal["indented", "sorted", "python", "compact", "rfc8785"]) -> bytes: ...

@final
class Chunk:
    @property
    def type(self) -> str | None: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def data(self) -> Any: ...
    @property
    def text(self) -> str: ...
    @property
    def tool_calls(self) -> list[ToolCall]: ...

@final
class ChunkIterator:
    def __iter__(self) -> Self: ...
    def __next__(self) -> Chunk: ...
    def __length_hint__(self) -> int: ...

@final
class Maker:
    def __new__(
        cls, learn: Callable[[bytes], tuple[Any, tuple[Sequence[bytes], Sequence[str], Any] | None]]
    ) -> Self: ...
    def __call__(self, chunk: Chunk) -> Any: ...

@final
class Objects:
    def __new__(cls, recording: Recording, maker: Callable[[str | None], Callable[[Chunk], Any]]) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...

@final
class Recording:
    @property
    def key(self) -> str | None: ...
    @property
    def path(self) -> Path: ...
    @property
    def profile(self) -> str | None: ...
    @property
    def test_id(self) -> str | None: ...
    @property
    def request(self) -> dict[str, Any]: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def is_streaming(self) -> bool: ...
    @property
    def status(self) -> int | None: ...
    @property
    def error(self) -> dict[str, Any] | None: ...
    @property
    def body(self) -> Any: ...
    @property
    def details(self) -> dict[str, Any]: ...
    @property
    def answers(self) -> tuple[Recording, ...]: ...
    @property
    def is_shared(self) -> bool: ...
    @property
    def is_list(self) -> bool: ...
    @property
    def chunks(self) -> tuple[Chunk, ...]: ...
    @property
    def text(self) -> str: ...
    @property
    def tool_calls(self) -> list[ToolCall]: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def size(self) -> int: ...
    @property
    def is_packed(self) -> bool: ...
    def replay(self) -> Any: ...
    def areplay(self) -> Awaitable[Any]: ...
    def _repr_html_(self) -> str: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int, /) -> Chunk: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[Chunk, ...]: ...
    def __iter__(self) -> ChunkIterator: ...

@final
class RecordingIterator:
    def __iter__(self) -> Self: ...
    def __next__(self) -> Recording: ...

@disjoint_base
class Store:
    def __new__(
        cls,
        path: str | PathLike[str],
        *,
        profile: str | None = None,
        base: str | None = None,
        cache: bool | Literal["use"] = ...,
        create: bool = False,
        max_file_size: int = 67108864,
    ) -> Self: ...
    @property
    def path(self) -> Path: ...
    @property
    def profile(self) -> str: ...
    @property
    def has_own_profile(self) -> bool: ...
    @property
    def profiles(self) -> list[str]: ...
    @property
    def base(self) -> Path: ...
    @property
    def is_read_only(self) -> bool: ...
    @property
    def cache(self) -> str: ...
    @overload
    def get(self, key: str, default: None = None, *, test_id: str | None = None) -> Recording | None: ...
    @overload
    def get(self, key: str, default: Recording | _T, *, test_id: str | None = None) -> Recording | _T: ...
    def find(self, request: Mapping[str, Any], *, test_id: str | None = None) -> Recording | None: ...
    def folder(self, test_id: str) -> Path: ...
    def request_key(
        self, request: Mapping[str, Any], *, test_id: str | None = None, profile: str | None = None
    ) -> str: ...
    def canonical(
        self, request: Mapping[str, Any], *, test_id: str | None = None, profile: str | None = None
    ) -> bytes: ...
    def recordings(self, folder: str | PathLike[str] | None = None) -> RecordingIterator: ...
    def refresh(self) -> None: ...
    def preload(self) -> int: ...
    def pack(self, path: str | PathLike[str], *, form: Literal["fast", "small"] = "fast") -> None: ...
    def verify(self) -> Report: ...
    def explain(
        self, request: Mapping[str, Any], *, test_id: str | None = None, limit: int = 3, full: bool = False
    ) -> Explanation: ...
    def _put(
        self,
        request: Mapping[str, Any],
        answers: Sequence[Answer],
        test_id: str | None,
        on_conflict: Literal["error", "keep", "replace"],
    ) -> tuple[str, Path, Literal["created", "unchanged", "kept", "replaced"]]: ...
    def __getitem__(self, key: str, /) -> Recording: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
