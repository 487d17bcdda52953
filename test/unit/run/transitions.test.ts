import { describe, expect, it, test } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import type { Lease, QueuedHead, RunHead } from "../../../src/run/head.ts";
import type { RunRecord } from "../../../src/run/record.ts";
import { type RunState, runStates } from "../../../src/run/states.ts";
import * as run from "../../../src/run/transitions.ts";
import * as between from "../../../src/run/transitions/between-stores.ts";
import { doneOf, type Transition } from "../../../src/run/transitions.ts";
import { queuedDocument, runDocument } from "../../support/stores/run-document.ts";

const before = "2026-11-23T10:30:00.000Z";
const noon = "2026-11-23T12:00:00.000Z";
const now = new Date(noon);
const lease: Lease = { agent: "box", incarnation: "box-1", attempt: 2, since: before };
const another: Lease = { agent: "ant", incarnation: "ant-1", attempt: 2, since: noon };

const startedAt = { started_at: "2026-11-23T10:10:00.000Z" };
const failure = { reason: "exit-code", message: "exit code 3", exit_code: 3, finished_at: before } as const;
const said: Readonly<Record<RunState, Partial<Said> & { lease?: Lease }>> = {
  queued: { attempt: 1 },
  leased: { attempt: 2, lease },
  building: { attempt: 2, lease },
  starting: { attempt: 2, lease },
  running: { attempt: 2, lease, ...startedAt },
  succeeded: { attempt: 2, ...startedAt, exit_code: 0, finished_at: before },
  failed: { attempt: 2, ...startedAt, ...failure },
  cancelled: { attempt: 2, ...startedAt, reason: "cancelled", message: "cancelled while it ran", finished_at: before },
};
/** What a record says of an attempt, besides its state. */
const ofAnAttempt: JsonObject = {
  outputs: [{ path: "model.bin", bytes: 1, sha256: "0".repeat(64) }],
  log: { lines: 1, bytes: 2, file: "/log.txt", complete: true },
  handle: { kind: "local-process", name: "launch-run-a-2", details: {} },
  image: { reference: "digits:1", outcome: "built" },
  command: ["python", "main.py"],
};

type Said = Pick<RunHead, "attempt" | "reason" | "message" | "exit_code" | "started_at" | "finished_at">;

/** The same of a record, which knows of no lease. */
function toldOf(state: RunState): Partial<Said> {
  const copy = { ...said[state] };
  delete copy.lease;
  return copy;
}

/** A run of a queue in this state, whose head and record say the same. */
function inState(state: RunState, queued: Partial<QueuedHead> = {}): RunDocument {
  const document = queuedDocument("run-a", queued, { state, ...said[state] });
  const record = { ...document.record, ...toldOf(state), ...ofAnAttempt, phases: [], warnings: [] };
  return { ...document, record: { ...record, ...(state === "leased" ? { state: "queued", attempt: 1 } : {}) } };
}

type Told = Partial<Record<keyof RunHead, unknown>>;
/** Of a head all that transitions write; a record has the same but for the last two lines. */
const fields = ["state", "attempt", "reason", "message", "exit_code", "started_at", "finished_at"] as const;
const ofHeads = ["updated_at", "lease", "moved"] as const;

function told(value: Readonly<Record<string, unknown>>, names: readonly string[]): Told {
  return Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]])));
}

type Row = {
  readonly name: string;
  readonly apply: (document: RunDocument) => Transition;
  /** The states in which it is allowed, and what the head says after it. */
  readonly allowed: Partial<Record<RunState, Told>>;
  /** What the record says that is not what the head says. */
  readonly recordSays?: Told;
};

const written = { updated_at: noon };
const noLease = { ...written };
const again = (attempt: number): Told => ({ state: "queued", attempt, ...noLease });
const cancelledNow = (message: string, attempt = 1): Told => ({
  ...{ state: "cancelled", attempt, reason: "cancelled", message, finished_at: noon },
  ...written,
});
const imageGone = { state: "failed", reason: "image-pull", message: "no such image" } as const;
const imageGoneSaid: Told = { ...imageGone, attempt: 2, finished_at: noon, ...written };
const lostSaid: Told = {
  ...{ state: "failed", reason: "lost", message: "agent box is gone", attempt: 2, finished_at: noon },
  ...written,
};
const handed: Told = { attempt: 2, lease: another, ...written };
const cutSaid = (reason: string, message: string): Told => ({
  ...{ state: "cancelled", reason, message, attempt: 2, finished_at: before },
  ...startedAt,
  ...written,
});

