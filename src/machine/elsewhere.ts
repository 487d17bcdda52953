import { resourceTraits } from "../resources/index.ts";
import type { RunDocument } from "../run/document.ts";
import { type Handle, handleSchema } from "../run/handle.ts";
import { type SweepPlace, sweepServices } from "./sweep-services.ts";

/*
 * A run that is elsewhere needs nothing of the machine that its agent was on: its handle was in the store before it was submitted. Any
 * agent goes on with the same attempt by that handle, from the start of the output, all of which its resource has.
 */

/** SIGTERM to SIGKILL, for a run that nobody can follow. */
const graceMs = 5_000;

/** What the present attempt was submitted as; undefined for one that wasn't, as far as the store knows, and for one that isn't elsewhere. */
export function handleElsewhere({ run, record }: RunDocument): Handle | undefined {
  if (resourceTraits(run.resource)?.where !== "elsewhere" || record["attempt"] !== run.attempt) return undefined;
  const handle = handleSchema.safeParse(record["handle"]).data;
  return handle?.kind === run.resource ? handle : undefined;
}

/** What of the run is there, as its resource says. */
export async function findElsewhere(
  document: RunDocument,
  services: SweepPlace,
  signal: AbortSignal,
): Promise<Handle | undefined> {
  const handle = handleElsewhere(document);
  if (handle === undefined) return undefined;
  const { run_id: runId, attempt } = document.run;
  const resource = await sweepServices(services).openResource(handle.kind);
  return resource.find({ runId, attempt }, signal);
}

/** Ends and removes what was submitted elsewhere of a run that nobody goes on with. */
export async function endElsewhere(document: RunDocument, services: SweepPlace): Promise<void> {
  const handle = handleElsewhere(document);
  if (handle === undefined) return;
  const resource = await sweepServices(services).openResource(handle.kind);
  await resource.cancel(handle, graceMs);
  await resource.remove(handle);
}
