import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isOwnStore } from "../../../src/stores/own-store.ts";

const inside = ["HEAD", "refs", "objects"];

describe("a repository of this machine", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "launch-own-store-")));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const store = (name = "store.git", mode = 0o755): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    for (const each of ["refs", "objects"]) {
      mkdirSync(join(path, each));
      chmodSync(join(path, each), 0o755);
    }
    writeFileSync(join(path, "HEAD"), "ref: refs/heads/main\n", { mode: 0o644 });
    return path;
  };

  test("that others can read and not write is its user's own", async () => {
    expect(await isOwnStore(store())).toBe(true);
  });

  test("that is not there will be, also below folders that are not there", async () => {
    expect(await isOwnStore(join(folder, "none.git"))).toBe(true);
    expect(await isOwnStore(join(folder, "none/below/none.git"))).toBe(true);
  });

  test.each(["", ...inside])("of which others may write %j is not", async (name) => {
    for (const mode of [0o775, 0o757, 0o777, 0o722]) {
      const path = store(`${mode}.git`);
      chmodSync(join(path, name), mode);
      expect(await isOwnStore(path), mode.toString(8)).toBe(false);
    }
  });

  test.runIf(process.getuid?.() === 0).each(["", ...inside])("of which %j is another user's is not", async (name) => {
    const path = store();
    chownSync(join(path, name), 1234, 1234);
    expect(await isOwnStore(path)).toBe(false);
  });

  test("that others may write is its user's own where they can't enter a folder above", async () => {
    const path = store("closed/deep/store.git", 0o777);
    chmodSync(join(folder, "closed"), 0o700);
    expect(await isOwnStore(path)).toBe(true);
    chmodSync(join(folder, "closed"), 0o711);
    expect(await isOwnStore(path)).toBe(false);
  });

  test("is not by a closed folder that a link to it lies in", async () => {
    const path = store("open.git", 0o777);
    mkdirSync(join(folder, "closed"), { mode: 0o700 });
    symlinkSync(path, join(folder, "closed/store.git"));
    symlinkSync(folder, join(folder, "closed/above"));
    expect(await isOwnStore(join(folder, "closed/store.git"))).toBe(false);
    expect(await isOwnStore(join(folder, "closed/above/open.git"))).toBe(false);
    expect(await isOwnStore(join(folder, "closed/own.git"))).toBe(true);
  });

  test("is not where others could put another in its place", async () => {
    const path = store("shared/store.git");
    for (const [mode, own] of [
      [0o777, false],
      [0o775, false],
      [0o1777, true],
      [0o755, true],
    ] as const) {
      chmodSync(join(folder, "shared"), mode);
      expect(await isOwnStore(path), mode.toString(8)).toBe(own);
    }
  });

  test("is never by permissions with which somebody else could write into it", async () => {
    const path = store("above/store.git");
    const mode = fc.integer({ min: 0, max: 0o777 }).map((bits) => bits | 0o700);
    await fc.assert(
      fc.asyncProperty(mode, mode, mode, async (above, itself, refs) => {
        chmodSync(join(folder, "above"), above);
        chmodSync(path, itself);
        chmodSync(join(path, "refs"), refs);
        const closed = [above, itself].some((each) => (each & 0o077) === 0);
        const writable = [above, itself, refs].some((each) => (each & 0o022) !== 0);
        expect(await isOwnStore(path)).toBe(closed || !writable);
      }),
      { numRuns: 200 },
    );
  });
});
