import { readlink } from "node:fs/promises";
import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { isRunning, nameProcess } from "../../core/process-identity.ts";
import type { StateDirectory } from "../../core/state-directory.ts";
import type { AgentBeat } from "../../run/beat.ts";

/*
 * The fact behind a beat, where it can be looked at: the agent's own process. Its pid says something only on the same host, in the same
 * pid namespace (containers of one host may share a name) and, by the time of its start, in the same boot.
 */
const processSchema = z.object({
  pid: z.int(),
  started: z.string(),
  space: z.string(),
  state: z.string(),
});

/** This process, for its beat. */
export async function processFact(state: StateDirectory): Promise<JsonObject> {
  const name = (await nameProcess(process.pid)) ?? { pid: process.pid, started: "" };
  return { ...name, space: await pidSpace(), state: state.path };
}

async function pidSpace(): Promise<string> {
  try {
    return await readlink("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/**
 * `gone`: it ran here, below the same state directory, and its process is no more, so what it left is in our hands. `there` when its
 * process is, whether it does anything or not.
 */
export async function factOf(
  beat: AgentBeat | undefined,
  state: StateDirectory,
): Promise<"there" | "gone" | "unknown"> {
  const fact = processSchema.safeParse(beat?.job?.["process"]).data;
  if (beat?.host !== state.host || fact === undefined) return "unknown";
  const own = await nameProcess(process.pid);
  if (fact.state !== state.path || fact.space !== (await pidSpace()) || !sameBoot(fact.started, own?.started)) {
    return "unknown";
  }
  return (await isRunning(fact)) ? "there" : "gone";
}

/** On Linux the boot's id is before the slash; elsewhere the time of the start alone tells processes apart. */
function sameBoot(started: string, own: string | undefined): boolean {
  const bootOf = (text: string): string => (text.includes("/") ? text.slice(0, text.indexOf("/")) : "");
  return started !== "" && own !== undefined && bootOf(started) === bootOf(own);
}
