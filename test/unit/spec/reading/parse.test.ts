import { describe, expect, it } from "vitest";
import { toJson } from "../../../../src/spec/reading/located.ts";
import { parse } from "../../../../src/spec/reading/parse.ts";

const read = (text: string) => parse({ name: "f", text });
const faultsOf = (text: string) => read(text).faults.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("reading YAML and JSON", () => {
  it.each([
    ["a: 1\nb: [x, true, null]\n", { a: 1, b: ["x", true, null] }],
    ['{\n\t"a": {"b": 1.5},\n\t"c": "é"\n}', { a: { b: 1.5 }, c: "é" }],
    ["a: yes\nb: 0x1F\nc: 010\nd: 2026-01-02\n", { a: "yes", b: 31, c: 10, d: "2026-01-02" }],
    ["a: &x {b: 1}\nc: *x\n", { a: { b: 1 }, c: { b: 1 } }],
    ["1: a\ntrue: b\n", { "1": "a", true: "b" }],
    ["", {}],
    ["# nothing\n", {}],
    ["\uFEFFa: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
  ])("takes %j", (text, expected) => {
    const { tree, faults } = read(text);
    expect(faults).toEqual([]);
    expect(toJson(tree)).toEqual(expected);
  });

  it.each([
    [
      "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n",
      ["4:3 b.c is there twice; the first is at f:3:3", "5:1 a is there twice; the first is at f:1:1"],
    ],
    ["a: &a [*a]\n", ["1:8 the alias *a refers to itself"]],
    ["a: *x\n", ["1:4 no anchor &x comes before this alias"]],
    ["--- \na: 1\n---\nb: 2\n", ["3:1 a second document starts here; one file holds one document"]],
    ["a:\n\tb: 1\n", ["2:1 YAML is indented with spaces, not tabs"]],
    [
      "a: b: c\n",
      ['1:4 a mapping can\'t start inside a line; put it on its own line, or quote a text that has ": " in it'],
    ],
    [
      "a: !!binary aGk=\n",
      ["1:13 the YAML tag tag:yaml.org,2002:binary is not known here; write the value without it"],
    ],
    ["a: !secret x\n", ["1:4 a YAML tag (!…) is not known here; write the value without it"]],
    ["%YAML 1.1\n---\na: yes\n", ["1:1 YAML 1.1 is not read, only 1.2; remove the %YAML line"]],
    ["a: .inf\nb: .nan\n", ["1:4 .inf is not a finite number", "2:4 .nan is not a finite number"]],
    ["a: 12345678901234567890\n", ["1:4 12345678901234567890 is too large to be kept as a number; put it in quotes"]],
    ["? [a]\n: 1\n", ["1:3 a key must be text"]],
    ["__proto__: {x: 1}\n", ["1:1 a key can't have this name"]],
    ["a: &d {x: 1}\nb:\n  <<: *d\n", ['3:3 merge keys ("<<") are not read; an alias for a whole value is']],
  ])("refuses %j", (text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it("refuses an alias bomb without unfolding it", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 30; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(", ")}]`);
    const messages = read(lines.join("\n")).faults.map(({ message }) => message);
    expect(messages).toEqual(["more than 100 aliases"]);
  });

  it("refuses aliases that stand for too much, also when they are few", () => {
    const list = `a: &a [${"x, ".repeat(2_000)}x]`;
    const uses = Array.from({ length: 9 }, (_, i) => `b${i}: *a`);
    expect(faultsOf([list, ...uses].join("\n"))).toEqual(["1:5981 aliases stand for too many values"]);
  });

  it("refuses a file over 1 MiB by its bytes, not its characters", () => {
    expect(faultsOf(`a: ${"é".repeat(524_290)}`)[0]).toMatch(/^1:1 f has \d+ bytes; at most 1 MiB is read$/);
    expect(faultsOf(`a: ${"x".repeat(1_048_000)}`)).toEqual([]);
  });

  it.each(["[".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000)])(
    "refuses what is nested without end",
    (text) => {
      expect(read(text).faults.length).toBeGreaterThan(0);
    },
  );

  it("keeps the characters of a number, and the path of everything", () => {
    const { tree } = read("a:\n  - 1.10\n");
    expect(tree).toMatchObject({ kind: "map" });
    const list = tree.kind === "map" ? tree.entries.get("a")?.value : undefined;
    expect(list).toMatchObject({
      kind: "list",
      items: [{ value: 1.1, text: "1.10", path: "a[0]", origin: { line: 2, column: 5, length: 4 } }],
    });
  });
});
