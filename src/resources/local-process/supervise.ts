import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isFileMissing, LaunchError } from "../../core/errors.ts";
import type { OutputStream } from "../../core/output/log.ts";
import { isRunning, nameProcess } from "../../core/process-identity.ts";
import { startGroup } from "../../core/process.ts";
import type { Outlives, OutputSink } from "../resource.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import { lostOutcome, notFollowed, pause } from "./follow.ts";
import type { ProcessTree } from "./process-tree.ts";
import type { RunState } from "./run-state.ts";
import type { SupervisorOrder } from "./supervisor.ts";
import { supervisorArguments } from "./supervisor-program.ts";

export type SupervisedStart = {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Variables of `env` that the run is known by. */
  readonly marks: Readonly<Record<string, string>>;
  readonly outlives: Outlives;
  readonly state: RunState;
};

/** A supervisor needs few objects, and many of them may run. */
const memoryOptions = ["--max-semi-space-size=1", "--max-old-space-size=64"];

/**
 * Starts the run below a supervisor. The supervisor is written down before it gets its order, so whoever comes after a kill at any
 * moment either finds it at work, or nothing was started.
 */
export async function startSupervised(start: SupervisedStart): Promise<void> {
  const { state, outlives } = start;
  const group = await startGroup({
    command: process.execPath,
    args: [...memoryOptions, ...supervisorArguments],
    doing: "starting the run's supervisor",
    env: {},
    stdin: "pipe",
  });
  try {
    await state.writeSupervisor((await nameProcess(group.pid)) ?? { pid: group.pid, started: "" });
    const order: SupervisorOrder = {
      folder: state.folder,
      command: start.program,
      args: start.args,
      directory: start.directory,
      env: start.env,
      marks: Object.entries(start.marks).map(([name, value]) => `${name}=${value}`),
      keepAliveFile: outlives.keepAliveFile,
      graceMs: outlives.graceMs,
    };
    const answered = firstLine(group.stdout);
    group.child.stdin?.on("error", () => undefined).end(JSON.stringify(order));
    const answer = await answered;
    const pid = answer === undefined ? undefined : numberIn(answer, /"pid":(\d+)/);
    if (pid === undefined) throw notStarted(start.program, answer ?? (await text(group.stderr)).trim());
    await state.writeProcess((await nameProcess(pid)) ?? { pid, started: "" });
  } finally {
    // Its pipes and its handle would keep this process from ending.
    group.stdout.destroy();
    group.stderr.destroy();
    group.child.unref();
  }
}

function notStarted(program: string, answer: string): LaunchError {
  if (answer.includes('"ENOENT"')) {
    return new LaunchError("tool-missing", `starting the run: the program "${program}" is not on PATH; install it`);
  }
  return new LaunchError("submit-failed", `starting the run: "${program}" could not be started: ${answer}`);
}

async function firstLine(stream: AsyncIterable<Buffer>): Promise<string | undefined> {
  let line = "";
  for await (const chunk of stream) {
    line += chunk.toString();
    if (line.includes("\n")) return line;
  }
  return undefined;
}

function numberIn(line: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Reads a supervised run's output from its start, and goes on to its end. Any number of processes may do so. */
export async function followSupervised(
  state: RunState,
  tree: ProcessTree,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<ResourceOutcome> {
  const changes = changesOf(state.folder);
  const reader = frameReader(join(state.folder, "output"), sink, signal);
  try {
    for (let gone = 0; ;) {
      // Asked before the end is read up to, or what came in between would be missed.
      const outcome = await state.readOutcome();
      await reader.readOn();
      if (outcome !== undefined) return outcome;
      gone = (await isThere(state, tree)) ? 0 : gone + 1;
      // It writes its outcome and is gone a moment after: asked twice.
      if (gone > 1) return lostOutcome;
      await Promise.race([changes.next(), pause(gone > 0 ? 100 : pollMs, signal)]);
    }
  } finally {
    changes.close();
    await reader.close();
  }
}

/** A change wakes us at once; this is for file systems that tell of none, and for a supervisor that was killed. */
const pollMs = 1_000;

async function isThere(state: RunState, tree: ProcessTree): Promise<boolean> {
  const supervisor = await state.readSupervisor();
  return (supervisor !== undefined && (await isRunning(supervisor))) || (await tree.isThere());
}

/** Wakes whoever waits when something in a folder changes. */
function changesOf(folder: string): { next(): Promise<void>; close(): void } {
  let wake: () => void = () => undefined;
  let changed = false;
  const tell = (): void => {
    changed = true;
    wake();
  };
  const watcher = watchIfPossible(folder, tell);
  return {
    next: async () => {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
    },
    close: () => watcher?.close(),
  };
}

/** A machine has a bound on its watches; without one the poll alone finds the end. */
function watchIfPossible(folder: string, tell: () => void): { close(): void } | undefined {
  try {
    return watch(folder, tell).on("error", () => undefined);
  } catch {
    return undefined;
  }
}

const headBytes = 5;
const readBytes = 256 * 1024;

/** Passes the frames of an output file on, as far as they are whole. */
function frameReader(
  path: string,
  sink: OutputSink,
  signal: AbortSignal,
): { readOn(): Promise<void>; close(): Promise<void> } {
  let file: FileHandle | undefined;
  let buffer: Buffer | undefined;
  let rest: Buffer = Buffer.alloc(0);
  const frames = async (): Promise<void> => {
    while (rest.length >= headBytes) {
      const end = headBytes + rest.readUInt32BE(1);
      if (rest.length < end) return;
      const stream: OutputStream = rest.readUInt8(0) === 2 ? "stderr" : "stdout";
      const chunk = rest.subarray(headBytes, end);
      rest = rest.subarray(end);
      if (signal.aborted) throw notFollowed(signal.reason);
      await sink(stream, chunk);
    }
  };
  let position = 0;
  return {
    readOn: async () => {
      file ??= await openIfThere(path);
      for (let bytesRead = 1; file !== undefined && bytesRead > 0;) {
        if (signal.aborted) throw notFollowed(signal.reason);
        buffer ??= Buffer.allocUnsafe(readBytes);
        ({ bytesRead } = await file.read(buffer, 0, readBytes, position));
        position += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        await frames();
      }
    },
    close: async () => file?.close(),
  };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

const supervisorEndsWithinMs = 6_000;

/** After the run was ended: the supervisor writes the outcome and goes; one that doesn't is killed. */
export async function endSupervisor(state: RunState): Promise<void> {
  const supervisor = await state.readSupervisor();
  if (supervisor === undefined) return;
  const deadline = performance.now() + supervisorEndsWithinMs;
  for (let wait = 5; await isRunning(supervisor); wait = Math.min(wait * 2, 100)) {
    if (performance.now() >= deadline) {
      process.kill(supervisor.pid, "SIGKILL");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
