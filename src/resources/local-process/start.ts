import { constants } from "node:os";
import { LaunchError } from "../../core/errors.ts";
import { type OutputPump, pumpOutput } from "../../core/output/output-pump.ts";
import { nameProcess, type ProcessName } from "../../core/process-identity.ts";
import { type ProcessExit, type ProcessGroup, signalGroup, startGroup } from "../../core/process.ts";
import type { Outlives, RunRequest } from "../resource.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import { markerOf } from "./process-tree.ts";
import type { RunState } from "./run-state.ts";
import { startSupervised } from "./supervise.ts";

export type StartRequest = {
  readonly request: RunRequest;
  readonly command: readonly string[];
  readonly directory: string;
  /** What of the launcher's own environment the run gets. */
  readonly base: Readonly<Record<string, string>>;
  readonly state: RunState;
  readonly signal: AbortSignal;
};

/** Starts the run below a supervisor that outlives us. A failure leaves neither process nor state behind. */
export async function startOutliving(start: StartRequest, outlives: Outlives): Promise<void> {
  const { request, command, state, signal } = start;
  const [program = "", ...rest] = command;
  const args = [...rest, ...request.args];
  const env = environmentOf(start);
  refuseNul({ ...env, ...Object.fromEntries(args.map((arg, i) => [`argument ${i + 1}`, arg])) });
  try {
    signal.throwIfAborted();
    const marks = markerOf(request);
    await startSupervised({ program, args, directory: start.directory, env, marks, outlives, state });
  } catch (error) {
    await state.remove();
    if (signal.aborted) throw new LaunchError("cancelled", "cancelled before the run was started", { cause: error });
    throw error;
  }
}

export type StartedProcess = {
  readonly group: ProcessGroup;
  readonly pump: OutputPump;
  readonly name: ProcessName;
  /** Whether the pid still names our child's group. The kernel gives it to nobody else while a member of the group is left. */
  isOurs(): boolean;
  readonly outcome: Promise<ResourceOutcome>;
  /** Resolves when the outcome is written down for others, or can't be. */
  readonly recorded: Promise<void>;
};

/** Starts the run and writes down who it is. A failure leaves neither process nor state behind. */
export async function startProcess(start: StartRequest): Promise<StartedProcess> {
  const { request, command, state, signal } = start;
  const [program = "", ...rest] = command;
  const args = [...rest, ...request.args];
  const env = environmentOf(start);
  let group: ProcessGroup | undefined;
  try {
    signal.throwIfAborted();
    refuseNul({ ...env, ...Object.fromEntries(args.map((arg, i) => [`argument ${i + 1}`, arg])) });
    group = await startGroup({ command: program, args, doing: "starting the run", cwd: start.directory, env });
    const pump = pumpOutput(group);
    // One that has ended already has no name any more, and needs none: nothing is left to be found.
    const name = (await nameProcess(group.pid)) ?? { pid: group.pid, started: "" };
    await state.writeProcess(name);
    const outcome = group.exited.then(outcomeOf);
    return {
      group,
      pump,
      name,
      isOurs: ownershipOf(group),
      outcome,
      // It is for others who may adopt the run: a full disk takes it from them, and nothing from this one.
      recorded: outcome.then((ended) => state.writeOutcome(ended)).catch(() => undefined),
    };
  } catch (error) {
    await group?.end(0);
    await state.remove();
    if (signal.aborted) throw new LaunchError("cancelled", "cancelled before the run was started", { cause: error });
    throw error;
  }
}

function ownershipOf({ pid, exited }: ProcessGroup): () => boolean {
  let headEnded = false;
  let over = false;
  void exited.then(() => (headEnded = true));
  return () => {
    over ||= headEnded && !signalGroup(pid, 0);
    return !over;
  };
}

/** The mark is last: a run can't take itself out of sight by its own `env`. */
function environmentOf({ request, base }: StartRequest): Record<string, string> {
  return {
    ...base,
    ...request.env,
    ...request.secrets,
    ...(request.devices === undefined ? {} : { CUDA_VISIBLE_DEVICES: request.devices.gpu.join(",") }),
    LAUNCH_OUTPUT_DIR: request.outputDirectory,
    LAUNCH_RUN_ID: request.runId,
    LAUNCH_ATTEMPT: String(request.attempt),
    ...markerOf(request),
  };
}

/** Node refuses these too, but with the value, which may be a secret, in its message. */
function refuseNul(values: Readonly<Record<string, string>>): void {
  const bad = Object.keys(values).find((name) => values[name]?.includes("\0"));
  if (bad === undefined) return;
  throw new LaunchError(
    "submit-failed",
    `${bad} holds a NUL character, which no process can be given; encode the value`,
  );
}

function outcomeOf(exit: ProcessExit): ResourceOutcome {
  if (exit.kind === "exited") return exit;
  return { kind: "signalled", signal: exit.signal, exitCode: 128 + constants.signals[exit.signal] };
}
