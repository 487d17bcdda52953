import { LaunchError } from "../core/errors.ts";
import { quoted } from "../core/output/said.ts";
import { cancelEntries } from "../queueing/cancel-runs.ts";
import { findQueued, wholeGroup } from "../queueing/find-queued.ts";
import { findRun } from "../queueing/find-run.ts";
import { idOfUnread, moveUnread } from "../queueing/unread-runs.ts";
import { storeRequestOf } from "../submit/chosen-store.ts";
import { readLaunchConfig } from "../submit/config.ts";
import { openQueues } from "../stores/choose-store.ts";
import type { QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import type { Exit } from "./exit.ts";
import type { JobPlace } from "./job-place.ts";
import { jobServices, submitterOf } from "./services.ts";

/** The commands `cancel` and `status`, for the runs that the input `runs` names. */
export async function runsOnGitHub(place: JobPlace, command: "cancel" | "status", signal: AbortSignal): Promise<Exit> {
  const { inputs, context } = place;
  if (inputs.runs.length === 0) {
    throw new LaunchError("bad-usage", `input runs: give the ids of runs or the names of groups to ${command}`);
  }
  const { launchConfig: given, store: url } = inputs.settings;
  const services = jobServices(place);
  const { config, leftOut } = await readLaunchConfig({ ...services, given, cwd: process.cwd() });
  if (leftOut !== undefined) services.log.warning(quoted(leftOut.words));
  const { store } = await openQueues(await storeRequestOf(url, config, services));
  try {
    if (command === "status") {
      const found = await Promise.all(inputs.runs.map((name) => headsOf(name, store, signal)));
      return exitOf(found.flat().map((run) => ({ runId: run.run_id, state: run.state })));
    }
    const { entries, unread } = await findQueued({ names: inputs.runs }, store, signal);
    const why = `cancelled by ${submitterOf(context)}`;
    const done = await cancelEntries({ entries, why }, { store, clock: services.clock }, signal);
    const unreadDone: { readonly runId: string; readonly state: string }[] = [];
    for (const entry of unread) {
      const runId = idOfUnread(entry);
      try {
        const result = await moveUnread(entry, { store, to: "ended" }, signal);
        unreadDone.push({ runId, state: result === "moved" ? "cancelled" : result });
      } catch (error) {
        // What was done to the others is told all the same.
        if (!(error instanceof LaunchError) || error.code === "cancelled") throw error;
        services.log.warning(quoted(error.message));
        unreadDone.push({ runId, state: "failed" });
      }
    }
    return exitOf([...done.map(({ runId, result }) => ({ runId, state: result })), ...unreadDone]);
  } finally {
    await store.close();
  }
}

/** What comes first is what all of them are told as: as long as one is under way, and then as long as one has failed. */
const inOrder = ["changed", "running", "starting", "building", "leased", "queued", "requested", "failed", "cancelled"];

function exitOf(runs: readonly { readonly runId: string; readonly state: string }[]): Exit {
  const states = runs.map(({ state }) => state);
  const state = inOrder.find((word) => states.includes(word)) ?? states[0] ?? "";
  return { kind: "runs", state, runs };
}

/** A group's runs, folded ones too, or a single one wherever the store has it. */
async function headsOf(name: string, store: QueueStore, signal: AbortSignal): Promise<readonly RunHead[]> {
  const { entries } = await store.snapshot("all", signal);
  const group = await wholeGroup(name, { store, entries }, signal);
  return group.length > 0 ? group : [(await findRun(name, store, signal)).run];
}
