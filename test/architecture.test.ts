import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { builders } from "../src/builders/index.ts";
import { environments } from "../src/environments/index.ts";
import { registries } from "../src/registries/index.ts";
import { resources } from "../src/resources/index.ts";
import { sources } from "../src/sources/index.ts";
import { stores } from "../src/stores/index.ts";
import { type Doors, doors } from "./support/architecture/doors.ts";
import { roomsWithoutHeight, upwardImports } from "./support/architecture/rules/arrows.ts";
import { idsOutsideTheirFolders } from "./support/architecture/rules/ids.ts";
import { strayPackages, straysToTheNetwork } from "./support/architecture/rules/packages.ts";
import * as plugins from "./support/architecture/rules/plugins.ts";
import { statesWrittenElsewhere } from "./support/architecture/rules/run-states.ts";
import * as walls from "./support/architecture/rules/walls.ts";
import { readTree, type Tree, treeOf } from "./support/architecture/tree.ts";

/* What design.md says of src/: each rule is held on the real tree, and is seen to fail on a made-up one. */

type Rule = {
  readonly title: string;
  readonly faults: (tree: Tree, doors: Doors) => readonly string[];
  /** A tree that breaks it in each way, and keeps it where that looks much the same. */
  readonly broken: Readonly<Record<string, string>>;
  /** The doors of that tree. */
  readonly doors?: Doors;
  readonly found: readonly string[];
};

const src = resolve(import.meta.dirname, "../src");
const catalogs = { builders, environments, registries, resources, sources, stores };

