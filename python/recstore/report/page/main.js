// Where on the page one is: `#` the overview, `#?q=word&model=name` a list, `#key` a recording. All state is there, so that
// every place can be linked, and the browser's own ways back and forth work.

const views = { overview: document.getElementById("overview"), list, recording: page };
const input = document.getElementById("search");
const progress = document.getElementById("progress");
const left = new Map(); // how far each place was scrolled, and how many rows it showed
let listHash = "";
let here = location.hash;

const hashOf = (asked) => (asked.toString() ? `#?${asked}` : "#");

/** Returns the recording that is meant, by where it is or by the first digits of its key. */
function recordingAt(hash) {
  const at = hash.slice(1);
  return byAnchor.get(at) ?? (/^[0-9a-f]{6,}$/.test(at) ? recordings.find(({ key }) => key?.startsWith(at)) : undefined);
}

function show(isReturn) {
  here = location.hash;
  const recording = recordingAt(here);
  const asked = new URLSearchParams(here.startsWith("#?") ? here.slice(2) : "");
  const view = recording ? "recording" : asked.size ? "list" : "overview";
  if (view === "list") {
    listHash = here;
    showList(asked, isReturn ? left.get(here)?.rows : 0);
  } else if (view === "recording") {
    showRecording(recording);
  } else {
    listHash = "";
    found = [];
  }
  if (view !== "recording" && document.activeElement !== input) input.value = asked.get("q") ?? "";
  only(view, isReturn ? left.get(here)?.y : 0);
}

function only(view, y = 0) {
  for (const [name, element] of Object.entries(views)) element.hidden = name !== view;
  scrollTo(0, y);
}

/** Lists what the words in the field find. */
function ask() {
  const asked = new URLSearchParams(listHash.slice(2));
  if (input.value.trim()) asked.set("q", input.value);
  else asked.delete("q");
  note(hashOf(asked));
  if (asked.size) showList(asked);
  else [listHash, found] = ["", []];
  only(asked.size ? "list" : "overview");
}

/** Notes the place in the address, when the typing pauses: browsers bound how often that may be done. */
let pause = 0;
function note(hash) {
  if (!here.startsWith("#?")) history.pushState(null, "", hash);
  here = listHash = hash;
  clearTimeout(pause);
  pause = setTimeout(write, 200);
}
const write = () => location.hash === here || history.replaceState(null, "", here);

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...document.querySelectorAll("#list .row")];
  const at = rows.indexOf(document.activeElement);
  if (event.key === "/" && document.activeElement !== input) input.select();
  else if (event.key === "ArrowDown" && (at >= 0 || document.activeElement === input)) rows[Math.min(at + 1, rows.length - 1)]?.focus();
  else if (event.key === "ArrowUp" && at >= 0) (rows[at - 1] ?? input).focus();
  else return;
  event.preventDefault();
}

history.scrollRestoration = "manual";
addEventListener("scroll", () => left.set(here, { y: scrollY, rows: list.querySelectorAll(".row").length }), { passive: true });
let isLink = false; // otherwise one comes back
const leave = (event) => {
  isLink = Boolean(event.target.closest("a, select"));
  if (here.startsWith("#?")) write();
};
addEventListener("click", leave, { capture: true });
addEventListener("change", leave, { capture: true });
addEventListener("hashchange", () => {
  show(!isLink);
  isLink = false;
});
addEventListener("keydown", keys);
input.addEventListener("input", ask);

input.hidden = false;
show(true);
await readTexts((part) => (progress.textContent = part < 1 ? `reading texts ${Math.round(part * 100)} %` : ""));
recordings.forEach(haystack);
show(true);
document.documentElement.dataset.ready = "yes";
