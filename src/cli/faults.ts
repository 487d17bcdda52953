import { exitCodes } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import type { FaultyDraft } from "../launch/draft.ts";
import { renderFaults } from "../spec/render-faults.ts";
import type { Console } from "./console.ts";
import { eventWriter } from "./json-log.ts";

/** Shows every fault in its place; as one JSON object on stdout too, when asked for. Returns the exit code. */
export async function reportFaults(draft: FaultyDraft, json: boolean, { out, err }: Console): Promise<number> {
  await err.write(`${renderFaults(draft).join("\n")}\n`);
  if (json) await eventWriter(out)("faults", toJson({ faults: draft.faults }));
  return exitCodes.usage;
}
