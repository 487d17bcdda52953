import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../../../src/core/clock.ts";
import { silentLog } from "../../../../src/core/output/log.ts";
import { type Said, textOf } from "../../../../src/core/output/said.ts";
import { bareRepository } from "../../../../src/stores/git/repository/bare-repository.ts";
import { gitStore } from "../../../../src/stores/git/git-store.ts";
import type { QueueStore } from "../../../../src/stores/queue-store.ts";
import { idOf } from "../../../../src/stores/store.ts";
import { temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { queuedDocument, succeeded } from "../../../support/stores/run-document.ts";

/*
 * The index of a queue's folded runs as whoever can push may leave it: damaged at any place, of any size. What is set aside is named with its
 * place, the rest counts, and the next fold makes it whole from the log.
 */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const signal = new AbortController().signal;
const months = ["2026-09", "2026-10", "2026-11"] as const;
const folded = ["run-2026-09", "run-2026-10", "run-2026-11"];
const ref = "refs/launch/v1/q/gpu/c/folded";
let pattern: TemporaryFolder;
let folder: TemporaryFolder;
let directory: string;
let now = new Date("2026-11-20T00:00:00.000Z");
let warnings: string[] = [];

const clock = { ...systemClock, now: () => now };
const open = (at = directory): QueueStore => {
  const log = { ...silentLog, warning: (message: Said) => warnings.push(textOf(message)) };
  return gitStore("here", bareRepository(at, silentLog), { log, clock });
};
const gitIn = (at: string, input: string | Buffer, ...args: readonly string[]): string =>
  execFileSync("git", ["--git-dir", at, ...args], { encoding: "utf8", input, stdio: "pipe" }).trim();
const git = (...args: readonly string[]): string => gitIn(directory, "", ...args);
const blob = (content: string): string => gitIn(directory, content, "hash-object", "-w", "--stdin");

async function end(store: QueueStore, runId: string, time: string, queue = "gpu"): Promise<void> {
  now = new Date(time);
  await store.enqueue([queuedDocument(runId, { queue })], signal);
  const entry = (await store.snapshot("all", signal)).entries.find(({ run }) => run.run_id === runId)!;
  const ended = queuedDocument(runId, { queue }, { ...succeeded, state: "cancelled", finished_at: time });
  expect(await store.cancel(entry, ended, signal)).toBe("cancelled");
}

/** Three months with a folded run each, and an ended run that isn't folded yet. */
beforeAll(async () => {
  pattern = temporaryFolder();
  const at = join(pattern.path, "store.git");
  for (const [index, month] of months.entries()) {
    await end(open(at), folded[index]!, `${month}-05T00:00:00.000Z`);
    expect(await open(at).fold("gpu", 0, signal)).toBe(1);
  }
  await end(open(at), "last", "2026-11-20T00:00:00.000Z");
});
afterAll(() => pattern.remove());
beforeEach(() => {
  folder = temporaryFolder();
  directory = join(folder.path, "store.git");
  cpSync(join(pattern.path, "store.git"), directory, { recursive: true });
  warnings = [];
  now = new Date("2026-11-20T00:00:00.000Z");
});
afterEach(() => folder.remove());

const listed = async (store: QueueStore): Promise<readonly string[]> =>
  [...(await store.list(100, signal)).map(idOf)].sort();

/** Files of the index, by name: an entry of a tree as `git mktree` reads it. */
function index(entries: Readonly<Record<string, string>>): void {
  const input = Object.entries(entries).map(([name, entry]) => `${entry}\t${name}\n`);
  const tree = gitIn(directory, input.join(""), "mktree", "--missing");
  git("update-ref", ref, git("-c", "user.name=a", "-c", "user.email=a", "commit-tree", tree, "-m", "x"));
}

const file = (month: string): string => git("rev-parse", `${ref}:${month}`);
const asFile = (id: string): string => `100644 blob ${id}`;

function lose(revision: string, content?: string): void {
  const id = git("rev-parse", revision);
  const path = join(directory, "objects", id.slice(0, 2), id.slice(2));
  rmSync(path);
  if (content !== undefined) writeFileSync(path, content);
}

/** What a month of the index may be. The named ones are seen to be none; a run is lost to its readers until the next fold. */
const monthDamages: Readonly<Record<string, (month: string) => string | undefined>> = {
  whole: (month) => asFile(file(month)),
  absent: () => undefined,
  missing: () => asFile("1".repeat(40)),
  "a folder": () => `040000 tree ${gitIn(directory, asFile(blob("x")) + "\tx\n", "mktree")}`,
  "a link": (month) => `120000 blob ${file(month)}`,
  "a commit": () => `160000 commit ${git("rev-parse", ref)}`,
  empty: () => asFile(blob("")),
  "of other lines": (month) =>
    asFile(
      blob(
        `${git("cat-file", "blob", file(month))}\n99/2-0000000000-x\n05/\n/\n\n05/9-0000000000-x\n05/2-00000-x\n${"y".repeat(5_000)}\nx/y/z`,
      ),
    ),
  "too long": (month) => asFile(blob(`${git("cat-file", "blob", file(month))}\n${"z".repeat(8 * 1024 * 1024)}`)),
};
const unnamed = new Set(["whole", "absent", "empty", "of other lines"]);
const oddNames = ["2026-13", "0000-00", "2026-1", "readme", "2026-11~", "x y", "ä", "\u001b[2J"];

test("an index whose months are anything is read as far as it can be, and whole after the next fold", async () => {
  const damage = fc.constantFrom(...Object.keys(monthDamages));
  const damaged = fc.record({ at: fc.tuple(damage, damage, damage), odd: fc.subarray(oddNames) });
  await fc.assert(
    fc.asyncProperty(damaged, async ({ at, odd }) => {
      rmSync(directory, { recursive: true, force: true });
      cpSync(join(pattern.path, "store.git"), directory, { recursive: true });
      warnings = [];
      const entries = months.flatMap((month, index) => {
        const entry = monthDamages[at[index]!]!(month);
        return entry === undefined ? [] : [[month, entry] as const];
      });
      const others = odd.map((name) => [name, asFile(blob("x"))] as const);
      index(Object.fromEntries([...entries, ...others]));
      const left = folded.filter((_run, index) => ["whole", "of other lines"].includes(at[index]!));
      expect(await listed(open())).toEqual(["last", ...left]);
      const isNamed = at.some((name) => !unnamed.has(name)) || odd.length > 0;
      expect(warnings.length).toBe(isNamed ? 1 : 0);
      for (const warning of warnings) expect(warning).toContain(ref);
      for (const [index, name] of at.entries()) {
        if (!unnamed.has(name) && odd.length < 3) expect(warnings[0]).toContain(months[index]);
      }

      expect(await open().fold("gpu", 0, signal)).toBe(1);
      warnings = [];
      const store = open();
      expect(await listed(store)).toEqual(["last", ...folded]);
      for (const runId of ["last", ...folded]) expect((await store.read(runId, signal))?.run.run_id).toBe(runId);
      expect(warnings).toEqual([]);
      expect(git("ls-tree", "--name-only", ref).split("\n")).toEqual([...months]);
    }),
    { numRuns: 15 },
  );
});

const wholeDamages: Readonly<Record<string, () => void>> = {
  "a blob": () => git("update-ref", ref, blob("junk")),
  "a tag of a blob": () =>
    git(
      "update-ref",
      ref,
      gitIn(directory, `object ${blob("junk")}\ntype blob\ntag x\ntagger a <a> 1 +0000\n\nx\n`, "mktag"),
    ),
  "a commit whose tree is missing": () => lose(`${ref}^{tree}`),
  "a commit whose tree is damaged": () => lose(`${ref}^{tree}`, "damaged"),
  "a commit that is damaged": () => lose(ref, "damaged"),
  "a tree of more than a megabyte": () => {
    const x = asFile(blob("x"));

    index(Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [String(at).padStart(20, "0"), x])));
  },
};

