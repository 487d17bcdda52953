import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/**
 * Packages whose modules do nothing when they are loaded, though their package.json doesn't say so. With it said, the bundler leaves out
 * what we don't call: of @actions/core that is its OIDC client, and with it an HTTP client of 400 KB that would cost every start of
 * the action 30 ms of CPU.
 */
const withoutSideEffects = [
  ...["@actions/core", "@actions/exec", "@actions/http-client", "@actions/io"],
  ...["@renovatebot/pep440", "smol-toml"],
];

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string(), dev: z.boolean().optional(), optional: z.boolean().optional() }),
  ),
});

export type RuntimePackage = { readonly path: string; readonly name: string; readonly version: string };

/** What the program is made of at run time, and nothing of the tools, as the lock file of `root` has it. */
export function runtimePackages(root: string): readonly RuntimePackage[] {
  const lock = lockSchema.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional }]) => path !== "" && dev !== true && optional !== true)
    .map(([path, { version }]) => ({ path, name: path.replace(/^.*node_modules\//, ""), version }));
}

/** Copies what the program needs at run time from `root` to a folder to bundle in. */
export function copyRuntimePackages(root: string, folder: string): void {
  for (const { path } of runtimePackages(root)) {
    cpSync(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of withoutSideEffects) declareFree(join(folder, "node_modules", name, "package.json"));
}

function declareFree(path: string): void {
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, "utf8")));
  if ("sideEffects" in manifest) throw new Error(`${path} says itself what it does when loaded: take it off the list`);
  writeFileSync(path, JSON.stringify({ ...manifest, sideEffects: false }));
}