const table: readonly Row[] = [
  {
    name: "taken",
    apply: (document) => run.taken(document, another),
    allowed: { queued: { state: "leased", ...handed } },
    recordSays: { state: "queued", attempt: 1 },
  },
  {
    name: "untaken",
    apply: (document) => run.untaken(document, now),
    allowed: { leased: again(1) },
  },
  {
    name: "taken over",
    apply: (document) => run.takenOver(document, another),
    allowed: {
      leased: { state: "leased", ...handed },
      building: { state: "building", ...handed },
      starting: { state: "starting", ...handed },
      running: { state: "running", ...handed, ...startedAt },
    },
  },
  {
    name: "ended",
    apply: (document) => run.ended(document, imageGone, now),
    allowed: {
      leased: imageGoneSaid,
      building: imageGoneSaid,
      starting: imageGoneSaid,
      running: { ...imageGoneSaid, ...startedAt },
    },
  },
  {
    name: "lost",
    apply: (document) => run.lost(document, "agent box is gone", now),
    allowed: {
      leased: lostSaid,
      building: lostSaid,
      starting: lostSaid,
      running: { ...lostSaid, ...startedAt },
    },
  },
  {
    name: "concluded",
    apply: (document) => run.concluded(document, []),
    allowed: {
      succeeded: { ...said.succeeded, state: "succeeded", updated_at: "2026-11-23T10:00:00.000Z" },
      failed: { ...said.failed, state: "failed", updated_at: "2026-11-23T10:00:00.000Z" },
      cancelled: { ...said.cancelled, state: "cancelled", updated_at: "2026-11-23T10:00:00.000Z" },
    },
  },
  {
    name: "waiting again",
    apply: (document) => run.waitsAgain(document, { attempts: [], delayMs: 0 }, now),
    allowed: { failed: again(2), cancelled: again(2) },
  },
  {
    name: "stopped",
    apply: (document) => run.stopped(document, now),
    allowed: { cancelled: cutSaid("cancelled", "its agent was stopped") },
  },
  {
    name: "preempted",
    apply: (document) => run.preempted(document, now),
    allowed: {
      cancelled: cutSaid("preempted", "its agent had to stop, and its retry policy asks for no other attempt"),
    },
  },
  {
    name: "unwanted",
    apply: (document) => run.unwanted(document, now),
    allowed: { failed: { ...cutSaid("cancelled", "cancelled; exit code 3"), exit_code: 3 } },
  },
  {
    name: "cancelled",
    apply: (document) => run.cancelled(document, "octocat says so", now),
    allowed: { queued: cancelledNow("octocat says so") },
  },
  {
    name: "prioritized",
    apply: (document) => run.prioritized(document, 0, now),
    allowed: { queued: again(1) },
  },
  {
    name: "requeued",
    apply: (document) => run.requeued(document, now),
    allowed: { succeeded: again(2), failed: again(2), cancelled: again(2) },
  },
  {
    name: "held",
    apply: (document) => between.held(document, "git+file:///old", now),
    allowed: {
      queued: {
        ...again(1),
        message: "is being moved here from git+file:///old",
        moved: { from: "git+file:///old" },
      },
    },
  },
  {
    name: "moved elsewhere",
    apply: (document) => between.movedTo(document, "postgres://new", now),
    allowed: { queued: { ...cancelledNow("moved to postgres://new"), moved: { to: "postgres://new" } } },
  },
  {
    name: "released",
    apply: (document) => between.released(document, document.run, now),
    allowed: { queued: again(1) },
  },
  {
    name: "given up as a copy",
    apply: (document) => between.stayed(document, "git+file:///old", now),
    allowed: { queued: cancelledNow("stayed in git+file:///old") },
  },
];

