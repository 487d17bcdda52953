import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  gitIn,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";
import { type GitServer, type GitServerOptions, startGitServer } from "../../../support/git/git-server.ts";
import { checkoutOf, exported, resolveSource } from "../../../support/launch/source.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let bare: TestRepository;
let work: TestRepository;
let commits: { readonly first: string; readonly main: string; readonly feature: string };
const servers: GitServer[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  bare = folder.bare("served/train.git");
  work = folder.clone(bare.directory, "work");
  const first = work.commit("first", { "main.py": "print(1)\n" });
  work.git("tag", "--annotate", "--message", "one", "v1");
  const main = work.commit("second", { "main.py": "print(2)\n", "sub/dir/a.py": "a\n" });
  work.git("checkout", "--quiet", "-b", "feature/x");
  const feature = work.commit("feature", { "sub/dir/b.py": "b\n" });
  work.git("push", "--quiet", "origin", "main", "feature/x", "v1");
  commits = { first, main, feature };
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  folder.remove();
});

async function serve(options: Omit<GitServerOptions, "root"> = {}): Promise<GitServer> {
  const server = await startGitServer({ root: join(folder.path, "served"), ...options });
  servers.push(server);
  return server;
}

const remote = (url: string, version?: string) => ({ kind: "remote", url, version }) as const;
const urlOf = (server: GitServer): string => `${server.url}/train.git`;

describe("the one commit that is asked for", () => {
  test("is the remote's HEAD when nobody says", async () => {
    const server = await serve();
    const { source } = await resolveSource(folder, remote(urlOf(server)));
    expect(source.provenance).toEqual({
      kind: "git",
      repository: urlOf(server),
      ref: "main",
      commit: commits.main,
      base: commits.main,
      commit_time: Number(work.git("log", "-1", "--format=%ct", "main")),
      tree: work.git("rev-parse", "main^{tree}"),
      reachable: true,
    });
    const target = await exported(folder, source);
    expect(readFileSync(join(target, "main.py"), "utf8")).toBe("print(2)\n");
    expect(existsSync(join(target, ".git"))).toBe(false);
  });

  test.for([
    { version: "feature/x", commit: "feature", ref: "feature/x" },
    { version: "refs/heads/feature/x", commit: "feature", ref: "feature/x" },
    { version: "v1", commit: "first", ref: "v1" },
    { version: "refs/tags/v1", commit: "first", ref: "v1" },
  ] as const)("is found by the name $version", async ({ version, commit, ref }) => {
    const { source } = await resolveSource(folder, remote(urlOf(await serve()), version));
    expect(source.provenance).toMatchObject({ commit: commits[commit], ref });
  });

  test("is fetched by its hash with one exchange and no history", async () => {
    const server = await serve();
    const { source, scratch } = await resolveSource(folder, remote(`git+${urlOf(server)}`, commits.first));
    expect(source.provenance).toMatchObject({ commit: commits.first, repository: urlOf(server) });
    expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
    const later = await resolveSource(folder, remote(urlOf(server), commits.main));
    expect(gitIn(join(later.scratch, "source.git"), "rev-list", "--count", commits.main)).toBe("1");
    expect(existsSync(join(scratch, "source.git"))).toBe(true);
    await source.dispose();
    expect(existsSync(join(scratch, "source.git"))).toBe(false);
  });

  test("by an abbreviated hash is taken only where it is a ref's tip, else the whole one is asked for", async () => {
    const server = await serve();
    const tip = await resolveSource(folder, remote(urlOf(server), commits.main.slice(0, 10)));
    expect(tip.source.provenance.commit).toBe(commits.main);
    const inner = work.commit("later", { "later.txt": "l\n" });
    const last = work.commit("last", { "last.txt": "l\n" });
    work.git("push", "--quiet", "origin", `${last}:refs/heads/other`);
    await expect(resolveSource(folder, remote(urlOf(server), inner.slice(0, 10)))).rejects.toThrow(
      "give the whole one",
    );
  });

  test("by hash from a server that gives out tips only is still found, on a branch's history", async () => {
    const server = await serve({ ignoreProtocolVersion: true });
    const { source } = await resolveSource(folder, remote(urlOf(server), commits.first));
    expect(source.provenance.commit).toBe(commits.first);
  });

  test("that the remote hasn't got is refused by name", async () => {
    const server = await serve();
    await expect(resolveSource(folder, remote(urlOf(server), "nope"))).rejects.toThrow('no branch or tag "nope"');
    const unknown = "1234567890".repeat(4);
    const failure = resolveSource(folder, remote(urlOf(server), unknown));
    await expect(failure).rejects.toThrow(`the commit ${unknown} could not be fetched`);
  });

  test("by a name that is a branch and a tag of different commits is refused", async () => {
    work.git("push", "--quiet", "origin", `${commits.main}:refs/heads/v1`);
    await expect(resolveSource(folder, remote(urlOf(await serve()), "v1"))).rejects.toThrow("both a branch and a tag");
  });

  test("of an empty repository is refused in words", async () => {
    folder.bare("served/empty.git");
    const server = await serve();
    await expect(resolveSource(folder, remote(`${server.url}/empty.git`))).rejects.toThrow("has no HEAD to take");
  });

  test("comes from a folder of this machine by a file URL", async () => {
    const { source } = await resolveSource(folder, remote(`git+file://${bare.directory}`, "v1"));
    expect(source.provenance).toMatchObject({ commit: commits.first, reachable: false });
  });

  test("of a browser URL is divided into ref and folder with the remote's own refs", async () => {
    const server = await serve();
    const page = `${server.url}/team/train/tree/feature/x/sub/dir`;
    folder.clone(bare.directory, "served/team/train", "--bare");
    const { source } = await resolveSource(folder, remote(page));
    expect(source.provenance).toMatchObject({
      repository: `${server.url}/team/train`,
      commit: commits.feature,
      ref: "feature/x",
      subdirectory: "sub/dir",
    });
    const file = await resolveSource(folder, remote(`${server.url}/team/train/blob/main/sub/dir/a.py`, "feature/x"));
    expect(file.source.provenance).toMatchObject({ commit: commits.feature, subdirectory: "sub/dir" });
    const hash = await resolveSource(folder, remote(`${server.url}/team/train/tree/${commits.main}/sub`));
    expect(hash.source.provenance).toMatchObject({ commit: commits.main, subdirectory: "sub" });
    const replaced = { ...remote(page), repository: urlOf(server) };
    expect((await resolveSource(folder, replaced)).source.provenance).toMatchObject({
      repository: urlOf(server),
      commit: commits.feature,
      subdirectory: "sub/dir",
    });
  });

  test("shows its progress", async () => {
    const many = Array.from({ length: 150 }, (_, i) => [`many/${i}.txt`, `${i}\n`] as const);
    work.git("push", "--quiet", "origin", `${work.commit("many", Object.fromEntries(many))}:refs/heads/many`);
    const { events } = await resolveSource(folder, remote(urlOf(await serve()), "many"));
    expect(events.map(({ detail }) => detail).join()).toMatch(/receiving objects 100 %/);
  });
});

