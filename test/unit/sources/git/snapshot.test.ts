import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { takeSnapshot } from "../../../../src/sources/git/work-tree/snapshot.ts";

test.each([[["sub", "sub/new"]], [["sub/new", "sub"]], [["sub/deep/new", "sub", "sub/new"]]])(
  "of %j, where a folder is a link by one name and a folder by the next, nothing is written through it",
  async (paths) => {
    const folder = mkdtempSync(join(tmpdir(), "launch-snapshot-"));
    const signal = new AbortController().signal;
    for (const name of ["from", "to", "outside"]) mkdirSync(join(folder, name));
    const sub = join(folder, "from/sub");
    const asFolder = (): void => {
      rmSync(sub, { force: true, recursive: true });
      mkdirSync(join(sub, "deep"), { recursive: true });
      for (const name of ["new", "deep/new"]) writeFileSync(join(sub, name), "x");
    };
    const asLink = (): void => {
      rmSync(sub, { force: true, recursive: true });
      symlinkSync(join(folder, "outside"), sub);
    };
    // Asked for one after the other, each as it says it is.
    const changing = {
      *[Symbol.iterator]() {
        for (const path of paths) {
          if (path === "sub") asLink();
          else asFolder();
          yield path;
        }
      },
    };
    await takeSnapshot(join(folder, "from"), join(folder, "to"), { paths: changing, signal });
    expect(readdirSync(join(folder, "outside"))).toEqual([]);
    expect(readdirSync(join(folder, "to"))).toEqual(["sub"]);
    rmSync(folder, { recursive: true });
  },
);