describe.each(table)("a run that is to be $name", ({ apply, allowed, recordSays = {} }) => {
  it.each(runStates.filter((state) => state in allowed))("may be %s, and head and record say the same", (state) => {
    const document = inState(state);
    const { run: head, record } = doneOf(apply(document));
    const expected = allowed[state] ?? {};
    expect(told(head, [...fields, ...ofHeads])).toEqual(expected);
    const ofRecord = state === "leased" && record["attempt"] === 1 ? { state: "queued", attempt: 1 } : recordSays;
    expect(told(record, fields)).toEqual({ ...told(expected, fields), ...ofRecord });
  });

  it.each(runStates.filter((state) => !(state in allowed)))("is refused when it is %s", (state) => {
    const document = inState(state);
    const transition = apply(document);
    expect(transition.kind === "refused" ? transition.why : "").toContain(`run "run-a" is ${state}`);
    expect(() => doneOf(transition)).toThrow(LaunchError);
  });
});

const asked: Omit<RunRecord, "state"> = {
  ...{ schema_version: 1, run_id: "run-a", attempt: 2, name: "digits", entity: "octocat", project: "train" },
  launcher: { version: "1.0.0", host: "box", platform: "linux/x64", node: "24.0.0" },
  ...{ by: "octocat", resource: "local-process", resource_args: {}, args: [], run_config: {}, env: {}, secrets: {} },
  ...{ spec: {}, created_at: before, phases: [], warnings: [] },
};
const ofLaunch = (state: RunState): RunRecord => {
  return { ...asked, ...toldOf(state), attempt: 2, state };
};

type LaunchRow = {
  readonly name: string;
  readonly apply: (record: RunRecord) => Transition<RunRecord>;
  readonly allowed: Partial<Record<RunState, Told>>;
};

const succeededSaid: Told = { state: "succeeded", attempt: 2, exit_code: 0, finished_at: noon };
const launchTable: readonly LaunchRow[] = [
  {
    name: "building",
    apply: (record) => run.started(record, "building", now),
    allowed: { starting: { state: "building", attempt: 2 } },
  },
  {
    name: "starting",
    apply: (record) => run.started(record, "starting", now),
    allowed: { starting: { state: "starting", attempt: 2 }, building: { state: "starting", attempt: 2 } },
  },
  {
    name: "running",
    apply: (record) => run.started(record, "running", now),
    allowed: {
      starting: { state: "running", attempt: 2, started_at: noon },
      running: { state: "running", attempt: 2, ...startedAt },
    },
  },
  {
    name: "finished",
    apply: (record) => run.finished(record, { state: "succeeded", exitCode: 0 }, now),
    allowed: { building: succeededSaid, starting: succeededSaid, running: { ...succeededSaid, ...startedAt } },
  },
];

describe.each(launchTable)("a launch that says that its run is $name", ({ apply, allowed }) => {
  it.each(runStates.filter((state) => state in allowed))("may have it %s", (state) => {
    expect(told(doneOf(apply(ofLaunch(state))), fields)).toEqual(allowed[state]);
  });

  it.each(runStates.filter((state) => !(state in allowed)))("is refused when it is %s", (state) => {
    expect(apply(ofLaunch(state)).kind).toBe("refused");
  });
});

describe("a run begins", () => {
  const { queued } = queuedDocument("run-a").run;

  test("in a queue as queued, before its first attempt", () => {
    const { run: head, record } = run.enqueued({ ...asked, attempt: 1 }, queued!);
    expect(told(head, [...fields, ...ofHeads])).toEqual({ state: "queued", attempt: 0, updated_at: before });
    expect(head.queued).toEqual(queued);
    expect(told(record, fields)).toEqual({ state: "queued", attempt: 0 });
  });

  test("an attempt as starting", () => {
    expect(told(run.opened(asked), fields)).toEqual({ state: "starting", attempt: 2 });
  });
});

