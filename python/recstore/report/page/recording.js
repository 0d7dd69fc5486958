// The page of one recording.

const page = document.getElementById("recording");
const SVG = "http://www.w3.org/2000/svg";

function showRecording(recording) {
  const { said } = recording;
  page.replaceChildren(
    neighbours(recording),
    make("h1", {}, titleOf(recording)[0]),
    section("", about(recording), ...recording.findings.map(finding)),
    ...(said ? [request(said, recording), ...said.answers.map((answer, number) => answered(answer, number, recording))] : [beyond(recording)]),
  );
}

const section = (title, ...content) => make("section", {}, title ? make("h2", {}, title) : "", ...content);
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
const whole = (recording) => make("code", {}, `recstore show ${quoted(recording.key ?? recording.path)} --full`);
const beyond = (recording) => section("", make("p.muted", {}, "There was no room on this page for what was asked and answered: ", whole(recording), " shows it."));

/** The way back, and to the recordings beside it in the list that it was opened from. */
function neighbours(recording) {
  const inList = found.includes(recording) ? found : recordings;
  const at = inList.indexOf(recording);
  const to = (other, words) => (other ? make("a", { href: `#${other.at}` }, words) : make("span.muted", {}, words));
  const back = make("a", { href: listHash || "#" }, listHash ? "← Results" : "← Overview");
  const links = [to(inList[at - 1], "Previous"), to(inList[at + 1], "Next")];
  return make("nav.path", {}, make("span", {}, back), make("span.muted.wide", {}, `${count(at + 1)} of ${count(inList.length)}`), ...links);
}

