import { formatCommandLine } from "../../core/command-line.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { definitionHash, queueNamePattern } from "../../queues/definition.ts";
import { type Fault, faultAt } from "../reading/fault.ts";
import type { LaunchSpec } from "../launch-spec/launch-spec.ts";
import { type Located, toJson } from "../reading/located.ts";
import { type QueueLayer, withQueue } from "./queue-layer.ts";
import type { MergedQueue, QueueLookUp } from "../resolve/resolution.ts";
import { didYouMean, suggestionFor } from "../reading/suggestion.ts";

/** A queue that a spec asks for. */
export type AskedQueue = {
  /** The spec over what the queue says. */
  below(spec: Located, faults: Fault[]): Located;
  /** What is kept of both, for the agent. */
  merged(asked: Located, spec: LaunchSpec): MergedQueue;
};

/** The queue that the spec names, with its definition. Undefined for one that can't be used: then it is a fault. */
export async function askedQueue(
  named: Located & { readonly kind: "scalar" },
  definitionOf: (queue: string) => Promise<QueueLookUp>,
  faults: Fault[],
): Promise<AskedQueue | undefined> {
  const queue = String(named.value);
  const refuse = (message: string, suggestion?: string): void => {
    faults.push(faultAt({ origin: named.origin, path: named.path, message, suggestion }));
  };
  if (!queueNamePattern.test(queue)) {
    refuse(`queue "${queue}" is no name of a queue: a-z, 0-9 and "-", at most 64 characters`);
    return undefined;
  }
  const found = await definitionOf(queue);
  if (found.kind === "definition") {
    const layer: QueueLayer = { queue, definition: found.definition };
    return {
      below: (spec, more) => withQueue(spec, layer, more),
      merged: (asked, spec) => mergedQueue(layer, asked, spec),
    };
  }
  if (found.kind === "faults") faults.push(...found.faults);
  else {
    const suggestion = suggestionFor(queue, found.known);
    const known =
      found.known.length === 1 ? `there is ${found.known.join()} alone` : `there are ${found.known.join(", ")}`;
    const hint =
      suggestion === undefined
        ? `; ${known}; make it: ${formatCommandLine(["launch", "queue", "create", queue])}`
        : didYouMean(suggestion);
    refuse(`there is no queue "${queue}"${hint}`, suggestion);
  }
  return undefined;
}

function mergedQueue({ queue, definition }: QueueLayer, asked: Located, spec: LaunchSpec): MergedQueue {
  const { builder, resource_args: args, ...rest } = jsonObjectOf(toJson(asked));
  const builders = Object.entries(jsonObjectOf(builder)).map(([name, value]) => [name, { builder: value }] as const);
  const all = new Map(Object.entries(jsonObjectOf(args)));
  for (const [name, value] of builders) all.set(name, { ...jsonObjectOf(all.get(name)), ...value });
  const { name, project, entity } = spec;
  const submitted = {
    ...rest,
    ...(all.size === 0 ? {} : { resource_args: Object.fromEntries(all) }),
    ...{ name, project, entity },
  };
  return { name: queue, definition, hash: definitionHash(definition), submitted };
}

function jsonObjectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
