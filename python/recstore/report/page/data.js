// The blocks of data in the page, unpacked when they are needed.

const elements = {
  index: document.querySelectorAll("script.index"),
  texts: document.querySelectorAll("script.texts"),
  chunks: document.querySelectorAll("script.chunks"),
};

/** Returns the data of a block; null where the page had no room for it. */
async function unpack(kind, number) {
  const packed = elements[kind][number].textContent;
  if (!packed) return null;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

const index = await unpack("index", 0);
const recordings = index.recordings;
const byPath = new Map(recordings.map((recording) => [recording.path, recording]));
const byAnchor = new Map(recordings.map((recording) => [recording.at, recording]));
recordings.forEach((recording, number) => (recording.number = number));

/** Unpacks the texts of all recordings, block by block, so that the page answers meanwhile. */
async function readTexts(onProgress) {
  for (let block = 0; block < elements.texts.length; block++) {
    const texts = await unpack("texts", block);
    texts?.forEach((said, number) => (recordings[block * index.blockSize + number].said = said));
    onProgress((block + 1) / elements.texts.length);
  }
}

/** Returns the chunks of each answer of a recording, the first of them that the page has room for. */
async function chunksOf(recording) {
  const block = await unpack("chunks", Math.floor(recording.number / index.blockSize));
  return block?.[recording.number % index.blockSize] ?? [];
}
