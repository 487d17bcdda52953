import { oneLine } from "../../core/output/terminal-text.ts";
import { exitCodes } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import type { FaultyDraft, ResolvedDraft } from "../../submit/draft.ts";
import { renderFaults } from "../../spec/reading/render-faults.ts";
import type { Console } from "./console.ts";
import { eventWriter } from "./json-log.ts";

/** Says what of a valid draft has no effect. `launch run` does that itself, since its record has it too. */
export async function reportWarnings(
  { warnings }: Pick<ResolvedDraft, "warnings">,
  { err, errorStyle }: Console,
): Promise<void> {
  for (const warning of warnings) await err.write(`${errorStyle.yellow("  warning")}  ${oneLine(warning)}\n`);
}

/** Of more than these, only how many there are. */
const maxInJson = 1_000;

/** Shows every fault in its place; as one JSON object on stdout too, when asked for. Returns the exit code. */
export async function reportFaults(draft: FaultyDraft, json: boolean, { out, err }: Console): Promise<number> {
  await err.write(`${renderFaults(draft).join("\n")}\n`);
  if (json) {
    const more = draft.faults.length > maxInJson ? { more: draft.faults.length - maxInJson } : {};
    await eventWriter(out)("faults", toJson({ faults: draft.faults.slice(0, maxInJson), ...more }));
  }
  return exitCodes.usage;
}