describe("a run that waits for another attempt", () => {
  const attempts = [{ attempt: 2, agent: "box", state: "failed", ended_at: noon }] as const;
  const failed = inState("failed", { not_before: before });
  const record = {
    ...failed.record,
    phases: [{ phase: "run", ms: 5 }],
    warnings: ["the disk is slow"],
    metrics: { accuracy: 0.5 },
    spec: { env: { SEED: "1" } },
    env: { SEED: "1", LAUNCH_ATTEMPT: "2" },
    args: ["--lr", "0.1"],
  };
  const document: RunDocument = { ...failed, run: { ...failed.run, metrics: { accuracy: 0.5 } }, record };
  const retried = doneOf(run.waitsAgain(document, { attempts, delayMs: 60_000 }, now));
  const requeued = doneOf(run.requeued({ ...document, record: { ...record, attempts } }, now));

  it.each([
    ["retried", retried],
    ["requeued", requeued],
  ])("says nothing of the last one but among its attempts, when it is %s", (_name, waiting) => {
    for (const gone of ["outputs", "log", "handle", "image", "command", "metrics", "started_at", "finished_at"])
      expect(waiting.record).not.toHaveProperty(gone);
    expect(waiting.run).not.toHaveProperty("metrics");
    expect(waiting.record).toMatchObject({ phases: [], warnings: [], env: { SEED: "1" }, attempts });
    expect(waiting.record["args"]).toEqual(["--lr", "0.1"]);
  });

  test("is due at once when it was requeued, behind the others, and may be tried once more", () => {
    expect(requeued.run.queued).toMatchObject({ enqueued_at: noon, attempts_max: 3 });
    expect(requeued.run.queued).not.toHaveProperty("not_before");
    const last = { ...document, run: { ...document.run, attempt: 3 } };
    expect(doneOf(run.requeued(last, now)).run.queued?.attempts_max).toBe(4);
  });

  test("is due after its delay when it was retried, and at once without one", () => {
    expect(retried.run.queued).toMatchObject({ not_before: "2026-11-23T12:01:00.000Z", attempts_max: 3 });
    const atOnce = doneOf(run.waitsAgain(document, { attempts, delayMs: 0 }, now));
    expect(atOnce.run.queued).not.toHaveProperty("not_before");
  });

  test("is refused when nothing is said of its queue", () => {
    expect(run.requeued(runDocument("run-a", { state: "failed" }), now).kind).toBe("refused");
  });
});

describe("a run that goes from one store to another", () => {
  const [old, other] = ["git+file:///old", "postgres://new"];
  const waits = inState("queued", { not_before: "2026-11-23T13:00:00.000Z" });
  const copy = doneOf(between.held(waits, old, now));
  const gone = doneOf(between.movedTo(waits, other, now));

  test("is held as a copy that no agent starts, and says where it comes from", () => {
    expect(copy.run.queued?.not_before).toBe("9999-12-31T23:59:59.999Z");
    expect(between.heldFrom(copy.run)).toBe(old);
    expect(between.heldFrom(waits.run)).toBeUndefined();
  });

  test("has ended where it was, and says where it went", () => {
    expect(between.isMovedTo(gone.run, other)).toBe(true);
    expect(between.isMovedTo(gone.run, old)).toBe(false);
    expect(between.isMovedTo(inState("cancelled").run, other)).toBe(false);
  });

  test("goes on at its own time, with what was changed of the copy", () => {
    const urgent = doneOf(run.prioritized(copy, 0, now));
    const released = doneOf(between.released(urgent, waits.run, now));
    expect(released.run.queued).toMatchObject({ priority: 0, not_before: "2026-11-23T13:00:00.000Z" });
    expect(between.heldFrom(released.run)).toBeUndefined();
    expect(released.run).not.toHaveProperty("message");
    expect(released.record).not.toHaveProperty("message");
  });

  test("is understood as an older launch has written it, by the words alone", () => {
    const never = "9999-12-31T23:59:59.999Z";
    const oldCopy = queuedDocument("run-a", { not_before: never }, { message: `is being moved here from ${old}` });
    const oldEnd = queuedDocument("run-a", {}, { ...said.cancelled, state: "cancelled", message: `moved to ${other}` });
    expect(between.heldFrom(oldCopy.run)).toBe(old);
    expect(between.isMovedTo(oldEnd.run, other)).toBe(true);
  });

  test("is no copy because its submitter wrote the words into a message", () => {
    const words = { ...waits.run, message: `is being moved here from ${old}` };
    expect(between.heldFrom(words)).toBeUndefined();
  });
});
