import { mkdtempSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messageOf, shortPath } from "../../../src/core/errors.ts";

describe("the message of what the system refused", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "launch-errors-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("names a path whole, or the beginning and the end of a very long one", async () => {
    const name = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom("a", "é", "$&", "x", "🎉") });
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 40 }), async (names) => {
        const path = join(folder, ...names, "last");
        const words = messageOf(await open(path).catch((error: unknown) => error));
        expect(words).toMatch(/^(?:ENOENT|ENAMETOOLONG)/);
        expect(words.length).toBeLessThan(600);
        expect(words.isWellFormed()).toBe(true);
        expect(words).toContain(folder);
        expect(words).toContain("last");
        if (path.length <= 400) expect(words).toContain(path);
      }),
      { numRuns: 200 },
    );
  });

  test("does so of both paths of a rename", async () => {
    const [from, to] = ["a", "b"].map((name) => join(folder, `${name.repeat(200)}/`.repeat(30), "last"));
    const words = messageOf(await rename(from ?? "", to ?? "").catch((error: unknown) => error));
    expect(words.length).toBeLessThan(1_000);
    expect(words).toContain("…");
  });

  test("is as it is of any other error", () => {
    const text = "x".repeat(10_000);
    expect(messageOf(new Error(text))).toBe(text);
    expect(messageOf(text)).toBe(text);
    expect(messageOf(Object.assign(new Error("a path"), { path: 7 }))).toBe("a path");
    expect(shortPath("/a/b")).toBe("/a/b");
  });
});
