import { isScalar, LineCounter, parseDocument, type YAMLError } from "yaml";
import { type Fault, faultAt, type Origin } from "./fault.ts";
import { emptyMap, type Located } from "./located.ts";
import type { Document } from "../resolve/resolution.ts";
import { type PlaceOf, treeOf } from "./yaml-tree.ts";

/** A spec that a person writes has a few KB. */
export const maxBytes = 1_048_576;
const maxSyntaxFaults = 20;

export type Parsed = { readonly tree: Located; readonly faults: readonly Fault[] };

/** Reads YAML or JSON; what is empty is an empty mapping. With faults, the tree holds what could be read. Never throws. */
export function parse(document: Document): Parsed {
  const start: Origin = { kind: "place", file: document.name, line: 1, column: 1, length: 1 };
  const refuse = (message: string): Parsed => ({
    tree: emptyMap(start),
    faults: [faultAt({ origin: start, message })],
  });
  const bytes = Buffer.byteLength(document.text);
  if (bytes > maxBytes) return refuse(`${document.name} has ${bytes} bytes; at most 1 MiB is read`);

  const lineCounter = new LineCounter();
  const read = parseDocument(document.text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  const placeOf: PlaceOf = (from, to) => {
    const { line, col } = lineCounter.linePos(from);
    return {
      kind: "place",
      file: document.name,
      line: Math.max(1, line),
      column: Math.max(1, col),
      length: Math.max(1, to - from),
    };
  };
  const syntax = [...read.errors, ...read.warnings].slice(0, maxSyntaxFaults);
  if (syntax.length > 0) return { tree: emptyMap(start), faults: syntax.map((error) => syntaxFault(error, placeOf)) };
  const { explicit, version } = read.directives.yaml;
  if (explicit && version !== "1.2") {
    return refuse(`YAML ${version} is not read, only 1.2; remove the %YAML line`);
  }
  if (read.contents === null || (isScalar(read.contents) && read.contents.value === null))
    return { tree: emptyMap(start), faults: [] };
  return treeOf(read.contents, placeOf);
}

/** What the parser's codes mean to a person who writes a spec. The others are rare, and shown in the parser's own words. */
const syntaxWords: Partial<Record<YAMLError["code"], string>> = {
  MULTIPLE_DOCS: "a second document starts here; one file holds one document",
  TAB_AS_INDENT: "YAML is indented with spaces, not tabs",
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping can\'t start inside a line; put it on its own line, or quote a text that has ": " in it',
  MULTILINE_IMPLICIT_KEY: "a key must be on one line, with its colon; check the indentation",
  BAD_INDENT: "the indentation doesn't fit what is above",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAG_RESOLVE_FAILED: "a YAML tag (!…) is not known here; write the value without it",
};

function syntaxFault(error: YAMLError, placeOf: PlaceOf): Fault {
  const message = syntaxWords[error.code] ?? `not valid YAML: ${error.message}`;
  return faultAt({ origin: placeOf(error.pos[0], error.pos[1]), message });
}
