// Elements and wording. Whatever comes from a recording becomes text here, and nothing else.

const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** Spells out what nobody would see, what turns the direction of text, and half characters. */
const visible = (text) =>
  String(text).replace(UNSEEN, (unseen) => {
    const code = unseen.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });

/** Makes an element of `tag.class.class`; strings among the children become text. */
function make(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children.flat().filter((child) => child != null && child !== "").map((child) => (child.nodeType ? child : visible(child))));
  return element;
}

const count = (number) => number.toLocaleString("en");
const many = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

function size(bytes) {
  let unit = "B";
  for (const next of ["kB", "MB", "GB"]) {
    if (bytes < 1000) break;
    bytes /= 1000;
    unit = next;
  }
  return unit === "B" ? `${bytes} B` : `${bytes.toFixed(1)} ${unit}`;
}

/** Splits a test's id: what tells it from others of its file, and the file. Recordings that all tests share have a path alone. */
function titleOf({ test, path }) {
  const [file, ...names] = test.split("::");
  return test === "none" ? [path, "shared by all tests"] : names.length ? [names.join("::"), file] : [test, ""];
}

/** Words between backticks as code. */
const prose = (text) => text.split("`").map((part, number) => (number % 2 ? make("code", {}, part) : part));

/** What a text of the page's data says: one that was cut is its beginning, and how much is missing. */
const saidOf = (text) => (Array.isArray(text) ? text[0] : text);
