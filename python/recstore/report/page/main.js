// Where on the page one is: `#` the overview, `#?q=word&model=name` a list, `#key` a recording. All state is there, so that
// every place can be linked, and the browser's own ways back and forth work.

const views = { overview: document.getElementById("overview"), list, recording: page };
const input = document.getElementById("search");
const progress = document.getElementById("progress");
const left = new Map(); // how far each place was scrolled
const lengths = new Map(); // how many rows of its list each place showed
let here = location.hash;
let listHash = ""; // the list that one came from
let lastOpened; // the recording that was open last
let isLink = false; // whether a link was followed; otherwise one comes back

const hashOf = (asked) => (asked.size ? `#?${asked}` : "#");

/** Returns the recording that is meant, by where it is or by the first digits of its key. */
function recordingAt(hash) {
  const at = hash.slice(1);
  return byAnchor.get(at) ?? (/^[0-9a-f]{6,}$/.test(at) ? recordings.find(({ key }) => key?.startsWith(at)) : undefined);
}

function show(isReturn) {
  here = location.hash;
  const recording = recordingAt(here);
  const asked = new URLSearchParams(here.startsWith("#?") ? here.slice(2) : "");
  if (document.activeElement !== input && !recording) input.value = asked.get("q") ?? "";
  if (recording) {
    lastOpened = recording;
    showRecording(recording);
    only("recording", isReturn);
  } else {
    listOrOverview(asked, isReturn);
  }
}

function listOrOverview(asked, isReturn) {
  const place = here;
  listHash = asked.size ? place : "";
  if (asked.size) showList(asked, isReturn ? lengths.get(place) : undefined, (rows) => lengths.set(place, rows));
  else found = [];
  only(asked.size ? "list" : "overview", isReturn);
  if (isReturn && lastOpened) list.querySelector(`.row[href="#${CSS.escape(lastOpened.at)}"]`)?.focus({ preventScroll: true });
}

function only(view, isReturn) {
  for (const [name, element] of Object.entries(views)) element.hidden = name !== view;
  scrollTo(0, (isReturn && left.get(here)) || 0);
}

/** Lists what the words in the field find. */
function ask() {
  const asked = new URLSearchParams(listHash.slice(2));
  if (input.value.trim()) asked.set("q", input.value);
  else asked.delete("q");
  note(hashOf(asked));
  listOrOverview(asked);
}

/** Notes the place in the address, when the typing pauses: browsers bound how often that may be done. */
let pause;
function note(hash) {
  if (!here.startsWith("#?")) history.pushState(null, "", hash);
  here = hash;
  clearTimeout(pause);
  pause = setTimeout(write, 200);
}

function write() {
  if (location.hash !== here) history.replaceState(null, "", here);
  here = location.hash;
}

function leave(event) {
  isLink = Boolean(event.target.closest("a, select"));
  write();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...list.querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  const isSearching = document.activeElement === input;
  if (event.key === "/" && !isSearching) input.select();
  else if (event.key === "ArrowDown" && (at >= 0 || isSearching)) rows[Math.min(at + 1, rows.length - 1)]?.focus();
  else if (event.key === "ArrowUp" && at >= 0) (rows[at - 1] ?? input).focus();
  else return;
  event.preventDefault();
}

history.scrollRestoration = "manual";
addEventListener("scroll", () => left.set(here, scrollY), { passive: true });
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
write();
show(true);
document.documentElement.dataset.ready = "yes";
