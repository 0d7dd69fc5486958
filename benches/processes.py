"""What only a process of its own can tell: imports, memory, whole runs of pytest."""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recstore
from measure import Other, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inputs import Inputs

BENCHES = Path(__file__).parent
RUNS = 9
TESTS = 2_000
"""How many tests a generated suite has, each with one recording."""

MAX_IMPORT = 5e-3
MAX_IMPORT_OF_PLUGIN = 10e-3
MAX_MEMORY = 5e6
MAX_IN_STORE = 0.05


def all_of(inputs: Inputs) -> Iterator[Row]:
    """Give every row that is measured in processes."""
    # As whoever installs it does: where it runs from its sources, the environment may forbid to keep what is compiled.
    compileall.compile_dir(Path(recstore.__file__).parent, quiet=1)
    yield import_of_the_package()
    yield import_of_the_plugin()
    yield memory(inputs)
    yield from runs_of_pytest(inputs)


# Imports


def import_of_the_package() -> Row:
    """Measure imports in fresh interpreters, over a bare one."""
    codes = {f"import {name}": f"import {name}" for name in ("recstore", "orjson", "pydantic", "vcr", "openai")}
    ours, *others = _over("pass", codes).items()
    return Row("import, over a bare interpreter", "s", ours[1], [Other(*other) for other in others], MAX_IMPORT)


def import_of_the_plugin() -> Row:
    """Measure what pytest pays for a plugin in every run, over the import of pytest alone."""
    names = {"recstore": "recstore.pytest_plugin", "pytest-recording": "pytest_recording.plugin"}
    codes = {name: f"import {module}" for name, module in names.items()}
    ours, *others = _over("import pytest", codes).items()
    return Row(
        "import of the pytest plugin, over pytest",
        "s",
        ours[1],
        [Other(*other) for other in others],
        MAX_IMPORT_OF_PLUGIN,
    )


def _over(bare: str, codes: Mapping[str, str]) -> dict[str, float]:
    """Return the median seconds of CPU that codes take after a bare one, in interpreters started in turns.

    They are taken inside: two starts of one interpreter differ by more than some of the imports take.
    """
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(RUNS):
        for name, code in codes.items():
            timed = f"{bare}\nimport time\nstart = time.process_time()\n{code}\nprint(time.process_time() - start)"
            run = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
            times[name].append(float(run.stdout))
    return {name: statistics.median(taken) for name, taken in times.items()}


def cpu_seconds(command: list[str], folder: Path | None = None) -> float:
    """Run a program in a folder; return how long it kept processors busy.

    A neighbour on the machine moves the clock on the wall by more than what two processes differ in.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


# Memory


def memory(inputs: Inputs) -> Row:
    """Measure the private memory of an open store, beyond the interpreter; of typed objects also beyond the SDK."""
    _ = inputs.store, inputs.lmdb, inputs.sqlite
    files = [str(path) for path in inputs.files]
    ways: dict[str, tuple[str, str, Any]] = {
        "recstore": ("import recstore", "recstore.open(given)", str(inputs.tree)),
        "json to dicts": ("import json", "[json.load(open(path)) for path in given]", files),
        "orjson to dicts": ("import orjson", "[orjson.loads(open(path, 'rb').read()) for path in given]", files),
        "OGX: json, typed": ("import rivals", "[rivals.load_typed(path) for path in given]", files),
        "lmdb": ("import lmdb", "lmdb.open(given, readonly=True, lock=False)", str(inputs.lmdb)),
        "sqlite": (
            "import sqlite3",
            "(held := sqlite3.connect(given)).execute('select 1 from recordings').fetchone()",
            str(inputs.sqlite),
        ),
    }
    ours, *others = [Other(name, private_bytes(*way)) for name, way in ways.items()]
    return Row("private memory of an open tree", "B", ours.value or 0, others, MAX_MEMORY)


def private_bytes(imports: str, held: str, given: Any) -> int:
    """Return by how many bytes the private memory of a fresh process grows by an import and what it then holds.

    The imports of the SDK and of the rivals' module are not counted.
    """
    if "rivals" in imports:
        imports, uncounted = "pass", f"import openai.types.chat; {imports}"
    else:
        uncounted = "pass"
    code = f"""
import json, re, sys
given = json.load(sys.stdin)
def private():
    smaps = open("/proc/self/smaps_rollup").read()
    return sum(int(kib) for kib in re.findall(r"Private_\\w+: +(\\d+) kB", smaps)) * 1024
{uncounted}
before = private()
{imports}
held = {held}
print(private() - before)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(BENCHES)},
    )
    return int(run.stdout)