test.each(Object.keys(wholeDamages))(
  "an index that is %s is set aside by readers, and made anew by the next fold",
  async (how) => {
    wholeDamages[how]!();
    const store = open();
    expect(await listed(store)).toEqual(["last"]);
    expect(await store.history("gpu", 10, signal)).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/refs\/launch\/v1\/q\/gpu\/c\/folded .*is set aside: all of it/)]);
    expect(await store.enqueue([queuedDocument("next")], signal)).toEqual([
      expect.objectContaining({ kind: "enqueued" }),
    ]);

    warnings = [];
    expect(await open().fold("gpu", 0, signal)).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("all of it")]);
    warnings = [];
    expect(await listed(open())).toEqual(["last", "next", ...folded]);
    expect(warnings).toEqual([]);
  },
);

test("an index that is gone is made anew of the log", async () => {
  git("update-ref", "-d", ref);
  expect(await open().fold("gpu", 0, signal)).toBe(1);
  expect(await listed(open())).toEqual(["last", ...folded]);
});

test("what can be removed is removed and told, also beside an index that can't be read", async () => {
  await end(open(), "other", "2026-11-20T00:00:00.000Z", "cpu");
  git("update-ref", ref, blob("junk"));
  const store = open();
  const chosen = await store.list(Number.POSITIVE_INFINITY, signal);
  const versions = chosen.map((item) => ({ runId: idOf(item), version: item.version }));
  expect([...(await store.remove(versions, signal))].sort()).toEqual(["last", "other"]);
  expect(await listed(open())).toEqual([]);
  expect(warnings.some((warning) => warning.includes(ref))).toBe(true);
});