describe("a private repository", () => {
  test("is read with the token for its host, which is on no command line", async () => {
    const server = await serve({ auth: { basic: ["x-access-token:t0ken-of-the-job"] } });
    const log = join(folder.path, "argv.log");
    const wrapper = folder.folder("bin");
    const real = process.env["PATH"] ?? "";
    writeFileSync(
      join(wrapper, "git"),
      `#!/bin/sh\nfor a in "$@"; do echo "$a" >> '${log}'; done\nPATH='${real}' exec git "$@"\n`,
    );
    chmodSync(join(wrapper, "git"), 0o755);
    process.env["PATH"] = `${wrapper}:${real}`;
    try {
      const tokens = { [new URL(server.url).host]: "t0ken-of-the-job" };
      const { source } = await resolveSource(folder, remote(urlOf(server), "main"), { tokens });
      expect(source.provenance.commit).toBe(commits.main);
    } finally {
      process.env["PATH"] = real;
    }
    const argv = readFileSync(log, "utf8");
    expect(argv).toContain("fetch");
    expect(argv).not.toContain("t0ken-of-the-job");
    expect(argv).not.toContain(Buffer.from("x-access-token:t0ken-of-the-job").toString("base64"));
    expect(server.requests.every(({ authorization }) => authorization !== undefined)).toBe(true);
  });

  test("is read with a password in its URL, which is in no record", async () => {
    const server = await serve({ auth: { basic: ["ada:s3cret-word"] } });
    const url = urlOf(server).replace("//", "//ada:s3cret-word@");
    const { source } = await resolveSource(folder, remote(url, commits.main));
    expect(JSON.stringify(source.provenance)).not.toContain("s3cret-word");
  });

  test("is read with git's own credential helper", async () => {
    const server = await serve({ auth: { basic: ["ada:from-helper"] } });
    const config = join(folder.path, "gitconfig");
    writeFileSync(config, `[credential]\n\thelper = "!f() { echo username=ada; echo password=from-helper; }; f"\n`);
    process.env["GIT_CONFIG_GLOBAL"] = config;
    try {
      // A token that the host doesn't accept is tried first, and what git has itself after it.
      const tokens = { [new URL(server.url).host]: "stale" };
      const { source } = await resolveSource(folder, remote(urlOf(server), commits.main), { tokens });
      expect(source.provenance.commit).toBe(commits.main);
    } finally {
      delete process.env["GIT_CONFIG_GLOBAL"];
    }
  });

  test("without a credential is refused with what to do", async () => {
    const server = await serve({ auth: { basic: ["ada:x"] } });
    const { host } = new URL(server.url);
    await expect(resolveSource(folder, remote(urlOf(server)))).rejects.toThrow(
      `give a token for ${host} or set up a git credential helper`,
    );
    await expect(resolveSource(folder, remote(urlOf(server)), { tokens: { [host]: "wrong" } })).rejects.toThrow(
      `that the credential given for ${host} may read it`,
    );
  });

  test("gets its token on its own host alone: not after a redirect, not for a submodule elsewhere", async () => {
    const other = await serve();
    const redirecting = await serve({
      intercept: ({ url }) => ({ kind: "answer", status: 301, headers: { location: other.url + url } }),
    });
    const tokens = { [new URL(redirecting.url).host]: "t0ken-of-the-job" };
    await expect(resolveSource(folder, remote(urlOf(redirecting), "main"), { tokens })).rejects.toThrow(
      "redirects to another host",
    );
    expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test("that was renamed is followed on its own host", async () => {
    const server = await serve({
      auth: { basic: ["x-access-token:tok3n"] },
      intercept: ({ url }) =>
        url.startsWith("/old.git")
          ? { kind: "answer", status: 301, headers: { location: url.replace("old", "train") } }
          : undefined,
    });
    const tokens = { [new URL(server.url).host]: "tok3n" };
    const { source } = await resolveSource(folder, remote(`${server.url}/old.git`, "main"), { tokens });
    expect(source.provenance.commit).toBe(commits.main);
  });
});

describe("a stored patch", () => {
  test("on a remote commit gives the recorded tree again", async () => {
    work.git("checkout", "--quiet", "main");
    work.commit("local", { "local.py": "l\n", "data.bin": Buffer.from([0, 1, 2, 0, 255]) });
    symlinkSync("local.py", join(work.directory, "link"));
    work.git("add", "link");
    const here = await resolveSource(folder, checkoutOf(work.directory));
    const { patch } = here.source;
    const { base, tree } = here.source.provenance;
    if (patch === undefined || tree === undefined || base === undefined) throw new Error("there is local work");
    const request = { ...remote(urlOf(await serve()), base), patch, expectedTree: tree };
    const { source } = await resolveSource(folder, request);
    expect(source.provenance).toMatchObject({ base: commits.main, tree, patch: { bytes: patch.length } });
    expect(source.provenance.patch?.sha256).toBe(here.source.provenance.patch?.sha256);
    expect(await source.paths(signal)).toEqual(["data.bin", "link", "local.py", "main.py", "sub/dir/a.py"]);
    await expect(resolveSource(folder, { ...request, expectedTree: "0".repeat(40) })).rejects.toThrow("was recorded");
  });

  test("that doesn't fit shows the file and the hunk", async () => {
    const patch = Buffer.from(
      "diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-print(99)\n+print(100)\n",
    );
    const failure = resolveSource(folder, { ...remote(urlOf(await serve()), "main"), patch });
    await expect(failure).rejects.toMatchObject({
      code: "patch-failed",
      message: expect.stringContaining("main.py differs there") as string,
      detail: expect.arrayContaining(["@@ -1 +1 @@", "-print(99)", "+print(100)"]) as string[],
    });
  });
});

test("a fetch that hangs ends when it is cancelled, and leaves nothing", async () => {
  const server = await serve({ intercept: () => ({ kind: "hang" }) });
  const cancel = new AbortController();
  const failure = resolveSource(folder, remote(urlOf(server), "main"), { signal: cancel.signal });
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  cancel.abort();
  await expect(failure).rejects.toMatchObject({ code: "cancelled" });
});

test.for(["http://example.org/a.git", "ext::sh -c id", "--upload-pack=id", "git://example.org/a", "a/b"])(
  "%s is refused without starting git",
  async (url) => {
    await expect(resolveSource(folder, remote(url))).rejects.toMatchObject({ code: "source-failed" });
  },
);
