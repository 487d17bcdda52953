/*
 * How others write a value down: what the standard library of some language, or a tool, makes of it. Each is written here by what that
 * does, with nothing of the search for it.
 */

export type Form = { readonly called: string; readonly write: (value: string) => string };

const form = (called: string, write: (value: string) => string): Form => ({ called, write });
const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");
const hex = (value: string): string => Buffer.from(value).toString("hex");

/** `base64 -w WIDTH`, `openssl base64`, Python's `encodebytes`. */
function wrapped(text: string, width: number, end: string): string {
  return (text.match(new RegExp(`.{1,${width}}`, "gs")) ?? []).join(end);
}

/** JSON as Python's `json.dumps` writes it, with nothing but ASCII. */
function asciiJson(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Python's `urllib.parse.quote` and `quote_plus`: letters, digits and `_.-~`, and what is said to be safe, stay. */
function quote(value: string, safe: string): string {
  return Array.from(Buffer.from(value), (byte) => {
    const character = String.fromCharCode(byte);
    const stays = byte < 0x80 && (/[\w.~-]/.test(character) || safe.includes(character));
    return stays ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** `repr` of Python's bytes. */
function bytesRepr(value: string): string {
  return Array.from(Buffer.from(value), (byte) => {
    const character = String.fromCharCode(byte);
    const escaped = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    if (escaped !== undefined) return escaped;
    return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function html(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#x27;",
  };
  return value.replace(/[&<>"']/g, (mark) => entities[mark] ?? mark);
}

const lower = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** What latin-1 has one byte for, in latin-1; where it has a character too few, as UTF-8. */
function narrow(value: string): Buffer {
  return Buffer.from(value, /^[\0-\u00ff]*$/.test(value) ? "latin1" : "utf8");
}

export const forms: readonly Form[] = [
  form("base64 of latin-1", (value) => base64(narrow(value))),
  form("hex of latin-1", (value) => narrow(value).toString("hex")),
  form("percent-encoded latin-1", (value) =>
    Array.from(narrow(value), (byte) => {
      const character = String.fromCharCode(byte);
      return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }).join(""),
  ),
  form("escaped latin-1", (value) =>
    Array.from(narrow(value), (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join(""),
  ),
  form("raw", (value) => value),
  form("base64", base64),
  form("base64 of one byte more before", (value) => base64(`x${value}`)),
  form("base64 of two bytes more before", (value) => base64(`xy${value}`)),
  form("base64 with a newline", (value) => base64(`${value}\n`)),
  form("base64 of user:token", (value) => base64(`x-access-token:${value}`)),
  form("base64 for URLs", (value) => Buffer.from(`ö?>${value}?>`).toString("base64url")),
  form("base64 in a URL", (value) => encodeURIComponent(base64(`~>${value}`))),
  form("base64 without padding", (value) => base64(value).replace(/=+$/, "")),
  form("base64 wrapped at 76", (value) => wrapped(base64(`{"password": "${value}", "more": 1}`.repeat(3)), 76, "\n")),
  form("base64 wrapped at 64", (value) => wrapped(base64(`user=ada;${value};`.repeat(4)), 64, "\n")),
  form("base64 wrapped at 64 with CR LF", (value) => wrapped(base64(`${value}.${value}.${value}`), 64, "\r\n")),
  form("base64 wrapped, in JSON", (value) => JSON.stringify(wrapped(base64(`--${value}--${value}--`), 76, "\n"))),
  form("base64 of UTF-16", (value) => base64(Buffer.from(value, "utf16le"))),
  form("base64 of UTF-16, big end first", (value) => base64(Buffer.from(value, "utf16le").swap16())),
  form("PowerShell's -EncodedCommand", (value) => base64(Buffer.from(`Invoke-It -Token '${value}' -Now`, "utf16le"))),
  form("base64 of base64", (value) => base64(base64(value))),
  form("base64 of base64 of user:token", (value) => base64(`auth: ${base64(`user:${value}`)}`)),
  form("base64 of base64 for URLs", (value) => base64(`?${Buffer.from(`>${value}`).toString("base64url")}`)),
  form("base64 of base64 that was wrapped", (value) =>
    wrapped(base64(`${wrapped(base64(value), 76, "\n")}\n`), 76, "\n"),
  ),
  form("base64 of JSON", (value) => base64(JSON.stringify({ token: value }))),
  form("base64 of JSON in ASCII", (value) => base64(`[${asciiJson(value)}]`)),
  form("base64 of a URL", (value) => base64(`https://example.org/?q=${encodeURIComponent(value)}`)),
  form("base64 of hex", (value) => base64(hex(value))),
  form("hex of base64", (value) => hex(base64(value))),
  form("hex of JSON", (value) => hex(JSON.stringify({ value }))),
  form("hex of UTF-16", (value) => Buffer.from(value, "utf16le").toString("hex")),
  form("encodeURIComponent", encodeURIComponent),
  form("encodeURIComponent in lower case", (value) => lower(encodeURIComponent(value))),
  form("Python's quote", (value) => quote(value, "/")),
  form("Python's quote_plus", (value) => quote(value, "").replaceAll("%20", "+")),
  form("encoded twice", (value) => encodeURIComponent(encodeURIComponent(value))),
  form("form data", (value) => new URLSearchParams({ v: value }).toString().slice(2)),
  form("JSON", (value) => JSON.stringify(value).slice(1, -1)),
  form("JSON in ASCII", (value) => asciiJson(value).slice(1, -1)),
  form("JSON in ASCII, upper case", (value) =>
    asciiJson(value)
      .slice(1, -1)
      .replace(/\\u([0-9a-f]{4})/g, (_, digits: string) => `\\u${digits.toUpperCase()}`),
  ),
  form("JSON with escaped slashes", (value) => JSON.stringify(value).slice(1, -1).replaceAll("/", "\\/")),
  form("JSON in JSON", (value) => JSON.stringify(JSON.stringify({ value }))),
  form("JSON in ASCII in JSON", (value) => JSON.stringify(asciiJson(value))),
  form("quoted for a shell", (value) => `'${value.replaceAll("'", `'\\''`)}'`),
  form("quoted for a shell by Python", (value) => `'${value.replaceAll("'", `'"'"'`)}'`),
  form("escaped for a shell", (value) => value.replace(/[^\w@%+=:,./\n-]/gu, (mark) => `\\${mark}`)),
  form("repr of bytes", bytesRepr),
  form("hex", hex),
  form("hex in upper case", (value) => hex(value).toUpperCase()),
  form("hex with spaces, as hexdump -C", (value) => wrapped(hex(value), 2, " ")),
  form("hex in upper case with dashes, as BitConverter", (value) => wrapped(hex(value).toUpperCase(), 2, "-")),
  form("hex as a list of C", (value) => `0x${wrapped(hex(value), 2, ", 0x")}`),
  form("hex with colons", (value) => wrapped(hex(value), 2, ":")),
  form("hex by xxd -p", (value) => wrapped(hex(value), 60, "\n")),
  form("every byte as \\x", (value) => `\\x${wrapped(hex(value), 2, "\\x")}`),
  form("every byte percent-encoded", (value) => `%${wrapped(hex(value), 2, "%")}`),
  form("HTML", html),
  form("HTML in numbers", (value) => value.replace(/[^A-Za-z0-9]/gu, (mark) => `&#${mark.codePointAt(0) ?? 0};`)),
  form("CSV", (value) => `"${value.replaceAll('"', '""')}"`),
];

/**
 * How much of a writing stands in a text: the longest piece of it, in characters. What quotes it, or was encoded with it, is no part of the
 * value, so some characters may stay.
 */
export function longestPiece(writing: string, text: string): number {
  let longest = 0;
  for (let from = 0; from + longest < writing.length; from++) {
    while (from + longest < writing.length && text.includes(writing.slice(from, from + longest + 1))) longest++;
  }
  return longest;
}
