import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { defaultQueue, emptyDefinition, type QueueDefinition } from "../queues/definition.ts";
import { type ReadDefinition, readDefinition } from "../spec/queue-definition/queue-definition.ts";
import { faultAt } from "../spec/reading/fault.ts";
import { faultsError } from "../spec/reading/render-faults.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { QueueLookUp, QueueResolution } from "../spec/resolve/resolution.ts";
import type { DefinitionStore, StoredDefinition, WithDefinitions } from "../stores/definition-store.ts";

export type DefinitionRequest = {
  readonly queue: string;
  /** As it was so long ago will do, where that spares a request. */
  readonly mayBeOldMs?: number;
};

/**
 * A queue's definition as it is now, for a spec that is resolved. The queue `default`
 * is there without a file.
 */
export async function lookUpDefinition(
  { queue, mayBeOldMs = 0 }: DefinitionRequest,
  store: WithDefinitions,
  signal: AbortSignal,
): Promise<QueueLookUp> {
  const { definitions } = store;
  const stored = await definitions?.read(queue, signal, mayBeOldMs);
  if (stored !== undefined) return readStored(stored);
  if (queue === defaultQueue) return { kind: "definition", definition: emptyDefinition() };
  const names = (await definitions?.list(signal))?.map(({ name }) => name) ?? [];
  return { kind: "missing", known: [...new Set([defaultQueue, ...names])] };
}

/** A definition as its store has it. */
export function readStored({ path, text, unreadable }: StoredDefinition): ReadDefinition {
  if (unreadable === undefined) return readDefinition({ name: path, text });
  return { kind: "faults", faults: [faultAt({ origin: { kind: "named", name: path }, message: unreadable })] };
}

/** The same for many specs: each queue is looked at once. */
export function lookUpOnce(
  open: (config: LaunchConfig) => Promise<{ readonly store: WithDefinitions }>,
  signal: AbortSignal,
): QueueResolution["definitionOf"] {
  const known = new Map<string, Promise<QueueLookUp>>();
  return (queue, config) => {
    const found = known.get(queue) ?? open(config).then(({ store }) => lookUpDefinition({ queue }, store, signal));
    known.set(queue, found);
    return found;
  };
}

/** The same for who can't show faults in their place. Throws `not-found`, or `bad-config` for a definition that is faulty. */
export async function definitionOf(
  queue: string,
  store: WithDefinitions,
  signal: AbortSignal,
): Promise<QueueDefinition> {
  const found = await lookUpDefinition({ queue }, store, signal);
  if (found.kind === "definition") return found.definition;
  if (found.kind === "missing") {
    const known =
      found.known.length === 1 ? `there is ${found.known.join()} alone` : `there are ${found.known.join(", ")}`;
    throw new LaunchError(
      "not-found",
      `there is no queue "${queue}"; ${known}; make it: ${formatCommandLine(["launch", "queue", "create", queue])}`,
    );
  }
  const error = faultsError({ faults: found.faults, documents: [] });
  throw new LaunchError("bad-config", `the definition of queue "${queue}" is faulty: ${error.message}`, {
    detail: error.detail,
  });
}

/** Where definitions are written. Throws `unsupported` for a store that has none. */
export function definitionsIn(store: WithDefinitions): DefinitionStore {
  if (store.definitions !== undefined) return store.definitions;
  throw new LaunchError("unsupported", `${store.location} has no queue definitions`);
}

export type NamedDefinition = { readonly name: string; readonly stored: StoredDefinition | undefined };

/** All queues that have a definition, and `default`, which needs none. */
export async function definedQueues(store: WithDefinitions, signal: AbortSignal): Promise<readonly NamedDefinition[]> {
  const stored = (await store.definitions?.list(signal)) ?? [];
  const named = stored.map((definition) => ({ name: definition.name, stored: definition }));
  const missing = named.some(({ name }) => name === defaultQueue) ? [] : [{ name: defaultQueue, stored: undefined }];
  return [...missing, ...named];
}
