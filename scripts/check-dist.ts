import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { buildBundle, listFiles } from "./bundle.ts";

/*
 * `node scripts/check-dist.ts`: builds the sources again in a copy of the project elsewhere (another path, with a space in it, and
 * another time zone) and compares each file with dist/. Exits with 1 and names what differs: either dist/ was not rebuilt after a
 * change, or the build depends on where it runs.
 */

const root = resolve(import.meta.dirname, "..");
const inputs = ["src", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "node_modules"];

/** The Node binaries are a third of node_modules, and no part of a bundle. */
const isNeeded = (path: string): boolean =>
  !(basename(dirname(path)) === "node_modules" && basename(path).startsWith("node-linux-"));

function bytesOf(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, name));
  } catch {
    return undefined;
  }
}

function compare(committed: string, rebuilt: string): readonly string[] {
  const names = new Set([...listFiles(committed), ...listFiles(rebuilt)]);
  return [...names].sort().flatMap((name) => {
    const [theirs, ours] = [bytesOf(committed, name), bytesOf(rebuilt, name)];
    if (theirs === undefined) return [`${name}: not in dist/`];
    if (ours === undefined) return [`${name}: left over in dist/`];
    return theirs.equals(ours) ? [] : [`${name}: differs (${theirs.length} bytes, rebuilt ${ours.length})`];
  });
}

const elsewhere = mkdtempSync(join(tmpdir(), "launch dist check-"));
try {
  for (const input of inputs) {
    cpSync(join(root, input), join(elsewhere, input), { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  }
  process.env.TZ = "Pacific/Kiritimati";
  buildBundle(elsewhere, join(elsewhere, "dist"));
  const differences = compare(join(root, "dist"), join(elsewhere, "dist"));
  for (const line of differences) console.error(`dist/${line}`);
  if (differences.length > 0) {
    console.error("dist/ is not what the sources give; run `npm run build` and commit dist/");
    process.exitCode = 1;
  } else {
    console.log(`dist/ is what the sources give: ${listFiles(join(root, "dist")).length} files`);
  }
} finally {
  rmSync(elsewhere, { recursive: true, force: true });
}