function about(recording) {
  const filter = (name) => (recording[name] === "none" ? "" : make("a", { href: hashOf(new URLSearchParams({ [name]: recording[name] })) }, recording[name]));
  const answer = [recording.streams ? `stream of ${many(recording.chunks, "chunk")}` : "whole", recording.type, recording.status && `status ${recording.status}`];
  const facts = {
    test: filter("test"),
    endpoint: filter("endpoint"),
    model: filter("model"),
    request: recording.said ? `${recording.said.method} ${saidOf(recording.said.url)}` : "",
    answer: answer.filter(Boolean).join(" · "),
    key: recording.key ? make("code", {}, recording.key) : "none",
    profile: filter("profile") || "none: the request is not what the file is named by",
    file: make("span", {}, make("code", {}, recording.path), ` · ${size(recording.bytes)}`),
    folder: filter("folder"),
    date: recording.date,
  };
  const shown = Object.entries(facts).filter(([, value]) => value);
  return make("dl.about", {}, ...shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function finding([kind, line, message, related]) {
  const [severity, remedy] = index.findings[kind];
  const where = line ? ` (line ${line})` : "";
  const links = related.map((path) => byPath.get(path)).filter(Boolean).map((other) => make("li", {}, make("a", { href: `#${other.at}` }, titleOf(other)[0])));
  return make(
    `div.finding.${severity}`,
    {},
    make("p.severity", {}, `${severity}: ${kind}${where}`),
    make("p", {}, ...prose(message)),
    make("p.muted", {}, ...prose(remedy)),
    links.length ? folded(many(links.length, "recording") + " it is about too", make("ul", {}, ...links)) : "",
  );
}

/** A text of the recording, and what is missing of it. */
function passage(text, kind, recording) {
  const shown = saidOf(text);
  const rest = Array.isArray(text) ? make("p.short", {}, `… ${many(text[1], "more character")}: `, whole(recording)) : "";
  const element = make(kind, { dir: "auto" }, shown);
  return [...(shown ? (kind === "pre.said" ? clipped(element) : [element]) : []), ...(rest ? [rest] : [])];
}

/** Shows of what is long to read the beginning until all of it is asked for. */
function clipped(element) {
  const lines = element.textContent.split("\n").length + element.textContent.length / 100;
  if (lines < 30) return [element];
  const button = make("button.unclip", { type: "button" }, "Show all of it");
  element.classList.add("clipped");
  button.onclick = () => {
    element.classList.remove("clipped");
    button.remove();
  };
  return [element, button];
}

const folded = (title, ...content) => make("details.fold", {}, make("summary", {}, title), ...content);
const reasoned = (text, recording) => (saidOf(text) ? [folded("Reasoning", ...passage(text, "pre.said.muted", recording))] : []);

const called = (calls, recording) =>
  calls.map(([name, text]) => make("div.call", {}, make("b", {}, name), ...passage(indented(text), "pre", recording)));

/** Lays JSON out with an element on each line. Only white space changes: numbers stay as they are spelled. */
function indented(text) {
  if (Array.isArray(text)) return text;
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let before = "";
  const laidOut = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g).map((token) => {
    const isFirst = before === "{" || before === "[";
    const closes = token === "}" || token === "]";
    depth -= closes ? 1 : 0;
    const line = (closes ? !isFirst : isFirst || before === ",") ? `\n${"  ".repeat(depth)}` : "";
    depth += token === "{" || token === "[" ? 1 : 0;
    before = token;
    return line + (token === ":" ? ": " : token);
  });
  return laidOut.join("");
}

function request(said, recording) {
  const parameters = said.parameters.flatMap(([name, value]) => [make("dt", {}, name), make("dd.code", {}, ...passage(value, "pre", recording))]);
  const tools = said.tools.map(([name, description, schema]) =>
    make("div.call", {}, make("b", {}, name), ...passage(description, "pre.said", recording), ...(schema ? [folded("Schema", ...passage(schema, "pre", recording))] : [])),
  );
  return section(
    "Request",
    ...said.messages.map((message) => messageOf(message, recording)),
    parameters.length ? folded(many(said.parameters.length, "parameter"), make("dl.about", {}, ...parameters)) : "",
    tools.length ? folded(many(tools.length, "tool"), ...tools) : "",
  );
}

function messageOf(message, recording) {
  const role = ["user", "assistant"].includes(message.role) ? `div.role.${message.role}` : "div.role";
  const content = [...reasoned(message.reasoning, recording), ...passage(message.text, "pre.said", recording), ...called(message.calls, recording)];
  return make("div.message", {}, make(role, {}, message.role, message.answers ? make("div.muted", {}, message.answers) : ""), make("div", {}, ...content));
}

function answered(answer, number, recording) {
  const isOnly = recording.said.answers.length === 1;
  const usage = Object.entries(answer.usage).map(([name, value]) => `${name} ${count(value)}`).join(" · ");
  const facts = [answer.finish && `ended: ${answer.finish}`, answer.stops && "its reader stopped before the end", usage].filter(Boolean).join(" · ");
  return section(
    isOnly ? "Answer" : `Answer ${number + 1} of ${recording.said.answers.length} to equal requests`,
    ...reasoned(answer.reasoning, recording),
    ...passage(answer.text, "pre.said", recording),
    ...called(answer.calls, recording),
    ...passage(answer.data, "pre", recording),
    ...(saidOf(answer.error) ? [make("h3.error", {}, "Error"), ...passage(answer.error, "pre", recording)] : []),
    facts ? make("p.short", {}, facts) : "",
    answer.offsets.length > 1 ? pace(answer.offsets) : "",
    chunkList(answer, number, recording),
  );
}

/** Chunks over time, as steps: how many had come after so many milliseconds. */
function pace(offsets) {
  const end = offsets.reduce((one, other) => Math.max(one, other)) || 1;
  const [width, height] = [1000, 100];
  const steps = offsets.map((offset, number) => `H${((offset / end) * width).toFixed(1)}V${(height * (1 - (number + 1) / offsets.length)).toFixed(2)}`).join("");
  const draw = (tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    return element;
  };
  const svg = draw("svg", { class: "pace", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" });
  const said = `${many(offsets.length, "chunk")} in ${count(Math.round(end))} ms, the first after ${count(Math.round(offsets[0]))} ms`;
  svg.append(
    draw("title", {}, said),
    draw("line", { x1: 0, y1: height, x2: width, y2: height }),
    draw("path", { class: "under", d: `M0 ${height}${steps}V${height}Z` }),
    draw("path", { d: `M0 ${height}${steps}` }),
  );
  return make("figure", {}, svg, make("figcaption.short", {}, make("span", {}, "0"), make("span", {}, said), make("span", {}, `${count(Math.round(end))} ms`)));
}

function chunkList(answer, number, recording) {
  const fold = make("details.fold.chunks", {}, make("summary", {}, number === recording.said.answers.length - 1 ? many(recording.chunks, "chunk") : "Chunks"));
  fold.addEventListener(
    "toggle",
    async () => {
      const chunks = (await chunksOf(recording))[number] ?? [];
      fold.append(...chunks.map((chunk, place) => chunkOf(chunk, place, answer.offsets[place], recording)));
      const left = recording.chunks - chunks.length;
      if (left > 0 && number === recording.said.answers.length - 1) fold.append(make("p.short", {}, `${many(left, "more chunk")}: `, whole(recording)));
    },
    { once: true },
  );
  return fold;
}

function chunkOf([type, brings, raw], place, offset, recording) {
  const when = offset === undefined ? (type ?? "").split(".").at(-1).replace("ChatCompletionChunk", "") : `${offset.toFixed(0)} ms`;
  const fold = make("details", { title: type ?? "plain" }, make("summary", {}, make("span.muted", {}, String(place)), make("span.muted", {}, when), make("span.code", {}, brings ? JSON.stringify(brings) : "·")));
  fold.addEventListener("toggle", () => fold.append(...passage(indented(raw), "pre", recording)), { once: true });
  return fold;
}
