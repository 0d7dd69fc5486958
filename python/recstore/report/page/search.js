// Which recordings have what is asked for: every word somewhere in them, and every filter's value.

const FILTERS = ["endpoint", "model", "folder", "test", "type", "profile", "date", "finding"];

const ORDERS = {
  path: ["by path", null],
  newest: ["newest first", (one, other) => (one.date < other.date) - (one.date > other.date)],
  largest: ["largest first", (one, other) => other.bytes - one.bytes],
  chunks: ["most chunks first", (one, other) => other.chunks - one.chunks],
};

/** The texts of a recording that are searched and quoted. */
function* passages(recording) {
  const { said } = recording;
  if (!said) return;
  const calls = (calls) => calls.map(([name, text]) => `${name}(${saidOf(text)})`);
  for (const message of said.messages) yield* [saidOf(message.text), ...calls(message.calls)];
  for (const answer of said.answers) yield* [saidOf(answer.text), saidOf(answer.data), saidOf(answer.error), ...calls(answer.calls)];
  for (const message of said.messages) yield saidOf(message.reasoning);
  for (const answer of said.answers) yield saidOf(answer.reasoning);
  for (const [name, value] of said.parameters) yield `${name}: ${saidOf(value)}`;
  for (const [name, text, schema] of said.tools) yield `${name}: ${saidOf(text)} ${saidOf(schema)}`;
}

/** All that is searched of a recording, made once. */
function haystack(recording) {
  if (recording.haystack === undefined || (recording.said && !recording.isWhole)) {
    const { key, path, test, endpoint, model } = recording;
    recording.haystack = [key, path, test, endpoint, model, ...passages(recording)].join("\n").toLowerCase();
    recording.isWhole = Boolean(recording.said);
  }
  return recording.haystack;
}

/** The words of a query; what stands in quotes is one. */
const wordsOf = (query) => [...query.toLowerCase().matchAll(/"([^"]+)"?|[^\s"]+/g)].map((match) => match[1] ?? match[0]);

function hasFilter(recording, name, value) {
  if (name === "finding") return recording.findings.some(([kind]) => kind === value);
  return name === "date" ? recording.date.startsWith(value) : recording[name] === value;
}

function search(asked) {
  const words = wordsOf(asked.get("q") ?? "");
  const filters = FILTERS.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]);
  const found = recordings.filter(
    (recording) =>
      filters.every(([name, value]) => hasFilter(recording, name, value)) &&
      words.every((word) => haystack(recording).includes(word)),
  );
  const order = ORDERS[asked.get("order")]?.[1];
  return order ? found.sort(order) : found;
}

/** The text around the first place where a word stands, with all words marked; without words, how it begins. */
function snippet(recording, words) {
  const before = 60, length = 320;
  let text = "", start = 0;
  for (const passage of passages(recording)) {
    if (!words.length && passage.trim()) {
      text = passage;
      break;
    }
    const lower = passage.toLowerCase();
    const at = Math.min(...words.map((word) => lower.indexOf(word)).filter((place) => place >= 0));
    if (at !== Infinity) {
      [text, start] = [passage, Math.max(0, at - before)];
      break;
    }
  }
  const shown = text.slice(start, start + length);
  return [start ? "…" : "", ...marked(shown, words), start + length < text.length ? "…" : ""];
}

/** Splits a text where words stand in it, and marks these. */
function marked(text, words) {
  if (!words.length) return [text];
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const parts = text.split(new RegExp(`(${escaped.join("|")})`, "gi"));
  return parts.map((part, number) => (number % 2 ? make("mark", {}, part) : part));
}
