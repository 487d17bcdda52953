import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { gitHubLog } from "../../../src/action/github-log.ts";
import { jsonLog } from "../../../src/cli/terminal/json-log.ts";
import { plainLog } from "../../../src/cli/terminal/plain-log.ts";
import { styleFor } from "../../../src/cli/terminal/style.ts";
import { terminalLog } from "../../../src/cli/terminal/terminal-log.ts";
import type { Json } from "../../../src/core/json.ts";
import { type Log, silentLog, type TextLog } from "../../../src/core/output/log.ts";
import { saidTo } from "../../support/log.ts";
import { launch } from "../../../src/launch/launch.ts";
import type { RunResult } from "../../../src/launch/services.ts";
import { reportOf } from "../../../src/reporting/run-report.ts";
import type { StoredRun } from "../../../src/run/document.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { Store } from "../../../src/stores/store.ts";
import { summaryMarkdown } from "../../../src/reporting/summary.ts";
import { resultOf } from "../../../src/submit/result.ts";
import { reader } from "../../support/cli/reader.ts";
import { describeWith, describeWithDocker } from "../../support/engines.ts";
import { docker } from "../../support/docker/docker.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../../support/launch/launching.ts";
import { makeProject, type Project } from "../../support/launch/project.ts";
import { type PostgresServer, sql, startPostgres } from "../../support/postgres/postgres.ts";
import { forms } from "../../support/secrets/written-forms.ts";

/* A run that has secrets tells them in every form, by every door that it has; nobody who sees any of it sees one. */

const key = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj
MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu
-----END PRIVATE KEY-----`;
const secrets: Readonly<Record<string, string>> = {
  PLAIN: "s3cr3t-value-of-the-canary",
  ODD: `pa"ss w/rd+1'&<>\\x%41$`,
  WIDE: "pässwörd-日本語-😀-canary",
  TOKEN: "glx-16C7e42F292c6912E7710c838347Ae178B4a",
  SLASH: "/slash+plus=equals/canary",
  KEY: key,
};
/** Ordinary words, and what of a run has them by chance. */
const words: Readonly<Record<string, string>> = { A_WORD: "train", A_YEAR: "2026", A_PIECE: "succ", A_STATE: "fail" };

type Writing = { readonly secret: string; readonly called: string; readonly text: string };
const writings: readonly Writing[] = Object.values(secrets).flatMap((secret) =>
  forms.map(({ called, write }) => ({ secret, called, text: write(secret) })),
);

const program = `
  import { readFileSync, readdirSync, writeFileSync } from "node:fs";
  const texts = JSON.parse(readFileSync(process.env.TEXTS, "utf8"));
  const short = texts.filter((text) => Buffer.byteLength(text) <= 120);
  const cut = 256 * 1024;
  for (const [index, text] of texts.entries()) {
    process.stdout.write("out " + text + "\\n");
    if (!/\\n/.test(text) && index % 4 === 0) {
      process.stdout.write("~".repeat(cut - (index * 7) % (text.length + 2)) + text + "~".repeat(10_000) + "\\n");
    }
  }
  const out = process.env.LAUNCH_OUTPUT_DIR;
  writeFileSync(out + "/metrics.json", JSON.stringify({ ...Object.fromEntries(short.map((text) => [text, 1])), year: 2026 }));
  for (const text of short) if (!text.includes("/")) writeFileSync(out + "/file-" + text, "");
  const argv = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => {
    try { return readFileSync("/proc/" + pid + "/cmdline", "utf8"); } catch { return ""; }
  });
  writeFileSync(process.env.ARGV, argv.join("\\n"));
  for (const text of texts) process.stderr.write("err " + text + "\\n");
  process.exit(3);
`;

let place: LaunchPlace;
let project: Project;
const never = new AbortController().signal;

beforeEach(async () => {
  place = await launchPlace();
  project = makeProject({ files: { "tell.mjs": program } });
});
afterEach(async () => {
  project.remove();
  await place.remove();
});

function logs(): {
  readonly log: Log;
  readonly texts: () => Readonly<Record<string, string>>;
  readonly stop: () => void;
} {
  const [terminal, pipe, json, job] = [reader(200), reader(), reader(), reader()];
  const drawn = terminalLog({ out: terminal.writer, style: styleFor(true, {}), verbose: true, monotonicMs: () => 0 });
  const all: readonly TextLog[] = [
    drawn,
    plainLog({ out: pipe.writer, err: pipe.writer, verbose: true }),
    jsonLog({ out: json.writer, err: json.writer, verbose: true, now: () => new Date(0) }),
    gitHubLog({ out: job.writer, monotonicMs: () => 0, verbose: false, groups: false }),
  ];
  const each = (tell: (log: TextLog) => unknown): void => all.forEach(tell);
  return {
    log: saidTo({
      phase: (event) => each((log) => log.phase(event)),
      output: (chunk) => each((log) => void log.output(chunk)),
      info: (message) => each((log) => log.info(message)),
      warning: (message) => each((log) => (log === all[3] ? undefined : log.warning(message))),
      debug: (message) => each((log) => (log === all[3] ? undefined : log.debug(message))),
    }),
    texts: () => ({ terminal: terminal.text(), pipe: pipe.text(), json: json.text(), job: job.text() }),
    stop: drawn.stop,
  };
}

