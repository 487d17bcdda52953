import { hostname } from "node:os";
import { LaunchError, messageOf } from "../../core/errors.ts";
import { adoptQueued } from "../../launch/adopt-queued.ts";
import { checkAgain } from "../../launch/admit.ts";
import { clearRemains } from "../../machine/clear-run.ts";
import { launchQueued, type QueuedLaunch } from "../../launch/launch-queued.ts";
import { isLauncherThere, readLive, releaseLive } from "../../machine/live-entry.ts";
import type { Services } from "../../launch/services.ts";
import { readWrittenDefinition, writtenDefinition } from "../../queues/definition.ts";
import type { QueueLookUp } from "../../spec/resolve/resolution.ts";
import type { RunDocument } from "../../run/document.ts";
import type { Ending, Hold, Served, Taken } from "../context.ts";
import { endOfAttempt } from "../../run/end-of-attempt.ts";
import { outcomeOfError } from "../../run/outcome.ts";
import { ended as endedWithout, inQueue, lost, untaken } from "../../run/transitions.ts";
import { doneOf } from "../../run/transitions/change.ts";
import { holdWriter } from "./hold-writer.ts";
import { prefixedLog } from "./prefixed-log.ts";
import { boundsOf, type TakenRun } from "../request.ts";
import { tooMuch } from "../taking/slots.ts";
import { writeEnd } from "./write-end.ts";

/*
 * A run in this agent's hands, from its claim to the write that ends it:
 *
 *   put back    when its queue has gone, or its definition is faulty, since it was chosen: it waits, as those behind it do
 *   checked     against the queue's definition as it is now and this agent's own config; refused, it has ended
 *   executed    launched, or taken over where an agent that is gone has left it
 *   written     its end, or that it waits for another attempt; with the end the next run is taken
 *
 * It is ended early when somebody asked for that (`cancelled`), when the agent stops (`given-back`, or `dropped` for good), and when the store shows that
 * another has it (`fenced`): then nothing more is written.
 */

/** SIGTERM to SIGKILL where the agent itself has seconds to live, and where it has time. */
const shortGraceMs = 3_500;
const longGraceMs = 10_000;

/** Takes a run into hand; an attempt of the same run that is at its end here comes first. */
export function holdRun(taken: Taken, served: Served, before: Promise<unknown>): Hold {
  const { agent } = served;
  const { document } = taken;
  const { run } = document;
  const stop = new AbortController();
  let ending: Ending | undefined;
  let active = true;
  const end = (why: Ending): void => {
    // Whoever is fenced has nothing more to say; a cancel goes before the agent's own wish.
    if (ending === "fenced" || ending === why || (ending === "cancelled" && why !== "fenced")) return;
    ending = why;
    stop.abort(new LaunchError("cancelled", reasonWords[why]));
  };
  const writer = holdWriter(taken, served, () => end("fenced"));
  const work = async (): Promise<TakenRun["end"]> => {
    await before;
    const isUntouched = !taken.adopts && run.state === "leased";
    const isServed = !isUntouched || served.definitions.of(taken.entry.queue).kind === "definition";
    const services = { ...servicesOf(served), log: prefixedLog(agent.services.log, run.run_id) };
    const ended = isServed ? await execute(taken, { served, services, writer }, stop.signal) : undefined;
    active = false;
    agent.pool.give(taken.slots);
    await writer.settle();
    const end =
      ended === undefined
        ? await putBack(taken, served, writer)
        : await conclude(taken, { served, writer }, { ending, ended });
    await forgetHere(taken, served);
    return end;
  };
  // Asked for while another had it, or while it was on its way here.
  if (taken.entry.cancelRequested) end("cancelled");
  return {
    runId: run.run_id,
    key: taken.entry.key,
    queue: taken.entry.queue,
    isActive: () => active,
    see: (entry, begun) => {
      if (!active || !writer.see(entry, begun)) return;
      if (entry?.cancelRequested === true) end("cancelled");
    },
    end,
    over: work().then((end) => ({ runId: run.run_id, queue: taken.entry.queue, attempt: run.attempt, end })),
  };
}

/** A queue that went while a run of it was on its way here: nothing was started, so its attempt doesn't count. */
async function putBack({ document, entry }: Taken, served: Served, writer: Writer): Promise<TakenRun["end"]> {
  const { agent, store } = served;
  const { log, clock } = agent.services;
  const { name } = document.run;
  const waiting = doneOf(untaken(document, clock.now()));
  log.info(`${name}  put back, as its queue "${entry.queue}" can't be served any more`);
  const written = await writer.insist((current, signal) => store.release(current, waiting, signal));
  return written === "written" ? { kind: "given-back" } : fenced(log, name);
}

/** Nothing of it is left here, unless somebody else has begun with it again. */
async function forgetHere({ document }: Taken, { agent }: Served): Promise<void> {
  const { state } = agent.services;
  const { run_id: runId, attempt } = document.run;
  const left = await readLive(state, runId);
  const isOwn = left?.launcher.pid === process.pid && left.attempt === attempt;
  if (left === undefined || isOwn) await releaseLive(state, runId);
}

const reasonWords = {
  cancelled: "somebody cancelled it",
  "given-back": "its agent stops",
  dropped: "its agent stops",
  fenced: "another agent has it",
} as const;

