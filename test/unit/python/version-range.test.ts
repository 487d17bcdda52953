import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clausesOf, fits, illegalClause } from "../../../src/python/version-range.ts";

// Verdicts by PEP 440, as Python's own `packaging` gives them; undefined where nothing can be said.
test.each([
  ["1.2.0", "==1.2", true],
  ["1.2.1", "==1.2", false],
  ["1.2.1", "==1.2.*", true],
  ["1.20.1", "==1.2.*", false],
  ["1.2", "==1.2.0.*", true],
  ["2.1.0+cu118", "==2.1.0", true],
  ["2.1.0+cu121", "==2.1.0+cu118", false],
  ["2.1.0+cu118", "==2.1.0+CU118", true],
  ["2.1.0", "==2.1.0+cu118", false],
  ["2.1.0+cu121", "!=2.1.0+cu118", true],
  ["2.1.0+cu121", ">=2.1", true],
  ["2.1.0+cu121", "~=2.1.0", true],
  ["2.1.0+cu121", ">2.1.0", false],
  ["1.10", ">=1.9,<2", true],
  ["2.0", ">=1.9,<2", false],
  ["1.4.9", "~=1.4.2", true],
  ["1.5.0", "~=1.4.2", false],
  ["1.5.0", "~=1.4", true],
  ["1.5", "!=1.5.0", false],
  ["2.0rc1", "==2.0rc1", true],
  ["2.0rc1", "==2.0", false],
  ["2.0rc1", ">=2.0", false],
  ["2.0rc1", "<2.0", false],
  ["2.0rc1", "<2.0rc2", true],
  ["2.0", ">2.0rc1", true],
  ["1.7.post1", ">1.7", false],
  ["1.7.post2", ">1.7.post1", true],
  ["1.0.dev3", "<1.0", false],
  ["1!1.0", ">=2.0", true],
  ["1.0", "===1.0", true],
  ["1.0.0", "===1.0", false],
  ["1.0", ">=0.9.*", true],
  ["1.0", "", true],
  ["1.0", "@ something", undefined],
  ["unknown", "==1", undefined],
])("version %s for %j: %s", (installed, specifier, verdict) => {
  expect(fits(installed, specifier)).toBe(verdict);
});

test.each([">=3.13.0rc1", "<3.13.0a1,>=3.10", "~=3.10", ">= 3.8 , != 3.9.*,", "==1!2.0", "===anything"])(
  "%j is legal",
  (specifier) => {
    expect(illegalClause(specifier)).toBeUndefined();
  },
);

test.each([
  ["three", "three"],
  [">=3.9,~=3", "~=3"],
  ["3.11", "3.11"],
  ["^3.9", "^3.9"],
  ["=>3.9", "=>3.9"],
  [">=3.9+local", ">=3.9+local"],
])("of %j the clause %j is none", (specifier, clause) => {
  expect(illegalClause(specifier)).toBe(clause);
});

const release = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
const suffix = fc.constantFrom("", "a1", "rc2", ".post1", ".dev0", "rc1.post2", ".post3.dev1");
const version = fc.tuple(release, suffix).map(([numbers, rest]) => numbers + rest);
const local = fc.constantFrom("", "+cu118", "+cpu.1");

describe("of any two versions", () => {
  test("== and != are opposites, and so are `==V.*` and `!=V.*`", () => {
    fc.assert(
      fc.property(version, local, version, release, (one, build, other, prefix) => {
        expect(fits(one + build, `!=${other}`)).toBe(fits(one + build, `==${other}`) !== true);
        expect(fits(one + build, `!=${prefix}.*`)).toBe(fits(one + build, `==${prefix}.*`) !== true);
      }),
    );
  });

  test("either is below, equal to, or above the other", () => {
    fc.assert(
      fc.property(version, version, (one, other) => {
        const [atMost, equal, atLeast] = ["<=", "==", ">="].map((operator) => fits(one, operator + other));
        expect([atMost, atLeast]).toEqual(equal === true ? [true, true] : [atMost, atMost !== true]);
        expect(fits(other, `>=${one}`)).toBe(atMost);
        // `<` and `>` leave something out, and add nothing.
        if (fits(one, `<${other}`) === true) expect([atMost, equal]).toEqual([true, false]);
        if (fits(one, `>${other}`) === true) expect([atLeast, equal]).toEqual([true, false]);
      }),
    );
  });

  test("`~=` is `>=` and the same beginning", () => {
    fc.assert(
      fc.property(version, fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 4 }), (one, parts) => {
        const same = fits(one, `>=${parts.join(".")},==${parts.slice(0, -1).join(".")}.*`);
        expect(fits(one, `~=${parts.join(".")}`)).toBe(same);
      }),
    );
  });

  test("a build's label counts only where it is asked for, and zeros at a release's end never", () => {
    fc.assert(
      fc.property(release, local, version, fc.constantFrom("==", "!=", "<=", ">="), (one, build, other, operator) => {
        expect(fits(one + build, operator + other)).toBe(fits(one, operator + other));
        expect(fits(`${one}.0.0`, operator + other)).toBe(fits(one, operator + other));
      }),
    );
  });
});

test("any text is judged without failing, and all clauses of a range have to hold", () => {
  const clause = fc.tuple(fc.constantFrom("==", "!=", "<=", ">=", "<", ">"), version).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.string(), fc.string(), version, fc.array(clause), (a, b, one, clauses) => {
      expect([true, false, undefined]).toContain(fits(a, b));
      const specifier = clauses.join(" , ");
      expect(clausesOf(specifier)).toEqual(clauses);
      expect(fits(one, specifier)).toBe(clauses.every((each) => fits(one, each) === true));
    }),
  );
});
