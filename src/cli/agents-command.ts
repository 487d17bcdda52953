import { hostname } from "node:os";
import { z } from "zod";
import { formatDuration } from "../core/duration.ts";
import { exitCodes, LaunchError } from "../core/errors.ts";
import { isRunning } from "../core/process-identity.ts";
import { didYouMean, suggestionFor } from "../spec/suggestion.ts";
import type { AgentBeat } from "../stores/queue-store.ts";
import { columns } from "./columns.ts";
import type { Console } from "./console.ts";
import type { AgentListFlags } from "./flags.ts";
import { withRuns } from "./open-runs.ts";

/** `launch agent list`. */
export async function listAgentsCommand(flags: AgentListFlags, console: Console): Promise<number> {
  const beats = await beatsOf(flags, console);
  const { out } = console;
  if (flags.json === true) await out.write(beats.map((beat) => `${JSON.stringify(beat)}\n`).join(""));
  else if (beats.length === 0) await out.write("no agents; start one: launch agent -q QUEUE\n");
  else {
    const head = ["agent", "state", "host", "queues", "runs", "slots", "last seen"];
    await out.write(`${columns([head, ...beats.map(rowOf)])}\n`);
  }
  return exitCodes.succeeded;
}

async function beatsOf(flags: AgentListFlags, console: Console): Promise<readonly AgentBeat[]> {
  const { signal } = new AbortController();
  return withRuns(flags, console, async ({ store }) => {
    const { agents } = await store.snapshot("all", signal);
    return agents.map(({ beat }) => beat);
  });
}

function rowOf(beat: AgentBeat): readonly string[] {
  const slots = Object.entries(beat.slots).map(([name, { total, free }]) => `${name} ${free}/${total} free`);
  const age = Math.max(0, Date.now() - Date.parse(beat.at));
  const silent = age > beat.lease.ttl_ms;
  return [
    beat.agent,
    silent ? "silent" : beat.state,
    beat.host,
    beat.queues.join(", "),
    `${beat.runs.length}/${beat.max_jobs === -1 ? "∞" : beat.max_jobs}`,
    slots.join(", "),
    `${formatDuration(age)} ago`,
  ];
}

const processSchema = z.object({ pid: z.int(), started: z.string() });

/** `launch agent stop`: by a signal to its process, so for agents of this machine. */
export async function stopAgentsCommand(
  names: readonly string[],
  flags: AgentListFlags,
  console: Console,
): Promise<number> {
  const beats = await beatsOf(flags, console);
  const wanted = names.map((name) => {
    const beat = beats.find(({ agent }) => agent === name);
    if (beat !== undefined) return beat;
    const suggestion = suggestionFor(
      name,
      beats.map(({ agent }) => agent),
    );
    const hint = suggestion === undefined ? "; launch agent list shows those there are" : didYouMean(suggestion);
    throw new LaunchError("not-found", `there is no agent "${name}"${hint}`);
  });
  for (const beat of wanted) {
    const fact = processSchema.safeParse(beat.job?.["process"]).data;
    if (beat.host !== hostname() || fact === undefined) {
      throw new LaunchError(
        "unsupported",
        `agent "${beat.agent}" is on ${beat.host}; stop it there (Ctrl-C, or launch agent stop), or cancel its job`,
      );
    }
    if (!(await isRunning(fact))) throw new LaunchError("not-found", `agent "${beat.agent}" is no longer running`);
    process.kill(fact.pid, "SIGTERM");
    const runs = beat.runs.length === 0 ? "" : ` when its ${beat.runs.length === 1 ? "run has" : "runs have"} ended`;
    await console.out.write(`  ${beat.agent} takes no more runs, and ends${runs}\n`);
  }
  return exitCodes.succeeded;
}
