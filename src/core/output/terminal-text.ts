/*
 * What others wrote, on a terminal: their colours may stay, and nothing else that a terminal acts on. Titles, links, the clipboard, the
 * cursor, other character sets and the rest are taken out whole, with what they carry.
 */

/** Colours and weights. */
const colours = "\\u001b\\[[0-9;:]*m";
/** `CSI … X`: also cut off, and with its introducer as one character. */
const controlSequence = "(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]?";
/** OSC, DCS, SOS, PM and APC, up to their end; without one, up to the line's. */
const controlString =
  "(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|\\u001b\\\\|\\u009c)?";
const escape = "\\u001b[ -/]*[0-~]?";
const control = "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]";
/** What is not seen, or makes what is beside it be read in another order. */
const unseen = "[\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060\\u2066-\\u2069\\ufeff]|[\\u{e0000}-\\u{e007f}]";

const acting = new RegExp([controlString, colours, controlSequence, escape, control, unseen].join("|"), "gu");
const unsafeInJson = new RegExp(`[\\u007f-\\u009f]|${unseen}`, "gu");
const isColour = new RegExp(`^${colours}$`, "u");
const reset = "\u001b[0m";

/** Whether there is anything to take out. Most output has nothing of the kind. */
const maybe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\udb40/;

/** Text for a terminal, with its colours, which end with their line. A carriage return ends a line too: it would be painted over. */
export function terminalText(text: string): string {
  if (!maybe.test(text)) return text;
  return text
    .replace(/\r+\n?/g, "\n")
    .replace(acting, (sequence) => (isColour.test(sequence) ? sequence : ""))
    .split("\n")
    .map(withReset)
    .join("\n");
}

/** A line whose last sequence is a colour ends in it: by now it has no other sequence. */
function withReset(line: string): string {
  const last = line.lastIndexOf("\u001b[");
  return last === -1 || /^\u001b\[0*m/.test(line.slice(last, last + 16)) ? line : `${line}${reset}`;
}

/** The same without colours. */
export function plainText(text: string): string {
  if (!maybe.test(text)) return text;
  return text.replace(/\r+\n?/g, "\n").replace(acting, "");
}

/** One line of plain text: what would break a line becomes a space. */
export function oneLine(text: string): string {
  return plainText(text)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .trim();
}

/** JSON that says the same, and that a terminal does nothing with. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(unsafeInJson, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${hex(character.charCodeAt(index))}`).join(""),
  );
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, "0");
}