const rules: readonly Rule[] = [
  {
    title: "imports go down only, and equals don't import each other",
    faults: upwardImports,
    broken: {
      "core/clock.ts": `import type { RunHead } from "../run/head.ts";`,
      "spec/read.ts": `export { words } from "../reporting/words.ts"; import "../run/head.ts";`,
      "stores/store.ts": `import { resources } from "../resources/index.ts"; import "../resources/resource.ts";`,
      "elsewhere/file.ts": `import "../core/clock.ts";`,
      "cli/main.ts": `const door = await import("../action/main.ts"); import "./program.ts"; import "../submit/submit.ts";`,
    },
    found: [
      "core/clock.ts imports run/head.ts",
      "spec/read.ts imports reporting/words.ts",
      "stores/store.ts imports resources/index.ts",
      "elsewhere/file.ts imports core/clock.ts",
      "cli/main.ts imports action/main.ts",
    ],
  },
  {
    title: "every room has its height",
    faults: roomsWithoutHeight,
    broken: { "index.ts": "", "core/clock.ts": "", "utils/clock.ts": "" },
    found: ["utils"],
  },
  {
    title: "who comes from outside a room comes by its doors",
    faults: walls.importsThroughWalls,
    doors: { agent: "agent holding/end", "agent/taking": "take", core: "*", run: "outcome", "run/outcome": "words" },
    broken: {
      "run/outcome.ts": `import "./outcome/ends.ts"; import "./outcome/words.ts";`,
      "run/outcomes.ts": `import "./outcome/words.ts"; import "./outcome/ends.ts";`,
      "agent/agent.ts": `import "./taking/take.ts"; import "./taking/slots.ts"; import "./request.ts"; import "./holding/end.ts";`,
      "agent/taking/take.ts": `import "./slots.ts"; import "../request.ts";`,
      "cli/agent.ts": `import "../agent/agent.ts"; import "../agent/holding/end.ts"; import "../core/clock.ts";`,
      "cli/agents.ts": `import type { Request } from "../agent/request.ts"; import "../agent/taking/take.ts";`,
      "stores/git/git-store.ts": `import "./index.ts";`,
      "stores/index.ts": `import("./git/index.ts"); import "./git/git-store.ts";`,
    },
    found: [
      "run/outcomes.ts imports run/outcome/ends.ts, which is no door of run/outcome",
      "agent/agent.ts imports agent/taking/slots.ts, which is no door of agent/taking",
      "cli/agents.ts imports agent/request.ts, which is no door of agent",
      "cli/agents.ts imports agent/taking/take.ts, which is no door of agent",
      "stores/index.ts imports stores/git/git-store.ts, which is no door of stores/git",
    ],
  },
  {
    title: "no door leads nowhere, and nobody leaves one unused",
    faults: walls.uselessDoors,
    doors: { agent: "agent request gone taking/slots", "agent/taking": "take slots", core: "*", "cli/agent": "own" },
    broken: {
      "cli/agent.ts": `import "../agent/agent.ts"; import "../agent/taking/slots.ts"; import "./agent/own.ts";`,
      "agent/agent.ts": `import "./request.ts"; import "./taking/take.ts";`,
      "agent/request.ts": "",
    },
    found: [
      `agent: nobody needs the door "request"`,
      `agent: nobody needs the door "gone"`,
      `agent/taking: nobody needs the door "slots"`,
      `cli/agent: nobody needs the door "own"`,
    ],
  },
  {
    title: "the table of doors has each room, and no other",
    faults: walls.roomsBesideTheTable,
    doors: { agent: "agent", page: "page" },
    broken: { "index.ts": "", "agent/agent.ts": "", "agent/taking/take.ts": "", "stores/git/index.ts": "" },
    found: ["agent/taking has no line in the table of doors", "page is in the table of doors and nowhere else"],
  },
  {
    title: "at most 20 files lie on a level",
    faults: walls.crowdedFolders,
    broken: Object.fromEntries(
      ["a/b", "a"].flatMap((folder, more) =>
        Array.from({ length: 20 + more }, (_, index) => [`${folder}/${index}.ts`, ""] as const),
      ),
    ),
    found: ["a has 21 files on a level, 20 are allowed"],
  },
  {
    title: "a plug-in imports its own folder, the kinds' interfaces, clients, queues, python, run and core",
    faults: plugins.strangeImportsOfPlugins,
    broken: {
      "builders/docker/index.ts": `import "./plan.ts"; import "../builder.ts"; import "../../registries/registry.ts"; import "../../python/toml.ts"; import "zod";`,
      "builders/docker/plan.ts": `import "../index.ts"; import "../noop/schema.ts"; import "../../registries/index.ts";`,
      "stores/git/queue/take.ts": `import "../../store.ts"; import "../../../clients/git/git.ts"; import type { S } from "../../../spec/spec.ts";`,
    },
    found: [
      "builders/docker/plan.ts imports builders/index.ts",
      "builders/docker/plan.ts imports builders/noop/schema.ts",
      "builders/docker/plan.ts imports registries/index.ts",
      "stores/git/queue/take.ts imports spec/spec.ts",
    ],
  },
  {
    title: "a plug-in is reached by its schema.ts, its traits.ts or its catalog's import()",
    faults: plugins.sideEntrancesOfPlugins,
    broken: {
      "builders/index.ts": `import "./docker/schema.ts"; import "./docker/traits.ts"; import("./docker/index.ts"); import "./noop/index.ts"; import("./docker/plan.ts");`,
      "launch/image.ts": `import("../builders/docker/index.ts"); import "../builders/docker/schema.ts";`,
    },
    found: [
      "builders/index.ts imports builders/noop/index.ts",
      "builders/index.ts imports builders/docker/plan.ts",
      "launch/image.ts imports builders/docker/index.ts",
    ],
  },
  {
    title: "a schema.ts imports zod and nothing else, and a traits.ts costs nothing",
    faults: plugins.dearSchemasAndTraits,
    broken: {
      "builders/docker/schema.ts": `import { z } from "zod"; import type { Builder } from "../builder.ts";`,
      "builders/docker/traits.ts": `import type { Builder } from "../builder.ts"; import { schema } from "./schema.ts"; import "node:fs"; import "./plan.ts"; import "../../clients/docker/docker.ts";`,
      "spec/schema.ts": `import "yaml";`,
    },
    found: [
      "builders/docker/schema.ts imports builders/builder.ts",
      "builders/docker/traits.ts imports node:fs",
      "builders/docker/traits.ts imports builders/docker/plan.ts",
      "builders/docker/traits.ts imports clients/docker/docker.ts",
    ],
  },
  {
    title: "a plug-in's id is a value in its folder and its catalog only",
    faults: idsOutsideTheirFolders,
    broken: {
      "builders/docker/index.ts": `const type = "docker"; const other = "kaniko";`,
      "builders/kaniko/schema.ts": "",
      "builders/index.ts": `export const builders = { docker: 1, kaniko: 2 };`,
      "clients/docker/docker.ts": `run({ command: "docker", args: ["docker"] }); requireProgram("docker"); /* kaniko */`,
      "clients/docker/tree.ts": `const path = tool ?? "docker"; (words || ["docker"]).includes(word); z.object({ kind: z.literal("docker") });`,
      "stores/postgres/index.ts": "",
      "resources/local-process/index.ts": "const name = `local-process-${run}`;",
      "launch/image.ts": [
        `const byDefault: "kaniko" = "kaniko";`,
        `if (builder.type === "docker") refuse("use kaniko or docker");`,
        `switch (builder?.["type"]) { case "docker": break; }`,
        `const chosen = { type: none ? "docker" : undefined, kaniko: 1 };`,
        `const path = ["docker", "docker_image"];`,
        `import "kaniko";`,
        `if (run.kind === "docker" || "docker" in type) start();`,
      ].join("\n"),
      "launch/chosen.ts": [
        `if ((config.builder?.type ?? "docker") === other) start();`,
        `open({ type: config.type ?? "docker" }); open({ store: (x || "postgres") });`,
        `const builder = "docker"; let defaultStore = given ?? ("postgres" as const);`,
        `builder = "docker"; config.store ??= "postgres"; config["builder"] = given || "docker";`,
        `if (["docker", "noop"].includes(builder.type)) start();`,
        `const schema = z.object({ type: z.literal("docker") }); const one = z.enum(["docker", "other"]);`,
        `function keep(store = "postgres", { builder: made = "docker" } = {}) {}`,
        `choose("postgres"); openStore(url, "postgres"); builder.type.startsWith("docker");`,
        `type Builder = "docker" | "other"; type Config = { readonly store?: "postgres"; path: "docker" };`,
        `const { type: which } = builder; const same = builder.type; if (which == "docker" || "docker" !== same) start();`,
        `if (new Set(["docker"]).has(builder.type)) builders.docker.load(); stores["postgres"].load();`,
        `const words = { docker: "Docker", postgres: "Postgres" }[store.type]; const builders = { docker: 1 };`,
        `class Place { store = "postgres"; path = "docker"; }`,
        `function defaultStore() { return given ?? "postgres"; } const builder = () => "docker"; const tool = () => "docker";`,
      ].join("\n"),
      "launch/names.ts": [
        "const name = `local-process-${run}`;",
        `const same = "local-process-" + run; traits.kaniko; const { kaniko } = traits; type Of = { kaniko: 1 };`,
        "show(`local-process-${run} is a run's name`); const other = `non-local-process-${run}`; say(`docker-${run}`);",
      ].join("\n"),
    },
    found: [
      `builders/docker/index.ts:1 knows "kaniko"`,
      `launch/image.ts:1 knows "kaniko"`,
      `launch/image.ts:1 knows "kaniko"`,
      `launch/image.ts:2 knows "docker"`,
      `launch/image.ts:3 knows "docker"`,
      `launch/image.ts:4 knows "docker"`,
      `launch/image.ts:4 knows "kaniko"`,
      ...[
        ["docker"],
        ["docker", "postgres"],
        ["docker", "postgres"],
        ["docker", "postgres", "docker"],
        ["docker"],
        ["docker", "docker"],
        ["postgres", "docker"],
        ["postgres", "postgres", "docker"],
        ["docker", "postgres"],
        ["docker", "docker"],
        ["docker", "docker", "postgres"],
        ["docker", "postgres", "docker"],
        ["postgres"],
        ["postgres", "docker"],
      ].flatMap((ids, index) => ids.map((id) => `launch/chosen.ts:${index + 1} knows "${id}"`)),
      `launch/names.ts:1 knows "local-process"`,
      `launch/names.ts:2 knows "local-process"`,
      ...["kaniko", "kaniko", "kaniko"].map((id) => `launch/names.ts:2 knows "${id}"`),
    ],
  },
  {
    title: "the packages of GitHub, of the command line and of requests stay in their places",
    faults: strayPackages,
    broken: {
      "action/main.ts": `import { getInput } from "@actions/core"; import "commander";`,
      "cli/main.ts": `import { Command } from "commander"; import("@actions/core");`,
      "clients/github/api.ts": `import type { Octokit } from "@octokit/rest";`,
      "github/api.ts": `import type { Octokit } from "@octokit/rest";`,
      "submit/api.ts": `import type { Octokit } from "@octokit/rest";`,
      "core/http.ts": `import { request } from "node:http"; import("node:https"); import "undici";`,
      "clients/uv/uv.ts": `import { request } from "node:https"; import * as old from "http"; import("undici/types"); import "undici-like";`,
      "cli/page.ts": `export { createServer } from "node:http"; require("https"); process.getBuiltinModule("node:http2"); import("./http");`,
    },
    found: [
      "action/main.ts imports commander",
      "cli/main.ts imports @actions/core",
      "submit/api.ts imports @octokit/rest",
      "clients/uv/uv.ts imports node:https",
      "clients/uv/uv.ts imports http",
      "clients/uv/uv.ts imports undici/types",
      "cli/page.ts imports node:http",
      "cli/page.ts imports https",
      "cli/page.ts imports node:http2",
    ],
  },
  {
    title: "requests are made by core/http.ts only",
    faults: straysToTheNetwork,
    broken: {
      "core/http.ts": `export const request = (url: string) => fetch(url);`,
      "github/api.ts": `const text = "fetch(url)";\nconst answer = await fetch(url);\nconst again = globalThis.fetch;`,
      "github/named.ts": [
        `const send = fetch; send(url);`,
        `request.defaults({ request: { fetch } });`,
        `globalThis["fetch"](url); (global as never)?.fetch(url);`,
        `const { fetch: post } = globalThis;`,
        `const all = globalThis; all.fetch(url);`,
        `const ask = (fetch: Send) => fetch(url); fetch(url);`,
        `if (ready) { const fetch = send; fetch(url); } else fetch(url);`,
        `export { fetch }; urls.map(fetch);`,
        `const { send: other = fetch } = options; const given = (send = fetch) => send;`,
      ].join("\n"),
      "clients/git/refs.ts": `function fetch(remote: string) {} fetch("origin"); repository.fetch("origin"); ({ fetch: 1 });`,
      "clients/git/types.ts": `export type Send = typeof fetch; type A = { fetch: Send }; export { fetch } from "./refs.ts";`,
      "stores/git/index.ts": `import { fetch } from "../../clients/git/fetch.ts"; fetch("origin");`,
      "stores/git/each.ts": `for (const { fetch } of remotes) fetch(); try { all(); } catch (fetch) { show(fetch); }`,
    },
    found: [
      "github/api.ts:2 has fetch",
      "github/api.ts:3 has fetch",
      ...[1, 2, 3, 3, 4, 5, 6, 7, 8, 8, 9, 9].map((line) => `github/named.ts:${line} has fetch`),
    ],
  },
  {
    title: "a run's state, reason and end are written in run/ only",
    faults: statesWrittenElsewhere,
    broken: {
      "run/transitions.ts": `export const started = (run: RunHead) => ({ ...run, state: "running", started_at: now });`,
      "launch/phases.ts": [
        `const first = { state: "starting" as const };`,
        `const ended = { ...run, state: code === 0 ? "succeeded" : "failed" };`,
        `const end = { finished_at: now };`,
        `const changed = { ...run, updated_at };`,
        `head.state = "failed";`,
        `head.reason = "lost";`,
      ].join("\n"),
      "launch/outcome.ts": [
        `const outcome = { state: "failed", reason: "lost", message, ...(code === undefined ? {} : { code }) };`,
        `if (run.state === "running" && run.finished_at !== undefined) show({ ...table, state: run.state });`,
        `const build: { state: "running" } = stateOf(step);`,
      ].join("\n"),
    },
    found: [
      "launch/phases.ts:1 writes a run's state",
      "launch/phases.ts:2 writes a run's state",
      "launch/phases.ts:3 writes a run's finished_at",
      "launch/phases.ts:4 writes a run's updated_at",
      "launch/phases.ts:5 writes a run's state",
      "launch/phases.ts:6 writes a run's reason",
    ],
  },
];

describe("a made-up tree breaks it:", () => {
  test.each(rules)("$title", ({ faults, broken, doors: ofTree = {}, found }) => {
    expect(faults(treeOf(broken), ofTree)).toEqual(found);
  });
});

describe("src/ keeps it:", () => {
  const tree = readTree(src);
  test.each(rules)("$title", ({ faults }) => {
    expect(faults(tree, doors)).toEqual([]);
  });
});

test("the folders of test/support are no fuller", () => {
  expect(walls.crowdedFolders(readTree(resolve(import.meta.dirname, "support")))).toEqual([]);
});

test.each(Object.entries(catalogs))("the folders of src/%s are the keys of its catalog", (kind, catalog) => {
  const folders = readdirSync(join(src, kind), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(catalog).sort());
  for (const [name, { load }] of Object.entries<{ readonly load: unknown }>(catalog)) {
    expect(existsSync(join(src, kind, name, "index.ts")), `${kind}/${name}/index.ts`).toBe(load !== undefined);
  }
});
