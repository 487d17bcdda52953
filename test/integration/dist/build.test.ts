import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildBundle, listFiles } from "../../../scripts/bundle.ts";

const root = resolve(import.meta.dirname, "../../..");
const folders: string[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A project as small as can be, with this repository's compiler and bundler, in a folder of its own. */
function project(prefix: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  for (const name of ["tsconfig.json", "tsconfig.build.json", "package-lock.json"]) {
    cpSync(join(root, name), join(folder, name));
  }
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "src", path)), { recursive: true });
    writeFileSync(join(folder, "src", path), text);
  }
  return folder;
}

const parts = {
  "index.ts": 'export async function main(): Promise<string> {\n  const { greet } = await import("./greet.ts");\n  return greet();\n}\n',
  "greet.ts": "class Greeting {}\nexport function greet(): string {\n  return `hello from ${Greeting.name}`;\n}\n",
};

describe("the build of dist/", () => {
  test("gives the same bytes in another folder, with a space in its name, and in another time zone", () => {
    const [here, there] = [project("launch-build-", parts), project("launch build ", parts)];
    buildBundle(here, join(here, "dist"));
    vi.stubEnv("TZ", "Pacific/Kiritimati");
    buildBundle(there, join(there, "dist"));
    const names = listFiles(join(here, "dist"));
    expect(listFiles(join(there, "dist"))).toEqual(names);
    for (const name of names) {
      expect(readFileSync(join(there, "dist", name), "utf8"), name).toBe(readFileSync(join(here, "dist", name), "utf8"));
    }
  });

  test("splits at import(), keeps names, and replaces what an earlier build left", () => {
    const folder = project("launch-build-", parts);
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "99.index.js"), "stale");
    buildBundle(folder, join(folder, "dist"));
    const chunks = listFiles(join(folder, "dist")).filter((name) => /^\d+\.index\.js$/.test(name));
    expect(chunks).toHaveLength(1);
    expect(chunks).not.toContain("99.index.js");
    expect(JSON.parse(readFileSync(join(folder, "dist", "package.json"), "utf8"))).toEqual({ type: "module" });
    const script = 'import { main } from "./dist/index.js"; process.stdout.write(await main());';
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder });
    expect(said.toString()).toBe("hello from Greeting");
  });

  test("fails when the bundle would name the folder it was built in", () => {
    const folder = project("launch-build-", parts);
    writeFileSync(join(folder, "src", "index.ts"), `export const where = ${JSON.stringify(folder)};\n`);
    expect(() => buildBundle(folder, join(folder, "dist"))).toThrow("the bundle names the folder it was built in: index.js");
    expect(listFiles(join(folder, "dist"))).toEqual([]);
  });
});
