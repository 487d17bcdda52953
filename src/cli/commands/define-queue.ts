import { formatCommandLine } from "../../core/command-line.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { toJson, type Json } from "../../core/json.ts";
import { isText } from "../../submit/intake.ts";
import { userName } from "../../submit/owner.ts";
import { definitionOf, definitionsIn } from "../../queueing/queue-definitions.ts";
import { runConfigOf } from "../../submit/settings/overlays.ts";
import { defaultQueue, queueNamePattern } from "../../queues/definition.ts";
import { counted } from "../../core/counted.ts";
import { type DefinitionEdit, editDefinition } from "../../spec/queue-definition/edit-definition.ts";
import { toJson as jsonOf } from "../../spec/reading/located.ts";
import { parse } from "../../spec/reading/parse.ts";
import { readDefinition } from "../../spec/queue-definition/queue-definition.ts";
import { readSpec } from "../../spec/reading/read.ts";
import { faultsError, renderFaults } from "../../spec/reading/render-faults.ts";
import type { Document } from "../../spec/resolve/resolution.ts";
import type { DefinitionWrite, StoredDefinition, WithDefinitions } from "../../stores/definition-store.ts";
import type { Console } from "../terminal/console.ts";
import type { QueueDeleteFlags, QueueFlags, QueueWriteFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { withRuns } from "../program/open-runs.ts";

export type QueueWrite = { readonly verb: "create" | "set"; readonly name: string };

/** `launch queue create` and `set`. All faults of what would be written are found before anything is. */
export async function writeQueueCommand(
  { verb, name }: QueueWrite,
  flags: QueueWriteFlags,
  console: Console,
): Promise<number> {
  checkName(name);
  const { signal } = new AbortController();
  return withRuns(flags, console, async ({ store }) => {
    const definitions = definitionsIn(store);
    const stored = await definitions.read(name, signal);
    const base = await baseOf({ verb, name }, stored, flags);
    const text = editDefinition(base.text, await editsOf(flags));
    const document = { name: base.name, text };
    const read = readDefinition(document);
    if (read.kind === "faults") {
      const schemas = { [document.name]: "schema/launch-queue.schema.json" };
      await console.err.write(`${renderFaults({ faults: read.faults, documents: [document], schemas }).join("\n")}\n`);
      if (flags.json === true) await eventWriter(console.out)("faults", toJson({ faults: read.faults }));
      return exitCodes.usage;
    }
    const maxWaiting = read.definition.limits.waiting;
    const change = { name, text, expected: stored?.version, by: userName(), maxWaiting };
    const result = await definitions.write(change, signal);
    return said({ name, text, verb: "written", result, store }, flags, console);
  });
}

function checkName(name: string): void {
  if (queueNamePattern.test(name)) return;
  throw new LaunchError("bad-usage", `queue "${name}": a name has a-z, 0-9 and "-", at most 64 characters`);
}

/** What the changes are made to. */
async function baseOf(
  { verb, name }: QueueWrite,
  stored: StoredDefinition | undefined,
  { config }: QueueWriteFlags,
): Promise<Document> {
  if (verb === "create" && stored !== undefined) {
    throw new LaunchError(
      "bad-usage",
      `queue "${name}" is there already; change it with ${formatCommandLine(["launch", "queue", "set", name])}`,
    );
  }
  if (verb === "set" && stored === undefined && name !== defaultQueue) {
    throw new LaunchError(
      "not-found",
      `there is no queue "${name}"; make it with ${formatCommandLine(["launch", "queue", "create", name])}`,
    );
  }
  if (stored?.unreadable !== undefined && config === undefined) {
    throw new LaunchError("bad-config", `${stored.unreadable}; give all of it anew, with --config`);
  }
  if (config !== undefined) return isText(config) ? { name: "--config", text: config } : readSpec(config);
  return stored === undefined ? { name, text: "" } : { name: stored.path, text: stored.text };
}

async function editsOf({
  resource,
  resourceArgs,
  set = [],
  unset = [],
}: QueueWriteFlags): Promise<readonly DefinitionEdit[]> {
  return [
    ...(resource === undefined ? [] : [{ path: ["resource"], value: resource }]),
    ...(resourceArgs === undefined ? [] : [{ path: ["resource_args"], value: await readArgs(resourceArgs) }]),
    ...set.map((text) => {
      const { path, value } = runConfigOf(text, "--set");
      return { path: path.slice(2), value };
    }),
    ...unset.map((text) => ({ path: text.split("."), value: undefined })),
  ];
}

async function readArgs(given: string): Promise<Json> {
  const document = isText(given) ? { name: "--resource-args", text: given } : await readSpec(given);
  const { tree, faults } = parse(document);
  if (faults.length > 0) throw faultsError({ faults, documents: [document] });
  return jsonOf(tree);
}

/** `launch queue delete`. Runs that have started go on. */
export async function deleteQueueCommand(name: string, flags: QueueDeleteFlags, console: Console): Promise<number> {
  if (name === defaultQueue) {
    throw new LaunchError("bad-usage", `the queue "${defaultQueue}" is always there and can't be deleted`);
  }
  const { signal } = new AbortController();
  return withRuns(flags, console, async ({ store }) => {
    const definitions = definitionsIn(store);
    const stored = await definitions.read(name, signal);
    if (stored === undefined) throw new LaunchError("not-found", `there is no queue "${name}"`);
    const { entries } = await store.snapshot([name], signal);
    const waiting = entries.filter(({ place }) => place === "waiting").length;
    if (waiting > 0 && flags.force !== true) {
      throw new LaunchError(
        "refused",
        `queue "${name}" has ${counted(waiting, "waiting run")}; cancel what waits, or delete it with --force: then they wait until the queue is there again, or somebody cancels them`,
      );
    }
    const result = await definitions.write({ name, text: undefined, expected: stored.version, by: userName() }, signal);
    return said({ name, text: undefined, verb: "deleted", result, store }, flags, console);
  });
}

export type QueuePause = { readonly name: string; readonly paused: boolean };

/** `launch queue pause` and `resume`. */
export async function pauseQueueCommand(
  { name, paused }: QueuePause,
  flags: QueueFlags,
  console: Console,
): Promise<number> {
  const { signal } = new AbortController();
  return withRuns(flags, console, async ({ store }) => {
    await definitionOf(name, store, signal);
    await store.pause(name, paused, signal);
    await console.out.write(`  ${name} ${paused ? "is paused: agents take no more runs from it" : "goes on"}\n`);
    return exitCodes.succeeded;
  });
}

type Said = {
  readonly name: string;
  readonly text: string | undefined;
  readonly verb: string;
  readonly result: DefinitionWrite;
  readonly store: WithDefinitions;
};

async function said(
  { name, text, verb, result, store }: Said,
  { json }: QueueFlags,
  { out, err }: Console,
): Promise<number> {
  if (result.kind === "conflict") {
    throw new LaunchError(
      "store-conflict",
      `somebody else has changed queue "${name}" meanwhile; look at it, and try again`,
    );
  }
  if (json === true) await eventWriter(out)("queue", { queue: name, outcome: result.kind, path: result.path });
  if (result.kind === "written") {
    if (json !== true) await out.write(`  ${verb}  ${result.path} in ${store.location}\n`);
    return exitCodes.succeeded;
  }
  const { branch, path, said: why } = result;
  const todo = text === undefined ? `remove ${path}` : `put this into ${path}`;
  await err.write(
    `the branch ${branch} of ${store.location} may not be changed from here (${why}); ${todo} by a pull request\n`,
  );
  if (text !== undefined && json !== true) await out.write(text);
  return exitCodes.usage;
}
