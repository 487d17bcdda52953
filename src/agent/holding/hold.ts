import { LaunchError, machineFault, messageOf } from "../../core/errors.ts";
import { isJsonObject } from "../../core/json.ts";
import { say } from "../../core/output/said.ts";
import { endElsewhere, isElsewhere } from "../../machine/elsewhere.ts";
import { adoptQueued } from "../../launch/adopt-queued.ts";
import { checkAgain } from "../../launch/admit.ts";
import { clearRemains } from "../../machine/clear-run.ts";
import { launchQueued, type QueuedLaunch } from "../../launch/launch-queued.ts";
import { isLauncherThere, liveEntryOf, releaseLive, updateLive } from "../../machine/live-entry.ts";
import { requireOwn } from "../../machine/own-folder.ts";
import { redactionOfPlace } from "../../launch/secrets.ts";
import type { Services } from "../../launch/services.ts";
import { readWrittenDefinition, writtenDefinition } from "../../queues/definition.ts";
import type { QueueLookUp } from "../../spec/resolve/resolution.ts";
import { nameOfAttempt, type RunKey } from "../../run/handle.ts";
import { attemptOf, type Ending, type Hold, type Served, type Taken } from "../context.ts";
import { lostOutcome, outcomeOfError, type RunOutcome } from "../../run/outcome.ts";
import { redactedMessage } from "../../run/redaction/own-messages.ts";
import { doneOf, ended } from "../../run/transitions.ts";
import { type HoldWriter, holdWriter } from "./hold-writer.ts";
import { prefixedLog } from "./prefixed-log.ts";
import { boundsOf, type TakenRun } from "../request.ts";
import { tooMuch } from "../taking/slots.ts";

/*
 * A run in this agent's hands, from its claim to the write that ends it:
 *
 *   put back    when its queue has gone, or its definition is faulty, since it was chosen: it waits, as those behind it do. So it is where
 *               this machine can't write its state: the agent takes nothing more, and ends with that
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
export function holdRun(taken: Taken, served: Served, earlier: Promise<unknown>): Hold {
  const { agent } = served;
  const { document } = taken;
  const { run } = document;
  const key = taken.begunAs ?? attemptOf(served, run);
  const [stop, letGo] = [new AbortController(), new AbortController()];
  let ending: Ending | undefined;
  let active = true;
  const end = (why: Ending): void => {
    // Whoever is fenced has nothing more to say; a cancel goes before the agent's own wish.
    if (ending === "fenced" || ending === why || (ending === "cancelled" && why !== "fenced")) return;
    ending = why;
    if (why === "fenced" || why === "given-back") letGo.abort();
    stop.abort(new LaunchError("cancelled", reasonWords[why]));
  };
  const release = (): void => {
    active = false;
    agent.pool.give(taken.slots);
  };
  // An agent before could not tell the store that it gave the run back.
  let before: Ending | undefined;
  const writer = holdWriter({ taken, ending: () => ending ?? before, end, release }, served);
  const work = async (): Promise<TakenRun["end"]> => {
    await earlier;
    if (taken.adopts) before = (await liveEntryOf(agent.services.state, key))?.cut;
    const isUntouched = !taken.adopts && run.state === "leased";
    const isServed = !isUntouched || served.definitions.of(taken.entry.queue).kind === "definition";
    const services = { ...servicesOf(served), log: prefixedLog(agent.services.log, run.run_id) };
    const holder = { served, services, key, writer, letGo: isElsewhere(run.resource) ? letGo.signal : undefined };
    const gone = `its queue "${taken.entry.queue}" can't be served any more`;
    try {
      const came = isServed ? await execute(taken, holder, stop.signal) : await writer.putBack(gone);
      await forgetHere(key, served);
      return came;
    } catch (error) {
      if (ending === "given-back" || ending === "dropped") await keepCut(key, ending, served);
      throw error;
    }
  };
  // Asked for while another had it, or while it was on its way here.
  if (taken.entry.cancelRequested) end("cancelled");
  return {
    runId: run.run_id,
    attempt: key,
    key: taken.entry.key,
    queue: taken.entry.queue,
    slots: taken.slots,
    isActive: () => active,
    see: (entry, begun) => {
      if (!active || !writer.see(entry, begun)) return;
      if (entry?.cancelRequested === true) end("cancelled");
    },
    end,
    over: work().then((end) => ({ runId: run.run_id, queue: taken.entry.queue, attempt: run.attempt, end })),
  };
}

/** For who goes on with it: its end says no more than that it was cut short. */
async function keepCut(key: RunKey, cut: "given-back" | "dropped", { agent }: Served): Promise<void> {
  const { state, log } = agent.services;
  try {
    await updateLive(state, key, { cut });
  } catch (error) {
    log.warning(say`that it was given back can't be written down here: ${messageOf(error)}`);
  }
}

