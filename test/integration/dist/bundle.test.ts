import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listFiles } from "../../../scripts/bundle.ts";
import { type ActionCopy, copyAction } from "../../support/github/action-copy.ts";

describe("the committed bundle", () => {
  let copy: ActionCopy;
  let elsewhere: string;
  beforeAll(() => {
    copy = copyAction();
    elsewhere = mkdtempSync(join(tmpdir(), "launch elsewhere-"));
  });
  afterAll(() => {
    copy.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const run = (args: readonly string[]): string =>
    execFileSync(process.execPath, args, { cwd: elsewhere, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  test("works away from the repository, through a symlink and from another folder", () => {
    symlinkSync(join(copy.directory, "bin", "launch.js"), join(elsewhere, "launch"));
    writeFileSync(join(elsewhere, "launch.yaml"), "uri: .\nresource: local-process\n");
    expect(run([join(elsewhere, "launch"), "--help"])).toMatch(/^Usage: launch /);
    expect(JSON.parse(run([join(elsewhere, "launch"), "validate", "--json"]))).toMatchObject({ event: "valid" });
  });

  test("is an ES module that exports its three doors, and starts nothing by itself", () => {
    const script = `console.log(Object.keys(await import(${JSON.stringify(join(copy.directory, "dist", "index.js"))})).join())`;
    expect(run(["--input-type=module", "--eval", script])).toBe("cli,main,post\n");
  });

  test("holds code and licences only, in 8 MB at most", () => {
    const dist = join(copy.directory, "dist");
    const names = listFiles(dist);
    expect(names.filter((name) => !/^(\d+\.)?index\.js$/.test(name))).toEqual(["licenses.txt", "package.json"]);
    expect(names.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0)).toBeLessThanOrEqual(8 * 1024 * 1024);
    const licences = readFileSync(join(dist, "licenses.txt"), "utf8");
    for (const name of ["@actions/core", "commander", "pg", "yaml", "zod"]) expect(licences).toContain(`${name}\n`);
  });

  test("loads little more than commander for --help, and neither @actions/core nor pg for a command without them", () => {
    const hook = join(elsewhere, "hook.mjs");
    const loaded = join(elsewhere, "loaded.txt");
    writeFileSync(
      hook,
      `import { appendFileSync, readFileSync } from "node:fs";
       import { registerHooks } from "node:module";
       import { fileURLToPath } from "node:url";
       registerHooks({
         load: (url, context, next) => {
           if (url.startsWith("file:")) appendFileSync(${JSON.stringify(loaded)}, readFileSync(fileURLToPath(url)));
           return next(url, context);
         },
       });`,
    );
    const codeOf = (...args: readonly string[]): string => {
      writeFileSync(loaded, "");
      run(["--import", hook, join(copy.directory, "bin", "launch.js"), ...args]);
      return readFileSync(loaded, "utf8");
    };
    expect(codeOf("--help").length).toBeLessThan(150_000);
    const validating = codeOf("validate");
    expect(validating).not.toContain("GITHUB_STEP_SUMMARY");
    // Postgres' client, which is for who has a store there.
    expect(validating).not.toContain("SCRAM-SHA-256");
  });
});
