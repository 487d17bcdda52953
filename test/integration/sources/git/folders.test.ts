import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isSoak } from "../../../support/chaos/heavy.ts";
import { LaunchError } from "../../../../src/core/errors.ts";
import { sourceOf } from "../../../../src/launch/source-request.ts";
import { failureOf } from "../../../support/failure.ts";
import { repositoryAt, temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { launchRequest } from "../../../support/launch/launching.ts";
import { resolveSource } from "../../../support/launch/source.ts";

/* Which folders of this machine a spec may name, also while somebody puts links in their place. */

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
  for (const name of ["private", "spec/sub/deep", "spec/.hidden", "allowed/project"]) {
    mkdirSync(join(folder.path, name), { recursive: true });
  }
  for (const name of ["private", "spec", "spec/sub", "spec/sub/deep", "spec/.hidden", "allowed/project"]) {
    writeFileSync(join(folder.path, name, "main.py"), `# of ${name}\n`);
  }
  symlinkSync("../private", join(folder.path, "spec/out"));
  symlinkSync("sub", join(folder.path, "spec/in"));
});
afterEach(() => folder.remove());

type Asked = {
  readonly uri: string;
  readonly named?: boolean;
  readonly sources?: readonly string[];
  /** Where runs may write. */
  readonly mounts?: readonly string[];
  readonly git?: { readonly repo: string };
};

async function asked({ uri, named = false, sources, mounts = [], git }: Asked) {
  const at = (path: string): string => path.replaceAll("@", folder.path);
  const request = await launchRequest({
    spec: {
      resource: "local-process",
      overrides: { entry_point: ["python3", "main.py"] },
      ...(git === undefined ? { uri: at(uri) } : { git: { repo: at(git.repo) } }),
    },
    config: {
      allow: {
        ...(sources === undefined ? {} : { sources: sources.map(at) }),
        mounts: mounts.map((path) => ({ path: at(path), read_only: false })),
      },
    },
    baseDirectory: join(folder.path, "spec"),
  });
  return sourceOf({ ...request, sourceNamed: named });
}

const inPlain = (path: string) => path;