/** What a launch works with. Its store is the queue's: nothing is opened. */
export function servicesOf({ agent, store, spareStore: spare, tokens }: Served): Services {
  const { log, clock, state, environment, launcher, environments, resources } = agent.services;
  const open = (): Promise<typeof store> => Promise.resolve(store);
  const choice = { open, openFallback: undefined, spare, public: false };
  return { log, clock, state, environment, tokens, launcher, environments, resources, store: choice };
}

type Writer = ReturnType<typeof holdWriter>;
type Holder = { readonly served: Served; readonly writer: Writer };

/** Brings the run to its end here, whatever that is. Never throws: what fails is the run's end, in words. */
async function execute(
  taken: Taken,
  { served, services, writer }: Holder & { readonly services: Services },
  signal: AbortSignal,
): Promise<RunDocument> {
  const { agent, storeIsHere } = served;
  const { document, adopts } = taken;
  const { run } = document;
  const now = (): Date => services.clock.now();
  try {
    const over = tooMuch(run.queued?.slots ?? {}, agent.pool.total);
    if (over !== undefined && !adopts) throw new LaunchError("refused", over);
    const { config, launcher } = agent.services;
    const definition = await definitionFor(taken, served);
    const checked = await checkAgain({ document, definition, config, host: launcher.host, storeIsHere });
    if (checked.definitionChanged) {
      services.log.info("the queue's definition has changed since it was enqueued; the present one holds");
    }
    const launch: QueuedLaunch = {
      document,
      checked,
      writer,
      spareStore: services.store.spare,
      place: placeOf(taken, definition, served),
    };
    if (!adopts) await launchQueued(launch, services, signal);
    else if (!(await adoptQueued(launch, services, signal))) {
      return doneOf(lost(document, "its agent was killed before it had started the run", now()));
    }
  } catch (error) {
    const known = error instanceof LaunchError;
    if (!known)
      services.log.warning(`this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (writer.ended() === undefined) {
      await clearHere(run.run_id, services);
      services.log.warning(`not started: ${messageOf(error)}`);
      return doneOf(endedWithout(document, outcomeOfError(error), now()));
    }
  }
  return writer.ended() ?? doneOf(lost(document, "it came to no end", now()));
}

/** What was started goes on as it was, also when its queue has changed since, or is gone. */
async function definitionFor({ adopts, document, entry }: Taken, served: Served): Promise<QueueLookUp> {
  const left = adopts ? await readLive(served.agent.services.state, document.run.run_id) : undefined;
  const definition = left?.definition === undefined ? undefined : readWrittenDefinition(left.definition);
  return definition === undefined ? served.definitions.of(entry.queue) : { kind: "definition", definition };
}

/** A run that is refused may have been started by an agent that is gone. */
async function clearHere(runId: string, services: Services): Promise<void> {
  const entry = await readLive(services.state, runId);
  if (entry === undefined || (entry.launcher.pid !== process.pid && (await isLauncherThere(entry)))) return;
  try {
    await clearRemains(entry, services);
  } catch (error) {
    services.log.warning(`what is left of it could not be removed: ${messageOf(error)}`);
  }
}

function placeOf({ slots, document }: Taken, definition: QueueLookUp, served: Served): QueuedLaunch["place"] {
  const { pool, request, services } = served.agent;
  const manages = (pool.total["gpu"] ?? 0) > 0;
  return {
    slots,
    ...(definition.kind === "definition" ? { definition: writtenDefinition(definition.definition) } : {}),
    devices: manages ? { gpu: slots["gpu"] ?? [] } : undefined,
    outlives: {
      keepAliveFile: services.state.keepAliveFile(document.run.run_id),
      graceMs: boundsOf(request.lease.ttlMs).supervisionMs,
    },
    cancelGraceMs: request.onSignal === "end" ? shortGraceMs : longGraceMs,
  };
}

type CameTo = { readonly ending: Ending | undefined; readonly ended: RunDocument };

async function conclude(taken: Taken, { served, writer }: Holder, { ending, ended }: CameTo): Promise<TakenRun["end"]> {
  const { agent } = served;
  const { log, clock } = agent.services;
  const name = taken.document.run.name;
  if (ending === "fenced") return fenced(log, name);
  const whole = inQueue(ended, taken.entry.run);
  const cut = ending === "cancelled" ? undefined : ending;
  const place = { agent: agent.request.agent, host: hostname() };
  const end = endOfAttempt({ ended: whole, ...place, cut, now: clock.now() });
  const written = await writeEnd(end, served, writer);
  if (written === "fenced") return fenced(log, name);
  if (end.kind === "give-back") return { kind: "given-back" };
  const { state, reason = "lost", message = "" } = end.kind === "retry" ? whole.run : end.document.run;
  if (end.kind === "retry") return { kind: "retried", reason, message };
  if (state === "succeeded") return { kind: "succeeded" };
  return { kind: state === "cancelled" ? "cancelled" : "failed", reason, message };
}

function fenced(log: Services["log"], name: string): TakenRun["end"] {
  log.warning(`${name}  another agent has the run by now, so what it came to here is not kept`);
  return { kind: "fenced" };
}