/** All objects of a store: what is in its refs, and what they ever were. */
function objectsOf(store: string): string {
  const git = (args: readonly string[], input = ""): Buffer =>
    execFileSync("git", ["-C", store, ...args], { input, maxBuffer: 1024 ** 3 });
  const ids = git(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]).toString();
  return `${git(["cat-file", "--batch"], ids).toString()}${git(["for-each-ref"]).toString()}`;
}

/** A store, and all that it keeps, as whoever may read it sees it. */
type Kept = { readonly open: () => Promise<Store>; readonly dump: () => Promise<string> };

const ownKept = (): Kept => ({
  open: () => place.openStore(),
  dump: () => Promise.resolve(objectsOf(place.state.store)),
});

type Told = {
  readonly result: RunResult;
  readonly stored: StoredRun | undefined;
  readonly doors: Record<string, string>;
};

/** What a run has let out by each door. */
async function launched(spec: Readonly<Record<string, Json>>, { open, dump }: Kept): Promise<Told> {
  const given = { ...secrets, ...words };
  const request = await launchRequest({
    spec: { ...spec, name: "train", secrets: Object.fromEntries(Object.keys(given).map((name) => [name, name])) },
    baseDirectory: project.directory,
  });
  const told = logs();
  const warnings = writings.map(({ text }) => `a warning that quotes ${text}`);
  const services = { ...place.services, log: told.log, store: { ...place.services.store, open } };
  const result = await launch({ ...request, secrets: given, warnings }, services, never);
  told.stop();
  const stored = await (await open()).read(result.runId, never);
  const report = reportOf({ record: result.record, lastLines: result.lastLines, again: [] });
  const doors = {
    ...told.texts(),
    log: readFileSync(result.logFile, "utf8"),
    tail: stored?.tail ?? "",
    record: readFileSync(result.recordFile, "utf8"),
    head: JSON.stringify(stored?.run),
    store: await dump(),
    summary: summaryMarkdown(report),
    outputs: JSON.stringify(resultOf(result)),
    message: [result.record.message, JSON.stringify(result.outcome), ...result.detail, ...result.lastLines].join("\n"),
    patch: Buffer.from(stored?.patch ?? "").toString(),
  };
  return { result, stored, doors };
}

/** Every row of every table of ours, bytes as the text that they are. */
async function rowsOf(url: string): Promise<string> {
  const tables = await sql(url, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'launch'");
  const rows = await Promise.all(tables.map(({ name }) => sql(url, `SELECT * FROM launch."${String(name)}"`)));
  const values = rows.flat().flatMap((row) => Object.values(row));
  const texts = values.map((value) =>
    Buffer.isBuffer(value) || typeof value === "string" ? value : JSON.stringify(value),
  );
  return texts.join("\n");
}

/** A process that tells all of them, and leaves files and metrics that are called so. */
async function tellEverything(kept: Kept): Promise<Told> {
  const texts = writings.map(({ text }) => text);
  const [textsFile, argvFile] = [join(place.state.path, "texts"), join(place.state.path, "argv")];
  execFileSync("mkdir", ["-p", place.state.path]);
  writeFileSync(textsFile, JSON.stringify(texts));
  // What is not committed would travel as a patch.
  writeFileSync(join(project.directory, "tell.mjs"), `${program}\n// ${secrets["PLAIN"] ?? ""}\n`);
  const told = await launched(
    {
      uri: ".",
      resource: "local-process",
      overrides: {
        entry_point: ["node", "tell.mjs"],
        run_config: Object.fromEntries(texts.map((text, index) => [text, [text, index]])),
      },
      env: {
        TEXTS: textsFile,
        ARGV: argvFile,
        ...Object.fromEntries(texts.slice(0, 60).map((text, i) => [`E${i}`, text])),
      },
    },
    kept,
  );
  return { ...told, doors: { ...told.doors, argv: readFileSync(argvFile, "utf8") } };
}

function expectNone(doors: Readonly<Record<string, string>>): void {
  let tried = 0;
  const seen: string[] = [];
  for (const [door, text] of Object.entries(doors)) {
    for (const { secret, called, text: writing } of writings) {
      tried++;
      // What is quoted once more, as by JSON, has the backslashes of that.
      const isThere = [writing, secret, JSON.stringify(writing).slice(1, -1)].some((form) => text.includes(form));
      if (isThere) seen.push(`${door}: ${called} of ${secret}`);
    }
  }
  expect(seen).toEqual([]);
  expect(tried).toBeGreaterThan(500);
  // A piece of a form would not be found above.
  const body = key.split("\n")[1] ?? "";
  for (const [door, text] of Object.entries(doors)) {
    const at = text.indexOf(body.slice(8, 40));
    expect([door, at === -1 ? "" : text.slice(Math.max(0, at - 150), at + 150)]).toEqual([door, ""]);
  }
}

function expectOurs({ result, stored }: Told, resource: string): void {
  expect(result.runId).toMatch(/^train-[0-9a-z]+$/);
  expect(stored?.run).toMatchObject({ run_id: result.runId, name: "train", state: "failed", reason: "exit-code" });
  expect(stored?.record).toMatchObject({ run_id: result.runId, state: "failed", exit_code: 3, resource });
  expect(Date.parse(result.record.created_at)).toBeGreaterThan(0);
  expect(result.outcome).toMatchObject({ state: "failed", reason: "exit-code", exitCode: 3 });
}

test("no secret stands in any of its forms behind any door, and ordinary words damage nothing that is ours", async () => {
  const told = await tellEverything(ownKept());
  expectNone(told.doors);
  expectOurs(told, "local-process");
  expect(told.result.record.metrics).not.toHaveProperty("year");
}, 120_000);

describeWith(["postgres"], "where the store is Postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  test("no secret stands in any of its forms behind any door, nor in any row", async () => {
    const url = await server.newDatabase();
    const open = (): Promise<Store> => openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: place.state });
    const dump = (): Promise<string> => rowsOf(url);
    const told = await tellEverything({ open, dump });
    expect(told.doors["store"]).toContain(told.result.runId);
    expectNone(told.doors);
    expectOurs(told, "local-process");
  }, 120_000);
});