describe.each([
  ["in a repository", () => repositoryAt(join(folder.path, "spec")).git("init", "--quiet", "--initial-branch=main")],
  ["in none", () => inPlain("")],
])("a spec %s", (_where, prepare) => {
  beforeEach(() => void prepare());

  test.each<[Asked, string]>([
    [{ uri: "." }, "spec"],
    [{ uri: "sub" }, "spec/sub"],
    [{ uri: "./sub/../sub/deep" }, "spec/sub/deep"],
    [{ uri: "in" }, "spec/sub"],
    [{ uri: "../spec/sub" }, "spec/sub"],
    [{ uri: "@/allowed/project", sources: ["@/allowed"] }, "allowed/project"],
    [{ uri: "../allowed/project", sources: ["git", "@/allowed/project"] }, "allowed/project"],
    [{ uri: "@/allowed/project", sources: ["@/allowed"], mounts: ["@/allowed/project", "@/spec"] }, "allowed/project"],
    [{ uri: "../private", named: true }, "private"],
    [{ uri: "@/private", named: true }, "private"],
  ])("%j is %s", async (wanted, path) => {
    const source = await asked(wanted);
    if (source.kind !== "checkout") throw new Error(`it is ${source.kind}`);
    expect(join(source.directory, source.below ?? "")).toBe(join(folder.path, path));
  });

  test.each<Asked>([
    { uri: "../private" },
    { uri: ".." },
    { uri: "/" },
    { uri: "@/private" },
    { uri: "out" },
    { uri: "sub/../../private" },
    { uri: "@/private", sources: ["@/allowed"] },
    { uri: "@/allowed/../private", sources: ["@/allowed"] },
    { uri: "file://@/private" },
    { uri: "git+file://@/private" },
    { uri: "", git: { repo: "file://@/private" } },
    { uri: "file://@/private", sources: ["git", "@/allowed"] },
  ])("may not name %j", async (wanted) => {
    const { code, message } = await failureOf(asked(wanted));
    expect({ code, message }).toEqual({
      code: "refused",
      message: expect.stringContaining("allow.sources") as unknown,
    });
  });

  test.each<Asked>([
    { uri: "@/allowed/project", sources: ["@/allowed"], mounts: ["@/allowed"] },
    { uri: "@/allowed/project", sources: ["@/allowed/project"], mounts: ["@/allowed"] },
    { uri: "@/spec/out", sources: ["@/spec/out"], mounts: ["@/spec"] },
    { uri: "@/private", sources: ["@/spec/out"], mounts: ["@/spec"] },
    { uri: "file://@/allowed/project", sources: ["@/allowed"], mounts: ["@/allowed"] },
    { uri: "", git: { repo: "file://@/allowed/project" }, sources: ["@/allowed/project"], mounts: ["@/allowed"] },
  ])("may not name a folder that a run could put there: %j", async (wanted) => {
    const { code, message } = await failureOf(asked(wanted));
    expect({ code, message }).toEqual({
      code: "refused",
      message: expect.stringContaining("which runs may write") as unknown,
    });
  });

  test("may not name a repository of its own below it", async () => {
    repositoryAt(join(folder.path, "spec/sub")).git("init", "--quiet", "--initial-branch=main");
    for (const uri of ["sub", "sub/deep"]) {
      expect((await failureOf(asked({ uri }))).message).toContain("in a repository of its own");
    }
  });

  test("names nothing outside by any path", async () => {
    const part = fc.constantFrom("..", ".", "sub", "deep", "out", "in", "private", "spec", "", "allowed", ".hidden");
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), fc.boolean(), async (parts, absolute) => {
        const uri = (absolute ? `${folder.path}/` : "./") + parts.join("/");
        const source = await asked({ uri }).catch((error: unknown) => error);
        if (source instanceof LaunchError) return ["refused", "source-failed"].includes(source.code);
        const { directory, below = "" } = source as { directory: string; below?: string };
        return join(directory, below).startsWith(join(folder.path, "spec"));
      }),
      { numRuns: 300 },
    );
  });

  test(
    "is given no file of another folder, however often its own becomes a link to one",
    { timeout: 600_000 },
    async () => {
      const spec = repositoryAt(join(folder.path, "spec"));
      if (readdirSync(join(folder.path, "spec")).includes(".git")) spec.commit("first");
      // What git has to look at: tracked files that changed, and untracked ones.
      writeFileSync(join(folder.path, "spec/sub/deep/main.py"), "# changed of spec/sub/deep\n");
      for (const name of ["main.py", "deep/main.py", "new.txt"]) {
        mkdirSync(dirname(join(folder.path, "private", name)), { recursive: true });
        writeFileSync(join(folder.path, "private", name), `PRIVATE ${name}\n`);
      }
      mkdirSync(join(folder.path, "private/.git"), { recursive: true });
      const before = readdirSync(join(folder.path, "private"), { recursive: true }).sort();
      const racer = race(join(folder.path, "spec/sub"), join(folder.path, "private"));
      const tries = isSoak ? 600 : 120;
      const seen = { taken: 0, refused: 0 };
      try {
        for (let tried = 0; tried < tries; tried++) {
          await delay(Math.random() * 3);
          const source = await asked({ uri: ["sub", "./sub/deep"][tried % 2] ?? "" }).catch((error: unknown) => error);
          const resolved =
            source instanceof Error
              ? source
              : await resolveSource(folder, {
                  ...(source as { kind: "checkout" }),
                  includeUntracked: true,
                } as never).catch((error: unknown) => error);
          if (resolved instanceof LaunchError) seen.refused++;
          else if (resolved instanceof Error) throw resolved;
          else {
            seen.taken++;
            const { source: code } = resolved as Awaited<ReturnType<typeof resolveSource>>;
            const signal = new AbortController().signal;
            for (const path of await code.paths(signal)) {
              expect((await code.readFile(path, signal))?.toString() ?? "").not.toContain("PRIVATE");
            }
            await code.dispose();
          }
        }
      } finally {
        await racer.end();
      }
      expect(seen.taken + seen.refused).toBe(tries);
      // Nothing was written there either.
      expect(readdirSync(join(folder.path, "private"), { recursive: true }).sort()).toEqual(before);
      // Both happen, or nothing was raced.
      expect(seen.taken).toBeGreaterThan(0);
      expect(await racer.swaps()).toBeGreaterThan(tries);
    },
  );
});

/** A process that puts a link to `target` in a folder's place and takes it away again, as fast as it can. */
function race(path: string, target: string) {
  const program = `
    const { renameSync, symlinkSync, unlinkSync } = require("node:fs");
    const [path, target] = process.argv.slice(1);
    let swaps = 0, on = true;
    process.on("SIGTERM", () => { on = false; });
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const step = () => {
      for (let n = 0; n < 50; n++) {
        renameSync(path, path + ".away");
        symlinkSync(target, path);
        Atomics.wait(pause, 0, 0, Math.random());
        unlinkSync(path);
        renameSync(path + ".away", path);
        Atomics.wait(pause, 0, 0, Math.random());
        swaps++;
      }
      if (on) setImmediate(step); else console.log(swaps);
    };
    step();
  `;
  const child: ChildProcess = spawn(process.execPath, ["-e", program, path, target], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(child, "close");
  return {
    end: async () => {
      child.kill("SIGTERM");
      await closed;
    },
    swaps: () => Promise.resolve(Number(said)),
  };
}
