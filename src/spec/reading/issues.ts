import { z } from "zod";
import { type Fault, faultAt, type Origin } from "./fault.ts";
import { childOf, type Located, pathOf } from "./located.ts";
import { didYouMean, suggestionFor } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/**
 * Validates a tree and says each fault in our words, where it was written. In place of zod's messages the schemas carry noun
 * phrases ("a list of strings") and `phraseOf` gives the others, so that each fault reads "PATH must be PHRASE, not VALUE".
 */
export function issuesOf(issues: readonly Issue[], tree: Located, names: readonly string[]): readonly Fault[] {
  return issues.flatMap((issue) => faultsOf(issue, tree, names));
}

/** What a value must be, for an issue of a schema that doesn't say it itself. For unknown keys: those that there are. */
export function phraseOf(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return typePhrases[issue.expected] ?? issue.expected;
    case "invalid_format":
      return issue.pattern === undefined ? `a valid ${issue.format}` : `text that matches ${issue.pattern}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return bound("least", issue.origin, Number(issue.minimum));
    case "too_big":
      return bound("most", issue.origin, Number(issue.maximum));
    case "unrecognized_keys":
      return issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape).join("\n") : "";
    case "invalid_union":
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      return "";
  }
}

const typePhrases: Readonly<Partial<Record<string, string>>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function bound(which: "least" | "most", origin: string, limit: number): string {
  if (origin === "string")
    return limit === 1 && which === "least" ? "text that is not empty" : `text of at ${which} ${limit} characters`;
  if (origin === "array") return `a list of at ${which} ${limit}`;
  return `at ${which} ${limit}`;
}

function faultsOf(issue: Issue, tree: Located, names: readonly string[]): readonly Fault[] {
  const { path } = issue;
  const found = find(tree, path);
  if (issue.code === "unrecognized_keys") {
    const known = [...issue.message.split("\n"), ...(found.path === "" ? names : [])].filter((name) => name !== "");
    return issue.keys.map((key, index) => unknownKey(key, found, { known, isHinted: index < maxHints }));
  }
  if (issue.code === "invalid_union" && issue.message === "") {
    const branch = branchOf(issue.errors);
    const within = (inner: Issue): Issue => ({ ...inner, path: [...path, ...inner.path] });
    if (branch !== undefined) return branch.flatMap((inner) => faultsOf(within(inner), tree, names));
    // A word where one of the branches is a list of words: it is one of those, misspelt.
    const words = issue.errors.map(([first]) => first).find((first) => first?.code === "invalid_value");
    if (words?.code === "invalid_value" && isWord(found)) return [unknownWord(found, words.values.map(String))];
    const phrases = new Set(issue.errors.map((errors) => errors[0]?.message ?? ""));
    return [wrongValue(found, [...phrases].join(" or "))];
  }
  if (issue.code === "invalid_value" && !found.missing) return [unknownWord(found, issue.values.map(String))];
  if (issue.code === "invalid_key") {
    const key = JSON.stringify(String(path.at(-1)));
    const phrase = issue.issues[0]?.message ?? "another name";
    return [faultAt({ origin: found.key, path: found.path, message: `${key} must be ${phrase}` })];
  }
  return [wrongValue(found, issue.message)];
}

/** Who has written more unknown keys than these into one mapping has not misspelt them. */
const maxHints = 100;

function isWord({ value }: Found): boolean {
  return value?.kind === "scalar" && typeof value.value === "string";
}

type Found = {
  readonly path: string;
  readonly origin: Origin;
  readonly key: Origin;
  readonly value: Located | undefined;
  readonly missing: boolean;
};

/** The value at a path or, where nothing is written, the nearest around it. */
function find(tree: Located, path: readonly PropertyKey[]): Found {
  let value: Located = tree;
  let key = tree.origin;
  for (const [i, step] of path.entries()) {
    const child = childOf(value, step);
    if (child === undefined) {
      const rest = path.slice(i).map((part) => (typeof part === "number" ? part : String(part)));
      return { path: rest.reduce<string>(pathOf, value.path), origin: key, key, value: undefined, missing: true };
    }
    key = value.kind === "map" ? (value.entries.get(String(step))?.key ?? child.origin) : child.origin;
    value = child;
  }
  return { path: value.path, origin: value.origin, key, value, missing: false };
}

type KnownKeys = { readonly known: readonly string[]; readonly isHinted: boolean };

function unknownKey(key: string, found: Found, { known, isHinted }: KnownKeys): Fault {
  const path = pathOf(found.path, key);
  const entry = found.value?.kind === "map" ? found.value.entries.get(key) : undefined;
  const suggestion = isHinted ? suggestionFor(key, known) : undefined;
  const where = found.path === "" ? "" : ` in ${found.path}`;
  const hint =
    suggestion === undefined && known.length > 0 && known.length <= 12
      ? `; there are ${known.join(", ")}`
      : didYouMean(suggestion);
  return faultAt({
    origin: entry?.key ?? found.origin,
    path,
    message: `unknown key "${key}"${where}${hint}`,
    suggestion,
  });
}

/** A word that is none of a closed list: `unknown resource "kubernets"`; of `builder.type` it is the builder that is unknown. */
function unknownWord(found: Found, values: readonly string[]): Fault {
  const value = found.value?.kind === "scalar" ? found.value.value : undefined;
  if (typeof value !== "string") return wrongValue(found, `one of ${values.join(", ")}`);
  const suggestion = suggestionFor(value, values);
  const hint = suggestion === undefined ? `; there are ${values.join(", ")}` : didYouMean(suggestion);
  const list = /^(.*)\[\d+\]$/.exec(found.path)?.[1];
  const noun = found.path.split(".").findLast((part) => part !== "type") ?? "value";
  const message =
    list === undefined
      ? `unknown ${noun} ${JSON.stringify(value)}${hint}`
      : `unknown ${JSON.stringify(value)} in ${list}${hint}`;
  return faultAt({ origin: found.origin, path: found.path, message, suggestion });
}

function wrongValue(found: Found, phrase: string): Fault {
  const { path, origin, value } = found;
  const name = path === "" ? "the document" : path;
  if (value === undefined) return faultAt({ origin, path, message: `${name} is missing; it must be ${phrase}` });
  if (value.kind === "scalar" && value.value === null) {
    return faultAt({ origin, path, message: `${name} is empty; it must be ${phrase}` });
  }
  return faultAt({
    origin,
    path,
    message: `${name} must be ${phrase}, not ${shown(value, phrase)}${quotesHint(value, phrase)}`,
  });
}

/** What was written. A number is shown where another number would do, and else said to be one. */
function shown(value: Located, phrase: string): string {
  if (value.kind === "map") return "a mapping";
  if (value.kind === "list") return "a list";
  if (typeof value.value === "string")
    return JSON.stringify(value.value.length > 60 ? `${value.value.slice(0, 57)}…` : value.value);
  if (typeof value.value !== "number") return String(value.value);
  return /number|^at (?:least|most) |duration/.test(phrase) ? value.text : "a number";
}

function quotesHint(value: Located, phrase: string): string {
  const unquoted = value.kind === "scalar" && (typeof value.value === "number" || typeof value.value === "boolean");
  return unquoted && /^(?:a string|one line of text)/.test(phrase) ? `; put it in quotes: "${value.text}"` : "";
}

/**
 * The branch of a union that was meant: one whose `type` is right, else one that takes this kind of value at all. Where the
 * type is wrong in all of them, their types together, and the keys that none of them has. Undefined when no branch fits.
 */
function branchOf(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const typeIssues = branches.map((issues) =>
    issues.find((issue) => issue.path.length === 1 && issue.path[0] === "type"),
  );
  const words = typeIssues.flatMap((issue) => (issue?.code === "invalid_value" ? [issue] : []));
  const [first] = words;
  if (first !== undefined && words.length === branches.length) {
    return [
      {
        ...first,
        values: words.flatMap((issue) => issue.values),
        message: `one of ${words.flatMap((issue) => issue.values).join(", ")}`,
      },
      ...unknownInAll(branches),
    ];
  }
  const fitting = branches.filter(
    (issues, i) =>
      typeIssues[i] === undefined &&
      issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys"),
  );
  return fitting.sort((a, b) => a.length - b.length)[0];
}

/** A misspelt key (`typ`) is in no branch; a key of one branch alone says nothing while the branch isn't known. */
function unknownInAll(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const unknown = branches.flatMap((issues) => issues.find((issue) => issue.code === "unrecognized_keys") ?? []);
  const [first] = unknown;
  if (first === undefined || unknown.length < branches.length) return [];
  const sets = unknown.map((issue) => new Set(issue.keys));
  const keys = first.keys.filter((key) => sets.every((set) => set.has(key)));
  const known = new Set(unknown.flatMap((issue) => issue.message.split("\n")));
  return [{ ...first, keys, message: [...known].join("\n") }];
}
