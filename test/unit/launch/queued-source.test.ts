import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import { sourceRequestOfQueued } from "../../../src/launch/queued-source.ts";
import type { QueuedSource } from "../../../src/run/record.ts";
import { failureOf } from "../../support/failure.ts";

/* What a queued run's source may be: the store is others' to write, so folders of the agent's machine are those of its launch config. */

const host = "trainer";
let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "launch-queued-source-")));
  for (const name of ["allowed/project/sub", "allowed-not", "private/sub"])
    mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(join(folder, "private"), join(folder, "allowed/out"));
  symlinkSync(join(folder, "allowed/project"), join(folder, "in"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => path.replaceAll("@", folder);
const directory = (path: string, on = host): QueuedSource => ({
  ...{ kind: "directory", path: at(path), host: on, include_untracked: false },
});
const remote = (url: string): QueuedSource => ({ kind: "remote", url: at(url), version: "a".repeat(40) });
const asked = (
  source: QueuedSource,
  { storeIsOwn = false, allowed = ["@/allowed"], byRuns = [] as readonly string[] } = {},
) =>
  Promise.resolve().then(() =>
    sourceRequestOfQueued(source, undefined, {
      ...{ host, storeIsOwn, allowed: { folders: allowed.map(at), byRuns: byRuns.map(at) } },
    }),
  );

describe("a queued run of a store that others write to", () => {
  test.each(["@/allowed", "@/allowed/project", "@/allowed/project/sub", "@/in", "@/allowed/../allowed/project"])(
    "may have its code in %s, as allow.sources has a folder above",
    async (path) => {
      expect(await asked(directory(path))).toEqual({
        ...{ kind: "checkout", directory: realpathSync(at(path)), includeUntracked: false },
      });
      const url = `file://${at(path)}`;
      expect(await asked(remote(url))).toMatchObject({ kind: "remote", url });
      expect(await asked(remote(`git+${url}`))).toMatchObject({ kind: "remote" });
    },
  );

  test.each([
    ...["@/private", "@/allowed/out", "@/allowed/out/sub", "@/allowed-not", "@", "/", "@/allowed/../private"],
    ...["@/allowed/none", "@/none", "", "."],
  ])("may not have it in %j", async (path) => {
    const { code, message } = await failureOf(asked(directory(path)));
    expect({ code, message }).toEqual({
      code: "refused",
      message: expect.stringContaining("allow.sources") as unknown,
    });
  });

  test.each([
    ...["file://@/private", "git+file://@/private", "FILE://@/private", "file:@/private", "file://@/allowed/out"],
    ...[
      "file://@/allowed/%2e%2e/private",
      "file://else/private",
      "file:///x%2Fy",
      "@/private",
      "../private",
      "--upload-pack=touch x",
      "-oProxyCommand=x",
    ],
  ])("may not have it at %j", async (url) => {
    expect((await failureOf(asked(remote(url)))).code).toBe("refused");
  });

  test("may have it in no folder where none is allowed, and in none of another machine", async () => {
    expect((await failureOf(asked(directory("@/allowed"), { allowed: [] }))).code).toBe("refused");
    expect((await failureOf(asked(remote("file://@/allowed"), { allowed: [] }))).code).toBe("refused");
    expect((await failureOf(asked(directory("@/allowed", "elsewhere")))).code).toBe("refused");
    const own = { storeIsOwn: true, allowed: [] };
    expect((await failureOf(asked(directory("@/allowed", "elsewhere"), own))).code).toBe("refused");
  });

  test.each([
    ["@/allowed", { allowed: ["@/allowed"], byRuns: ["@"] }],
    ["@/allowed/project", { byRuns: ["@/allowed"] }],
    ["@/allowed/project/sub", { allowed: ["@/allowed/project"], byRuns: ["@/allowed"] }],
    ["@/allowed/project/sub", { allowed: ["@/allowed/project/sub"], byRuns: ["@/in"] }],
    ["@/allowed/out/sub", { allowed: ["@/allowed/out"], byRuns: ["@/allowed"] }],
    ["@/in/sub", { allowed: ["@/in"], byRuns: ["@/allowed", "@/allowed/project"] }],
    ["@/allowed/project", { allowed: ["@/in"], byRuns: ["@/allowed"] }],
  ])("may not have it in %s where runs may write on the way to it: %j", async (path, how) => {
    for (const source of [directory(path), remote(`file://${path}`)]) {
      const { code, message } = await failureOf(asked(source, how));
      expect({ code, message }).toEqual({
        code: "refused",
        message: expect.stringContaining("which runs may write") as unknown,
      });
    }
  });

  test.each([
    ["@/allowed", { byRuns: ["@/allowed"] }],
    ["@/allowed/project", { byRuns: ["@/allowed/project", "@/private"] }],
    ["@/allowed/project", { byRuns: ["@/allowed-not", "@/allowed/none"] }],
  ])("may have it in %s, which itself or beside which runs may write: %j", async (path, how) => {
    expect(await asked(directory(path), how)).toMatchObject({ kind: "checkout", directory: at(path) });
    expect(await asked(remote(`file://${path}`), how)).toMatchObject({ kind: "remote" });
  });

  test("has it wherever it is where the store is the user's own", async () => {
    const own = { storeIsOwn: true, allowed: [] };
    expect(await asked(directory("@/private"), own)).toMatchObject({ kind: "checkout", directory: at("@/private") });
    expect(await asked(remote("file://@/private"), own)).toMatchObject({ kind: "remote" });
  });

  test("is given no folder outside by any path", async () => {
    const part = fc.constantFrom(
      "..",
      ".",
      "",
      "allowed",
      "project",
      "sub",
      "out",
      "private",
      "in",
      "allowed-not",
      "none",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), fc.boolean(), async (parts, asUrl) => {
        const path = [folder, ...parts].join("/");
        const url = asUrl ? pathToFileURL("/").href.slice(0, -1) + path : undefined;
        const source = url === undefined ? directory(path) : remote(url);
        const request = await asked(source).catch((error: unknown) => {
          if (error instanceof LaunchError && error.code === "refused") return undefined;
          throw error;
        });
        if (request === undefined) return true;
        // A URL has its dots resolved before any link is followed; of a path the system follows links first.
        const real = request.kind === "checkout" ? request.directory : realpathSync.native(new URL(url ?? "").pathname);
        return real === join(folder, "allowed") || real.startsWith(join(folder, "allowed/"));
      }),
      { numRuns: 500, examples: [[["in", ".."], false]] },
    );
  });
});