test.each(["name", "project", "run_id"])(
  "a run whose %s holds a secret is refused, and nothing is written of it",
  async (field) => {
    const secret = "canary-value-of-secret";
    const spec = {
      uri: ".",
      name: "a",
      resource: "local-process",
      overrides: { entry_point: ["true"] },
      [field]: secret,
    };
    const request = await launchRequest({ spec, baseDirectory: project.directory });
    const refusal = launch({ ...request, secrets: { S: secret } }, place.services, never);
    await expect(refusal).rejects.toThrow(new RegExp(`^${field}: it holds the value of a secret`));
    await expect(refusal).rejects.not.toThrow(secret);
    expect(await (await place.openStore()).list(10, never)).toEqual([]);
  },
);

describeWithDocker("a run in a container", () => {
  test("tells no secret in any of its forms behind any door, nor has the engine one but as a variable", async () => {
    const lines = writings.filter(({ text }) => !text.includes("\n"));
    let inspected = "";
    const watch = setInterval(() => {
      const ids = docker("ps", "-q", "--filter", "label=launch.project")
        .split("\n")
        .filter((id) => id !== "");
      if (inspected === "" && ids.length > 0) inspected = docker("inspect", ...ids);
    }, 200);
    try {
      const told = await launched(
        {
          docker: { docker_image: "busybox:latest" },
          resource: "local-container",
          overrides: { entry_point: ["sh", "-c", "env; env >&2; cat /proc/1/cmdline; sleep 2; exit 3"] },
          env: Object.fromEntries(lines.map(({ text }, index) => [`T${index}`, text])),
        },
        ownKept(),
      );
      expect(inspected).toContain(told.result.runId);
      const withoutVariables = JSON.stringify(JSON.parse(inspected), (field, value: unknown) =>
        field === "Env" ? undefined : value,
      );
      expect(told.doors["log"]).toContain("T0=***");
      expectNone({ ...told.doors, inspect: withoutVariables });
      expectOurs(told, "local-container");
    } finally {
      clearInterval(watch);
    }
  }, 120_000);

  test("has its secrets as its own variables, and nowhere else where the engine can be asked", async () => {
    const secret = "canary-value-of-a-container";
    const image = "busybox:latest";
    const request = await launchRequest({
      spec: {
        docker: { docker_image: image },
        name: "canary",
        resource: "local-container",
        overrides: { entry_point: ["sh", "-c", 'echo "told $S"; cat /proc/1/cmdline; sleep 1'] },
        secrets: { S: "S" },
      },
      baseDirectory: project.directory,
    });
    let inspected = "";
    place.services.log.output = ({ bytes }) => {
      place.lines.push(bytes.toString());
      if (inspected === "")
        inspected = docker("inspect", ...docker("ps", "-q", "--filter", "label=launch.project").split("\n"));
    };
    const result = await launch({ ...request, secrets: { S: secret } }, place.services, never);
    expect(result.outcome).toMatchObject({ state: "succeeded" });
    expect(place.lines.join("")).toContain("told ***");
    expect(place.lines.join("")).not.toContain(secret);
    expect(inspected).toContain(result.runId);
    expect(inspected.split(secret)).toHaveLength(2);
    expect(inspected).toContain(`"S=${secret}"`);
  }, 60_000);
});
