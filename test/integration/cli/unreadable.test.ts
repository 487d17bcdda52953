import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { buildProgram } from "../../../src/cli/program/program.ts";
import { reportFailure } from "../../../src/cli/terminal/failure.ts";
import { styleFor } from "../../../src/cli/terminal/style.ts";
import { isJsonObject, type Json, type JsonObject, readJsonObject } from "../../../src/core/json.ts";
import { readBeatText } from "../../../src/run/beat.ts";
import { headBounds, recordBounds } from "../../../src/run/bounds.ts";
import { readRunHead } from "../../../src/run/head.ts";
import { recordOf } from "../../../src/run/read-record.ts";
import { commandLine } from "../../support/cli/command-line.ts";
import { reader } from "../../support/cli/reader.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";

/*
 * Whoever can push to a store can write anything into it. Documents that the launcher has written are changed at will and put into a store
 * beside good ones: every command says what is wrong, and shows the others.
 */

vi.setConfig({ testTimeout: 240_000 });

const documents = join(import.meta.dirname, "../../fixtures/documents");
const kinds = readdirSync(documents).filter((name) => !name.endsWith(".json"));
const places: Readonly<Record<string, string>> = { failed: "d", leased: "l", queued: "p" };

function written(...path: readonly string[]): JsonObject {
  const parsed = readJsonObject(readFileSync(join(documents, ...path)), recordBounds);
  if (parsed.kind === "other") throw new Error(parsed.why);
  return parsed.value;
}

function withAgent(beat: JsonObject): JsonObject {
  return { ...beat, agent: "b1" };
}

type Path = readonly (string | number)[];

/** Deeper than any document, and not to the ground of what is nested on purpose. */
const deepestChange = 12;

/** Where something is in a document, whatever it is. */
function pathsIn(value: Json, above: Path = []): readonly Path[] {
  if (above.length > deepestChange) return [];
  const inner: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? value.map((item: Json, index) => [index, item] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return [...(above.length === 0 ? [] : [above]), ...inner.flatMap(([key, item]) => pathsIn(item, [...above, key]))];
}

function nested(depth: number): Json {
  let value: Json = [];
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** What a value becomes; undefined takes it away. */
const changes: Readonly<Record<string, Json | undefined>> = {
  removed: undefined,
  null: null,
  text: "\u001b[31mgarbage\u0000\u202e",
  empty: "",
  long: "x".repeat(5_000),
  "very long": "é".repeat(1_100_000),
  number: 7.5,
  negative: -7,
  huge: 1e300,
  boolean: true,
  list: [[], null, { a: [1] }],
  object: { constructor: {}, toString: null, a: { b: [] } },
  deep: nested(1_500),
};

type Change = { readonly at: number; readonly how: string };

function changed(document: JsonObject, { at, how }: Change): { readonly value: JsonObject; readonly path: Path } {
  const paths = pathsIn(document);
  const path = paths[at % paths.length] ?? [];
  const value = put(document, path, changes[how]);
  if (!isJsonObject(value)) throw new Error("a document stays an object");
  return { value, path };
}

function put(value: Json, [key, ...rest]: Path, to: Json | undefined): Json {
  if (key === undefined) throw new Error("no place");
  const next = (inner: Json): readonly Json[] =>
    rest.length > 0 ? [put(inner, rest, to)] : to === undefined ? [] : [to];
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => (index === key ? next(item) : [item]));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === key ? next(inner).map((item) => [name, item]) : [[name, inner]],
    ),
  );
}

type Run = { readonly id: string; readonly kind: string; readonly head: JsonObject; readonly record: JsonObject };

function runOf(kind: string, id: string): Run {
  return {
    id,
    kind,
    head: { ...written(kind, "run.json"), run_id: id },
    record: { ...written(kind, "record.json"), run_id: id },
  };
}

const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

function refOf({ id, kind }: Run, index: number): string {
  const place = places[kind];
  return place === undefined ? `r/${id}` : `q/default/${place}/2-01m8m8p${crockford.charAt(index % 32)}b0-${id}`;
}

