import { exitCodes } from "../../../core/errors.ts";
import { toJson } from "../../../core/json.ts";
import { planLines } from "../../../launch/plan-lines.ts";
import type { Planned } from "../../../submit/submit.ts";
import type { JsonFlags } from "../../program/flags.ts";
import type { Console } from "../../terminal/console.ts";
import { eventWriter } from "../../terminal/json-log.ts";

/** `launch run --dry-run`: what would be built and run. */
export async function showPlans(
  plans: readonly Planned[],
  { json }: JsonFlags,
  { out }: Pick<Console, "out">,
): Promise<number> {
  for (const { name, plan } of plans) {
    if (json === true) await eventWriter(out)("plan", { plan: toJson(plan) });
    else await out.write(`${planLines(name, plan).join("\n")}\n`);
  }
  return exitCodes.succeeded;
}
