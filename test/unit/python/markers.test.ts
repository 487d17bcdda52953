import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluateMarker } from "../../../src/python/markers.ts";

const environment = { python_version: "3.12", python_full_version: "3.12.4", sys_platform: "linux", os_name: "posix" };

// Verdicts by PEP 508; undefined where nothing can be said.
test.each([
  ['python_version < "3.9"', false],
  ["python_version>='3.9'", true],
  ["'3.9' <= python_version", true],
  ["python_full_version > '3.12.4rc1'", true],
  ["sys_platform == 'linux'", true],
  ["sys.platform != 'linux'", false],
  ["sys_platform in 'linux darwin'", true],
  ["sys_platform not  in 'win32 darwin'", true],
  ["os_name == 'nt' or sys_platform == 'linux' and python_version == '3.12'", true],
  ["(os_name == 'nt' or sys_platform == 'linux') and python_version == '3.11'", false],
  ["extra == 'dev'", undefined],
  ["extra == 'dev' and os_name == 'nt'", false],
  ["extra == 'dev' or os_name == 'posix'", true],
  ["constructor == 'x'", undefined],
  ["os_name == 'nt", undefined],
  ["os_name", undefined],
  ["(os_name == 'posix'", undefined],
  ["os_name == 'posix' os_name", undefined],
  ["", undefined],
])("marker %s: %s", (marker, verdict) => {
  expect(evaluateMarker(marker, environment)).toBe(verdict);
});

type Tree = { readonly text: string; readonly verdict: boolean | undefined };
const leaves: readonly Tree[] = [
  { text: "os_name == 'posix'", verdict: true },
  { text: 'python_version < "3.9"', verdict: false },
  { text: "extra == 'x'", verdict: undefined },
];
const { tree } = fc.letrec<{ tree: Tree; both: Tree; either: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, fc.constantFrom(...leaves), tie("both"), tie("either")),
  both: fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => ({
    text: `(${a.text}) and (${b.text})`,
    verdict: [a, b].some(({ verdict }) => verdict === false) ? false : a.verdict === true ? b.verdict : undefined,
  })),
  either: fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => ({
    text: `(${a.text} or ${b.text})`,
    verdict: [a, b].some(({ verdict }) => verdict === true) ? true : a.verdict === false ? b.verdict : undefined,
  })),
}));

test("however markers are put together, what is not known leaves open only what depends on it", () => {
  fc.assert(
    fc.property(tree, ({ text, verdict }) => {
      expect(evaluateMarker(text, environment)).toBe(verdict);
    }),
  );
});

test("any text is judged without failing", () => {
  const words = fc.constantFrom(
    "(",
    ")",
    "and",
    "or",
    "in",
    "not in",
    "==",
    "<",
    "os_name",
    "'x'",
    '"',
    "python_version",
    "'3.9'",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((each) => each.join(" ")),
      ),
      (text) => {
        expect([true, false, undefined]).toContain(evaluateMarker(text, environment));
      },
    ),
  );
});
