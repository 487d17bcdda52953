import { LaunchError, machineFault, messageOf } from "../core/errors.ts";
import { version } from "../core/version.ts";
import type { FaultyDraft } from "../submit/draft.ts";
import type { Exit } from "./exit.ts";

/** The end of a step whose spec is faulty: it points to the first fault. */
export async function exitOfFaults(draft: FaultyDraft): Promise<Exit> {
  const { faultsError } = await import("../spec/reading/render-faults.ts");
  const [place] = draft.faults;
  return { ...exitOfLaunchError(faultsError(draft)), ...(place === undefined ? {} : { place }) };
}

/** The end of a step that threw: somebody's mistake in words, or a bug with its stack. */
export function exitOfError(thrown: unknown): Exit {
  const error = machineFault(thrown) ?? thrown;
  if (error instanceof LaunchError) return exitOfLaunchError(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: "fault",
    reason: "bug",
    message: `a bug of launch ${version}: ${messageOf(error)}. Please report it with the lines above this one: see CONTRIBUTING.md`,
    detail: stack.split("\n"),
  };
}

function exitOfLaunchError(error: LaunchError): Exit & { readonly kind: "fault" } {
  return { kind: "fault", reason: error.code, message: error.message, detail: error.detail };
}
