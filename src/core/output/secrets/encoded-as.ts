import { base64Texts } from "./coded-writing.ts";

/*
 * As which bytes a value stands in what is encoded as a whole: in the encodings of text, quoted as JSON has it or a URL, and once encoded
 * already.
 */

/** A line of base64 that a tool wraps has so many digits. */
const widths = [64, 76];

export function encodedAs(value: string): readonly Uint8Array[] {
  const texts = [...new Set([value, ...quotings(value)])];
  const plain = [
    ...texts.map((text) => Buffer.from(text)),
    Buffer.from(value, "utf16le"),
    Buffer.from(value, "utf16le").swap16(),
    ...(isNarrow(value) ? [Buffer.from(value, "latin1")] : []),
  ];
  return [...plain, ...onceEncoded(Buffer.from(value)).map((text) => Buffer.from(text, "latin1"))];
}

/** JSON, with nothing but ASCII, and with slashes escaped; as a part of a URL. */
function quotings(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const percent = value.isWellFormed() ? [encodeURIComponent(value)] : [];
  return [json, ascii, json.replaceAll("/", "\\/"), ...percent];
}

/** Every character is one byte in latin1, and not the same one in UTF-8. */
function isNarrow(value: string): boolean {
  return /^[\0-\u00ff]*$/.test(value) && /[\u0080-\u00ff]/.test(value);
}

/** The digits of base64 and hexadecimal, to be encoded once more. */
function onceEncoded(value: Buffer): readonly string[] {
  const base64 = [...new Set(base64Texts(value).flatMap((text) => [text, forUrls(text)]))];
  const whole = value.toString("base64");
  const wrapped = widths
    .filter((width) => whole.length > width)
    .map((width) => whole.replace(/=+$/, "").replace(new RegExp(`.{${width}}(?!$)`, "g"), "$&\n"));
  const hex = value.toString("hex");
  return [...base64, ...wrapped, hex, hex.toUpperCase()];
}

function forUrls(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}