/** A hundred months of as many runs as fit into one, none of which there is. */
function forgeRuns(): void {
  const line = (at: number): string => `23/2-0000000000-${"x".repeat(30)}${at}\n`;
  const runs = asFile(blob(Array.from({ length: 99_000 }, (_, at) => line(at)).join("")));
  index(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${1927 + at}-11`, runs])));
}

/** A hundred months with the same long file: little to push, and very much to read. */
function forgeLong(line: string, count = 100): void {
  const long = blob(line.repeat(Math.floor(3_000_000 / line.length)));
  const names = Array.from(
    { length: count },
    (_, at) => `${2026 - Math.floor(at / 12)}-${String(12 - (at % 12)).padStart(2, "0")}`,
  );
  index(Object.fromEntries(names.map((name) => [name, asFile(long)])));
}

test("an index of very many lines is read within its bounds, and what is beyond is named", async () => {
  forgeRuns();
  const store = open();
  const all = await store.list(Number.POSITIVE_INFINITY, signal);
  // Five months of them, which none of the others would fit beside.
  expect(all).toHaveLength(5 * 99_000 + 1);
  expect(all.filter(({ kind }) => kind === "run").map(idOf)).toEqual(["last"]);
  expect(warnings).toEqual([expect.stringMatching(/2021-11: with it more than 500000 runs.* and 90 more/)]);
});

test("a list of a few reads no month that it does not need", async () => {
  const junk = asFile("1".repeat(40));
  index({ "2026-11": asFile(file("2026-11")), "2026-10": junk, "2026-09": junk, "1999-01": junk });
  const store = open();
  expect((await store.list(1, signal)).map(idOf)).toEqual(["last"]);
  expect((await store.history("gpu", 1, signal)).map(({ run_id: runId }) => runId)).toEqual(["last"]);
  expect(warnings).toEqual([]);
  await store.list(3, signal);
  expect(warnings).toEqual([expect.stringMatching(/2026-10: .*; 2026-09: .*; 1999-01: /)]);
});

test("months that are not yet take nobody's room", async () => {
  const long = blob(Array.from({ length: 99_000 }, (_, at) => `23/2-0000000000-x${at}\n`).join(""));
  const future = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`${3000 + at}-01`, asFile(long)]));
  index({ ...future, ...Object.fromEntries(months.map((month) => [month, asFile(file(month))])) });
  expect((await open().list(4, signal)).map(idOf)).toEqual(["last", ...[...folded].reverse()]);
});

/** As an agent folds, in a process with the memory that an agent may have. */
const foldProgram = (queue: string): string => `
  const { readFileSync } = await import("node:fs");
  const { gitStore } = await import(${JSON.stringify(join(process.cwd(), "src/stores/git/git-store.ts"))});
  const { bareRepository } = await import(${JSON.stringify(join(process.cwd(), "src/stores/git/repository/bare-repository.ts"))});
  const log = { phase() {}, output() {}, info() {}, debug() {}, warning() {} };
  const store = gitStore("here", bareRepository(process.argv[1], log), { log });
  const folded = await store.fold(${JSON.stringify(queue)}, 0, new AbortController().signal);
  console.log(JSON.stringify({ folded, mb: Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024 }));
`;

test.runIf(process.platform === "linux").each(["23/2-0000000000-x\n", "\n", "23/2-0000000000-x", "many runs"])(
  "a fold beside a hundred months of %j stays below 200 MB",
  (line) => {
    if (line === "many runs") forgeRuns();
    else forgeLong(line);
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", foldProgram("gpu"), directory], {
      encoding: "utf8",
    });
    const { folded: count, mb } = JSON.parse(said) as { folded: number; mb: number };
    expect(count).toBe(1);
    expect(mb).toBeLessThan(200);
  },
);
