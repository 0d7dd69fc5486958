// The list of recordings that a search or a filter leaves.

const AT_ONCE = 60;
const list = document.getElementById("list");
let found = [];

/** Shows the list, `before` rows of it or as many as there are at once; tells `note` how many there are from then on. */
function showList(asked, before, note) {
  found = search(asked);
  const words = wordsOf(asked.get("q") ?? "");
  const rows = make("ol.results");
  const more = make("button.more", { type: "button" });
  const showTo = (end) => {
    rows.append(...found.slice(rows.childElementCount, end).map((recording) => row(recording, words, asked.get("finding"))));
    more.textContent = `Show ${count(Math.min(AT_ONCE * 5, found.length - end))} more of ${count(found.length - end)}`;
    more.hidden = end >= found.length;
    note(rows.childElementCount);
  };
  more.onclick = () => showTo(rows.childElementCount + AT_ONCE * 5);
  showTo(Math.max(AT_ONCE, before ?? 0));
  const nothing = make("p.muted", {}, "No recording on this page has all of this. Texts that were shortened are searched only as far as they are shown.");
  list.replaceChildren(head(asked), found.length ? rows : nothing, more);
}

function head(asked) {
  const chips = FILTERS.filter((name) => asked.has(name)).map((name) => {
    const without = new URLSearchParams(asked);
    without.delete(name);
    return make("a.chip", { href: hashOf(without), title: "Without this filter" }, `${name}: ${asked.get(name)}`);
  });
  const order = make("select", { id: "order" }, ...Object.entries(ORDERS).map(([name, [title]]) => make("option", { value: name }, title)));
  order.value = asked.get("order") ?? "path";
  order.onchange = () => {
    const ordered = new URLSearchParams(asked);
    ordered.set("order", order.value);
    location.hash = hashOf(ordered);
  };
  return make("div.filters", {}, make("h1", {}, many(found.length, "recording")), ...chips, make("label", {}, "Order ", order));
}

function row(recording, words, finding) {
  const [title, file] = titleOf(recording);
  const facts = [recording.endpoint, recording.model, file].filter((fact) => fact && fact !== "none").join(" · ");
  const amount = [recording.streams ? many(recording.chunks, "chunk") : "", size(recording.bytes), recording.date].filter(Boolean).join(" · ");
  const why = recording.findings.find(([kind]) => kind === finding);
  return make(
    "li",
    {},
    make("div.title", {}, make("a.row", { href: `#${recording.at}` }, ...marked(title, words)), make("span.facts", {}, amount)),
    make("div.facts", {}, ...marked(facts, words), recording.fails ? make("span.error", {}, " · error") : ""),
    make("p.snippet", { dir: "auto" }, ...(why ? prose(why[2]) : snippet(recording, words))),
  );
}