/** Writes refs into the store in one go: name below refs/launch/v1 → its files. */
function plant(store: string, refs: ReadonlyMap<string, Readonly<Record<string, JsonObject>>>): void {
  const parts = [...refs].flatMap(([name, files]) => [
    `commit refs/launch/v1/${name}\ncommitter Ada <ada@example.org> 1780000000 +0000\ndata 0\n\n`,
    ...Object.entries(files).flatMap(([file, value]) => {
      const text = Buffer.from(JSON.stringify(value));
      return [`M 100644 inline ${file}\ndata ${text.byteLength}\n`, text, "\n"];
    }),
    "\n",
  ]);
  const input = Buffer.concat(parts.map((part) => Buffer.from(part)));
  execFileSync("git", ["-C", store, "fast-import", "--quiet", "--force"], { input });
}

let folder: TemporaryFolder;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

type Said = { readonly exitCode: number; readonly out: string; readonly err: string };

/** A command as the program runs it, without a process of its own. */
async function launch(store: string, ...argv: readonly string[]): Promise<Said> {
  const [out, err] = [reader(), reader()];
  const style = styleFor(false, {});
  const state = folder.folder("state");
  const console = {
    out: out.writer,
    err: err.writer,
    style,
    errorStyle: style,
    interactive: false,
    rows: () => 24,
    environment: { PATH: process.env["PATH"], HOME: state, GIT_CONFIG_GLOBAL: "/dev/null", LAUNCH_STATE_HOME: state },
    workingDirectory: folder.path,
  };
  let exitCode = -1;
  try {
    const program = buildProgram(console, undefined, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...argv, "--store", `git+file://${store}`], { from: "user" });
  } catch (error) {
    exitCode = reportFailure(error, console);
  }
  await Promise.all([out.writer.flush(), err.writer.flush()]);
  return { exitCode, out: out.text(), err: err.text() };
}

function expectWords({ exitCode, out, err }: Said, doing: string): void {
  expect(`${out}${err}`, doing).not.toMatch(/is a bug|\n\s+at .*:\d+|RangeError|TypeError|ZodError/);
  expect([0, 1, 2, 3], `${doing}: ${err}`).toContain(exitCode);
}

const change = fc.record({ at: fc.nat(10_000), how: fc.constantFrom(...Object.keys(changes)) });
const damage = fc.record({
  kind: fc.constantFrom(...kinds),
  file: fc.constantFrom("head", "record"),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
});
type Damage = { readonly kind: string; readonly file: string; readonly changes: readonly Change[] };

type Damaged = Run & {
  /** The first names of the places that were changed. */
  readonly at: readonly string[];
  readonly file: string;
  readonly readable: boolean;
};

function damaged({ kind, file, changes: all }: Damage, id: string): Damaged {
  const whole = runOf(kind, id);
  const at: string[] = [];
  let value = file === "head" ? whole.head : whole.record;
  for (const each of all) {
    const next = changed(value, each);
    at.push(String(next.path[0]));
    value = next.value;
  }
  const run = file === "head" ? { ...whole, head: value } : { ...whole, record: value };
  return { ...run, at, file, readable: isReadable(run, file) };
}

function isReadable({ id, kind, head, record }: Run, file: string): boolean {
  const text = JSON.stringify(file === "head" ? head : record);
  if (readJsonObject(text, file === "head" ? headBounds : recordBounds).kind === "other") return false;
  const read = readRunHead(head, "run.json");
  if (read.kind === "unreadable" || read.run.run_id !== id) return false;
  if (kind !== "finished" && read.run.queued?.queue !== "default") return false;
  return file === "head" || recordOf({ run: read.run, record }).kind === "record";
}

/** What says where the fault is: the name of the place, or words for what has no single one. */
function placeOf({ at }: Damaged): RegExp {
  const names = at.map((name) => name.replace(/[^\w]/g, "."));
  return new RegExp(
    `at "(?:${names.join("|")})|another run|newer launch|nothing of a queue|missing, damaged|nested more|more than`,
  );
}