# Whole runs of pytest


NO_STORE = "no store"
PLUGIN = "recstore, the plugin's session for each test"
OGX = "OGX: key, file by its name, typed"


def runs_of_pytest(inputs: Inputs, tests: int = TESTS, runs: int = 5) -> Iterator[Row]:
    """Measure runs of tests that each read one typed recording: what the store takes of one, and what one takes more.

    Two whole runs differ by the neighbours on the machine, too, and by more than the store takes. So its time is taken
    inside of the run, around each answer and until that is dropped; with the import and the opening.
    """
    suites = write_suites(inputs, tests)
    whole: dict[str, list[float]] = {name: [] for name in suites}
    inside: dict[str, list[float]] = {name: [] for name in suites}
    for _ in range(runs):
        for name, (folder, options) in suites.items():
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *options]
            whole[name].append(cpu_seconds(command, folder))
            inside[name].append(json.loads((folder / "spent.json").read_text()))
    least = Other("the whole run without a store", statistics.median(whole[NO_STORE]), is_floor=True)
    spent = {name: statistics.median(times) for name, times in inside.items()}
    others = [Other(OGX, spent[OGX]), least]
    yield Row(f"pytest, {tests:,} tests: time in the store", "s", spent["recstore"], others, MAX_IN_STORE)

    def more(name: str) -> float:
        return statistics.median(run - bare for run, bare in zip(whole[name], whole[NO_STORE], strict=True))

    operation = f"pytest, {tests:,} tests with the plugin's sessions: time over a run without a store"
    yield Row(operation, "s", more(PLUGIN), [Other(OGX, more(OGX)), least])


READERS = {
    NO_STORE: """
    def read(number, _):
        return [None] * ASKED[number][2]
    """,
    "recstore": """
    start = time.thread_time()
    import recstore
    store = recstore.open(TREE)
    SPENT.append(time.thread_time() - start)

    def read(number, _):
        asked, test_id, _ = ASKED[number]
        return list(store.find(asked, test_id=test_id).replay())
    """,
    PLUGIN: """
    def read(number, request):
        return list(request.getfixturevalue("recstore").fetch(ASKED[number][0]))

    def pytest_collection_modifyitems(items):
        for item, (_, test_id, _) in zip(items, ASKED):
            item.add_marker(pytest.mark.recstore(test_id=test_id))
    """,
    OGX: """
    import rivals

    def read(number, _):
        asked, test_id, _ = ASKED[number]
        return rivals.replay(f"{FLAT}/{rivals.ogx_key((asked, test_id))}.json")
    """,
}
"""What each way reads the recording of a test with, in the suite's conftest."""

FIXTURE = """
    @pytest.fixture
    def answer(request):
        def answer(number):
            start = time.thread_time()
            chunks = len(read(number, request))
            SPENT.append(time.thread_time() - start)
            return chunks
        return answer

    def pytest_sessionfinish():
        pathlib.Path("spent.json").write_text(json.dumps(sum(SPENT)))
"""


def write_suites(inputs: Inputs, tests: int) -> dict[str, tuple[Path, list[str]]]:
    """Write a suite for each way; return their folders and the options of pytest for each."""
    from comparisons import flat  # noqa: PLC0415

    asked = [(*asked, len(inputs.streams[key]["response"]["body"])) for key, asked in inputs.asked.items()]
    given = inputs.scratch / "asked.json"
    given.write_text(json.dumps([asked[number % len(asked)] for number in range(tests)]))
    _ = inputs.store  # so that its pack is there
    head = f"""
    import json, pathlib, sys, time
    import openai.types.chat
    import pytest
    sys.path.append({str(BENCHES)!r})
    TREE, FLAT = {str(inputs.tree)!r}, {str(flat(inputs))!r}
    ASKED = json.load(open({str(given)!r}))
    SPENT = []
    """
    suites = {}
    for position, (name, reader) in enumerate(READERS.items()):
        folder = inputs.scratch / f"suite-{position}"
        folder.mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n")
        conftest = "\n".join(line.removeprefix("    ") for line in (head + reader + FIXTURE).splitlines())
        (folder / "conftest.py").write_text(conftest)
        body = "from conftest import ASKED\n\n\n" + "".join(
            f"def test_{n}(answer):\n    assert answer({n}) == ASKED[{n}][2]\n\n\n" for n in range(tests)
        )
        (folder / "test_generated.py").write_text(body)
        suites[name] = (folder, ["--recstore-dir", str(inputs.tree)] if name == PLUGIN else ["-p", "no:recstore"])
    return suites
