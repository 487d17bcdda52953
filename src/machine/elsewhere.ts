import { resourceTraits } from "../resources/index.ts";
import type { Resource } from "../resources/resource.ts";
import type { RunDocument } from "../run/document.ts";
import { type Handle, handleSchema, type RunKey } from "../run/handle.ts";
import { type SweepPlace, sweepServices } from "./sweep-services.ts";

/*
 * A run that is elsewhere needs nothing of the machine that its agent was on: its handle was in the store before it was submitted. Any
 * agent goes on with the same attempt by that handle, from the start of the output, all of which its resource has.
 */

export function isElsewhere(kind: string): boolean {
  return resourceTraits(kind)?.where === "elsewhere";
}

/** What the present attempt was submitted as; undefined for one that wasn't, as far as the store knows, and for one that isn't elsewhere. */
export function handleElsewhere({ run, record }: RunDocument): Handle | undefined {
  if (!isElsewhere(run.resource) || record["attempt"] !== run.attempt) return undefined;
  const handle = handleSchema.safeParse(record["handle"]).data;
  return handle?.kind === run.resource ? handle : undefined;
}

export type FoundRun = { readonly resource: Resource; readonly handle: Handle };

/** A resource that doesn't answer is asked again at the agent's next look. */
const askWithinMs = 10_000;

/** What is at its resource of an attempt, running or ended, whatever is said of it anywhere else. Throws where that can't be known now. */
export async function findAtResource(kind: string, key: RunKey, services: SweepPlace): Promise<FoundRun | undefined> {
  const resource = await sweepServices(services).openResource(kind);
  const handle = await resource.find(key, AbortSignal.timeout(askWithinMs));
  return handle === undefined ? undefined : { resource, handle };
}

/** SIGTERM to SIGKILL, for a run that nobody follows. */
const graceMs = 5_000;

/** Ends and removes what is elsewhere of an attempt that nobody goes on with. False when nothing is there of it. */
export async function endElsewhere(kind: string, key: RunKey, services: SweepPlace): Promise<boolean> {
  const found = await findAtResource(kind, key, services);
  if (found === undefined) return false;
  await found.resource.cancel(found.handle, graceMs);
  await found.resource.remove(found.handle);
  return true;
}