test("what somebody else has damaged is named with its place by every command, and the others are shown", async () => {
  let stores = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(damage, { minLength: 3, maxLength: 6 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (damages, beatChanges) => {
        const store = folder.bare(`store-${++stores}.git`).directory;
        const good = kinds.map((kind) => runOf(kind, `good-${kind}`));
        const bad = damages.map((each, index) => damaged(each, `bad-${index}`));
        const refs = new Map<string, Readonly<Record<string, JsonObject>>>();
        for (const [index, run] of [...good, ...bad].entries()) {
          refs.set(refOf(run, index), { "run.json": run.head, "record.json": run.record });
        }
        const beat = beatChanges.reduce((value, each) => changed(value, each).value, withAgent(written("beat.json")));
        refs.set("a/a1", { "agent.json": written("beat.json") });
        refs.set("a/b1", { "agent.json": beat });
        plant(store, refs);
        await expectListed(store, good, bad);
        await expectAgents(store, beat);
        for (const run of bad) await expectNamed(store, run);
        const pruned = await launch(store, "prune", "--older-than", "1ms", "--keep", "0");
        expectWords(pruned, "prune");
        for (const { id, file, readable } of bad)
          if (file === "head" && !readable) expect(pruned.out).toContain(`left ${id}`);
        const left = await launch(store, "list", "--limit", "100");
        expectWords(left, "list");
        for (const { id, kind } of good) expect(left.out.includes(id)).toBe(kind === "leased" || kind === "queued");
      },
    ),
    { numRuns: 5, endOnFailure: true },
  );
});

async function expectListed(store: string, good: readonly Run[], bad: readonly Damaged[]): Promise<void> {
  const listed = await launch(store, "list", "--limit", "100");
  expectWords(listed, "list");
  const queue = await launch(store, "queue", "show", "default");
  expectWords(queue, "queue show");
  expect([listed.exitCode, queue.exitCode]).toEqual([0, 0]);
  for (const { id } of [...good, ...bad]) expect(listed.out).toContain(id);
  expect(queue.out).toContain("good-queued");
  expect(queue.out).toContain("good-leased");
  for (const run of bad.filter(({ file, readable }) => file === "head" && !readable)) {
    const lineIn = ({ out }: Said): string => out.split("\n").find((line) => line.includes(run.id)) ?? "";
    expect(lineIn(listed)).toMatch(placeOf(run));
    if (run.kind !== "finished") expect(lineIn(queue)).toMatch(placeOf(run));
  }
}

async function expectAgents(store: string, beat: JsonObject): Promise<void> {
  const agents = await launch(store, "agent", "list");
  expectWords(agents, "agent list");
  expect(agents.exitCode).toBe(0);
  expect(agents.out).toMatch(/^a1 +/m);
  const text = JSON.stringify(beat);
  const isRead = readBeatText("b1", text).kind === "beat";
  expect(agents.out).toMatch(isRead ? /^b1 +/m : /^b1 can't be read: /m);
}

async function expectNamed(store: string, run: Damaged): Promise<void> {
  const { id, kind, readable } = run;
  const verbs = [["show"], ["show", "--spec"], ["show", "--json"], ["logs"]];
  // What waits, or is leased, is waited for without an end.
  if (kind === "failed" || kind === "finished" || (!readable && run.file === "head")) verbs.push(["wait"]);
  for (const [verb = "", ...flags] of [...verbs, ["requeue"], ["cancel"]]) {
    const said = await launch(store, verb, id, ...flags);
    expectWords(said, `${verb} of ${JSON.stringify(run.at)}`);
    const isForRecord = (verb === "show" && flags[0] !== "--json") || (verb === "requeue" && kind === "failed");
    const mustSay = !readable && (run.file === "head" || isForRecord);
    if (!mustSay) continue;
    // By its id alone, but for what no queue has, and a newer launch's that is at work.
    if (verb === "cancel" && said.exitCode === 0) {
      expect(kind).not.toBe("finished");
      expect(said.out).toMatch(new RegExp(`${id}  (?:cancelled, as it is|had ended already)`));
      continue;
    }
    expect(said.exitCode, `${verb} of ${JSON.stringify(run.at)}`).not.toBe(0);
    expect(said.err).toContain(id);
    expect(said.err).toMatch(placeOf(run));
  }
}

test("the program itself says so too", async () => {
  const store = folder.bare("store.git").directory;
  const run = runOf("failed", "bad-0");
  const record = { ...run.record, queued: { queue: "default", definition: "", submitted: 7 } };
  plant(store, new Map([[refOf(run, 0), { "run.json": run.head, "record.json": record }]]));
  const command = commandLine({ directory: folder.path, stateHome: folder.folder("state") });
  const { exitCode, stdout, stderr } = await command("show", "bad-0", "--store", `git+file://${store}`);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
  expect(stderr).toContain('run "bad-0": its record is wrong at "queued.submitted"');
});
