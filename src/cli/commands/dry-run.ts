import { exitCodes } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { planLines } from "../../launch/plan-lines.ts";
import { planLaunch } from "../../launch/plan-launch.ts";
import type { LaunchRequest, Services } from "../../launch/services.ts";
import type { Console } from "../terminal/console.ts";
import { eventWriter } from "../terminal/json-log.ts";

export type DryRunRequest = { readonly json: boolean; readonly console: Console; readonly signal: AbortSignal };

/** `launch run --dry-run`: what would be built and run. */
export async function dryRun(
  request: LaunchRequest,
  services: Services,
  { json, console, signal }: DryRunRequest,
): Promise<number> {
  const plan = await planLaunch(request, services, signal);
  if (json) await eventWriter(console.out)("plan", { plan: toJson(plan) });
  else await console.out.write(`${planLines(request.spec.name, plan).join("\n")}\n`);
  return exitCodes.succeeded;
}
