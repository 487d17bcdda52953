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
import { exits } from "./support/architecture/exits.ts";
import { exitsOfMadeUp, madeUpExits, madeUpOpenGates } from "./support/architecture/made-up/exits.ts";
import { madeUpIds } from "./support/architecture/made-up/ids.ts";
import type { MadeUp } from "./support/architecture/made-up/made-up.ts";
import { madeUpRequests } from "./support/architecture/made-up/requests.ts";
import { madeUpWritings } from "./support/architecture/made-up/writings.ts";
import { roomsWithoutHeight, upwardImports } from "./support/architecture/rules/arrows.ts";
import { type Exits, openGates, unnamedExits } from "./support/architecture/rules/exits.ts";
import { idsOutsideTheirFolders } from "./support/architecture/rules/ids.ts";
import { strayPackages, straysToTheNetwork } from "./support/architecture/rules/packages.ts";
import * as plugins from "./support/architecture/rules/plugins.ts";
import { statesWrittenElsewhere } from "./support/architecture/rules/run-states.ts";
import * as walls from "./support/architecture/rules/walls.ts";
import { readTree, type Tree, treeOf } from "./support/architecture/tree.ts";

/* What design.md says of src/: each rule is held on the real tree, and is seen to fail on a made-up one. */

type Rule = MadeUp & {
  readonly title: string;
  readonly faults: (tree: Tree, doors: Doors) => readonly string[];
  /** The doors of the made-up tree. */
  readonly doors?: Doors;
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
    ...madeUpIds,
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
    ...madeUpRequests,
  },
  {
    title: "a run's state, reason and end are written in run/transitions.ts and its folder only",
    faults: statesWrittenElsewhere,
    ...madeUpWritings,
  },
];

describe("what leaves the machine", () => {
  type OfExits = MadeUp & { readonly faults: (tree: Tree, exits: Exits) => readonly string[]; readonly title: string };
  const ofExits: readonly OfExits[] = [
    { title: "goes by a named way alone, and through the gate of that", faults: unnamedExits, ...madeUpExits },
    {
      title: "has a gate that takes secrets out, and no line that nobody needs",
      faults: openGates,
      ...madeUpOpenGates,
    },
  ];
  test.each(ofExits)("$title: a made-up tree breaks it", ({ faults, broken, found }) => {
    expect(faults(treeOf(broken), exitsOfMadeUp)).toEqual(found);
  });
  const tree = readTree(src);
  // All of it is parsed for each rule.
  test.each(ofExits)(
    "$title: src/ keeps it",
    ({ faults }) => {
      expect(faults(tree, exits)).toEqual([]);
    },
    120_000,
  );
});

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
