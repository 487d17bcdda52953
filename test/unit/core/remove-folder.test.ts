import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeFolder } from "../../../src/core/folders/remove.ts";
import { sizeOf } from "../../../src/core/folders/size.ts";

/** Folders in folders, made from inside so that no path is too long. */
function nest(at: string, { name, depth }: { readonly name: string; readonly depth: number }): void {
  const step = Math.max(1, Math.floor(2_000 / (name.length + 1)));
  const chunk = Array.from({ length: step }, () => name).join("/");
  const script =
    'cd -- "$1"; n=0; while [ $n -lt $3 ]; do mkdir -p "$2"; cd -P "$2"; n=$((n+1)); done; : > file; mkdir -m 0 closed';
  execFileSync("sh", ["-c", script, "sh", at, chunk, String(Math.ceil(depth / step))]);
}

test.each([
  ["deeper than a path can name", { name: "d".repeat(200), depth: 60 }],
  ["many folders deep", { name: "d", depth: 4_000 }],
  ["with the longest names", { name: "n".repeat(255), depth: 40 }],
])("a folder %s is removed, and has a size", async (_how, shape) => {
  const folder = await mkdtemp(join(tmpdir(), "launch-remove-"));
  const outside = await mkdtemp(join(tmpdir(), "launch-outside-"));
  await writeFile(join(outside, "kept"), "");
  await symlink(outside, join(folder, "link"));
  await mkdir(join(folder, "run"));
  nest(join(folder, "run"), shape);
  await chmod(join(folder, "run"), 0o500);
  expect(await sizeOf(folder)).toBeGreaterThan(0);
  await removeFolder(folder);
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(join(outside, "kept"))).toBe(true);
  await removeFolder(outside);
});