/** Nothing of it is left here, unless somebody else has begun with it again. */
async function forgetHere(key: RunKey, { agent }: Served): Promise<void> {
  const { state, log } = agent.services;
  try {
    const left = await liveEntryOf(state, key);
    if (left === undefined || left.launcher.pid === process.pid) await releaseLive(state, key);
  } catch (error) {
    log.warning(say`what is noted of it here could not be removed: ${messageOf(error)}`);
  }
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

type Holder = {
  readonly served: Served;
  readonly services: Services;
  readonly key: RunKey;
  readonly writer: HoldWriter;
  readonly letGo: AbortSignal | undefined;
};

/** Brings the run to its end here, whatever that is, and has it written. What fails is the run's end, in words. */
async function execute(taken: Taken, holder: Holder, signal: AbortSignal): Promise<TakenRun["end"]> {
  const { document, adopts } = taken;
  const { served, services, key, writer, letGo } = holder;
  // How it has ended, where its launch has not written that.
  let outcome = lostOutcome("it came to no end");
  try {
    const { place, ...admitted } = await admit(taken, holder);
    const launch = { ...admitted, key, place: { ...place, letGo }, writer, spareStore: services.store.spare };
    const came = adopts ? await adoptQueued(launch, services, signal) : await launchQueued(launch, services, signal);
    if (came === "left") return await writer.leave();
    if (came === "nothing") outcome = lostOutcome("its agent was killed before it had started the run");
  } catch (error) {
    const isUnbegun = !adopts && !writer.isEnding();
    const failure = isUnbegun ? await failureOfMachine(error, services) : undefined;
    if (failure !== undefined) {
      await clearHere(holder);
      served.agent.fail(failure);
      return await writer.putBack("this machine can't run it");
    }
    const known = error instanceof LaunchError || machineFault(error) !== undefined;
    if (!known)
      services.log.warning(
        say`this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    if (!writer.isEnding()) {
      await clearAll(taken, holder);
      services.log.warning(say`not started: ${messageOf(error)}`);
    }
    outcome = withoutSecrets(outcomeOfError(error), services);
  }
  const came = await writer.conclude(doneOf(ended(document, outcome, services.clock.now())));
  // What had ended elsewhere was kept until its end was in the store: without it, who comes next would take it for never started.
  if (letGo !== undefined && came.kind !== "fenced") await removeElsewhere(taken, holder);
  return came;
}

/** Of an error from before its launch, or beside it: nobody has taken anything out of its words by then. */
function withoutSecrets(outcome: RunOutcome, { environment, tokens }: Services): RunOutcome {
  if (outcome.state === "succeeded") return outcome;
  const redact = redactionOfPlace({ secrets: {} }, { environment, tokens });
  return { ...outcome, message: redactedMessage(outcome.message, redact) };
}

/** What keeps any run from beginning here; undefined where it is this run alone whose files are damaged. */
async function failureOfMachine(error: unknown, { state }: Services): Promise<LaunchError | undefined> {
  if (machineFault(error) === undefined) return undefined;
  return requireOwn(state).then(
    () => undefined,
    (refused: unknown) => machineFault(refused),
  );
}

/** What may be launched of it here. Throws `refused` with the reason. */
async function admit(taken: Taken, holder: Holder): Promise<Pick<QueuedLaunch, "document" | "checked" | "place">> {
  const { served, services, key } = holder;
  const { agent, storeIsOwn } = served;
  const { document, adopts } = taken;
  const over = tooMuch(document.run.queued?.slots ?? {}, agent.pool.total);
  if (over !== undefined && !adopts) throw new LaunchError("refused", over);
  const { config, launcher } = agent.services;
  const definition = await definitionFor(taken, key, served);
  const checked = await checkAgain({ document, definition, config, host: launcher.host, storeIsOwn });
  if (checked.definitionChanged) {
    services.log.info(say`the queue's definition has changed since it was enqueued; the present one holds`);
  }
  return { document, checked, place: placeOf(taken, definition, holder) };
}

/** What was started goes on as it was, also when its queue has changed since, or is gone. */
async function definitionFor({ adopts, document, entry }: Taken, key: RunKey, served: Served): Promise<QueueLookUp> {
  const left = adopts ? await liveEntryOf(served.agent.services.state, key) : undefined;
  // A store is believed in this where nothing is started by it any more, and the config is the ceiling still.
  const stored = adopts && isElsewhere(document.run.resource) ? document.record["queue_definition"] : undefined;
  const written = left?.definition ?? (isJsonObject(stored) ? stored : undefined);
  const definition = written === undefined ? undefined : readWrittenDefinition(written);
  return definition === undefined ? served.definitions.of(entry.queue) : { kind: "definition", definition };
}

/** A run that is refused may have been started by an agent that is gone. */
async function clearAll(taken: Taken, holder: Holder): Promise<void> {
  await clearHere(holder);
  if (taken.adopts && isElsewhere(taken.document.run.resource)) await removeElsewhere(taken, holder);
}

async function removeElsewhere({ document }: Taken, { key, services }: Holder): Promise<void> {
  try {
    await endElsewhere(document.run.resource, key, services);
  } catch (error) {
    services.log.warning(say`what is left of it elsewhere could not be removed: ${messageOf(error)}`);
  }
}

async function clearHere({ key, services }: Holder): Promise<void> {
  try {
    const entry = await liveEntryOf(services.state, key);
    if (entry === undefined || (entry.launcher.pid !== process.pid && (await isLauncherThere(entry, services.state))))
      return;
    await clearRemains(entry, services);
  } catch (error) {
    services.log.warning(say`what is left of it could not be removed: ${messageOf(error)}`);
  }
}

function placeOf({ slots }: Taken, definition: QueueLookUp, { served, key }: Holder): QueuedLaunch["place"] {
  const { pool, request, services } = served.agent;
  const manages = (pool.total["gpu"] ?? 0) > 0;
  return {
    slots,
    storeId: served.storeId,
    ...(definition.kind === "definition" ? { definition: writtenDefinition(definition.definition) } : {}),
    devices: manages ? { gpu: slots["gpu"] ?? [] } : undefined,
    outlives: {
      keepAliveFile: services.state.keepAliveFile(nameOfAttempt(key)),
      graceMs: boundsOf(request.lease.ttlMs).supervisionMs,
    },
    cancelGraceMs: request.onSignal === "end" ? shortGraceMs : longGraceMs,
  };
}
