import { type ChildProcessByStdio, spawn } from "node:child_process";
import {
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";

/*
 * The supervisor of a run that outlives its launcher: a Node process of its own (see supervisor-program.ts for how it is started). It imports
 * Node's own modules and nothing of ours, because its text alone is what the bundle has.
 *
 * Its order comes on stdin: what to run, and the folder to keep the run's state in. It answers with one line on stdout. Then
 *
 *   output        in frames of a stream's number (1, 2), a length (32 bits, big-endian) and the bytes: the streams stay apart and in
 *                 order. Where the disk is full, output is dropped and counted, and the run goes on
 *   end           what the run has left running gets 2 s, then SIGTERM, then SIGKILL; `outcome.json` is renamed into place
 *   agent's end   each eighth of the grace the keep-alive file is removed; an agent makes it again. Missed eight times, the run is ended
 *
 * Nobody signals the supervisor: it has neither the run's group nor its mark.
 */
export type SupervisorOrder = {
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value` of the variables that the run is known by. */
  readonly marks: readonly string[];
  readonly keepAliveFile: string;
  readonly graceMs: number;
};

const looksPerGrace = 8;
/** After the head's end: what is left gets a signal when it has had that long. Past the last of all it is left alone. */
const leftoverSteps: readonly { readonly afterMs: number; readonly name: NodeJS.Signals }[] = [
  { afterMs: 2_000, name: "SIGTERM" },
  { afterMs: 4_000, name: "SIGKILL" },
];
const leftoverMs = 5_000;
/** An hour, for a full disk to get room again. */
const recordTries = 7_200;

const order = readOrder();
const file = openSync(`${order.folder}/output`, "a", 0o600);
let size = fstatSync(file).size;
let dropped = 0;
let abandoned = false;

const child = startRun();
child.on("error", (error) => {
  if (child.pid === undefined) giveUp(error);
});
child.on("spawn", () => answer({ pid: child.pid }));
child.stdout.on("data", (bytes: Buffer) => keep(1, bytes));
child.stderr.on("data", (bytes: Buffer) => keep(2, bytes));
child.on("exit", (exitCode, name) => {
  const seen =
    name === null
      ? { kind: "exited", exitCode }
      : { kind: "signalled", signal: name, exitCode: 128 + constants.signals[name] };
  settle(abandoned ? { kind: "abandoned", exitCode: seen.exitCode } : seen);
});

let missed = 0;
const watch = setInterval(() => {
  try {
    unlinkSync(order.keepAliveFile);
    missed = 0;
  } catch {
    missed++;
  }
  if (missed < looksPerGrace || abandoned) return;
  abandoned = true;
  signal("SIGTERM");
  setTimeout(signal, Math.min(10_000, order.graceMs / 25), "SIGKILL");
}, order.graceMs / looksPerGrace);

/** Without an order (its launcher was killed before it) there is nothing to do. */
function readOrder(): SupervisorOrder {
  const value: unknown = JSON.parse(readFileSync(0, "utf8") || "null");
  if (!isOrder(value)) process.exit(0);
  return value;
}

/** Sound for what startSupervised writes, and nobody else writes to this process. */
function isOrder(value: unknown): value is SupervisorOrder {
  return typeof value === "object" && value !== null && "folder" in value && "command" in value;
}

function startRun(): ChildProcessByStdio<null, Readable, Readable> {
  const { command, args, directory, env } = order;
  try {
    return spawn(command, args, { cwd: directory, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    return giveUp(error);
  }
}

function giveUp(error: unknown): never {
  answer({ code: codeOf(error) ?? "EINVAL" });
  process.exit(0);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function answer(value: object): void {
  try {
    writeSync(1, `${JSON.stringify(value)}\n`);
  } catch {
    // The launcher is gone by now; whoever comes after it finds the run by its state.
  }
}

function keep(stream: number, bytes: Buffer): void {
  const words = `launch: ${dropped} bytes of output could not be written and are lost\n`;
  if (dropped > 0 && writeFrame(2, Buffer.from(words))) dropped = 0;
  if (dropped > 0 || !writeFrame(stream, bytes)) dropped += bytes.length;
}

/** Writes a frame whole, or not at all. */
function writeFrame(stream: number, bytes: Buffer): boolean {
  const head = Buffer.alloc(5);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(bytes.length, 1);
  const frame = Buffer.concat([head, bytes]);
  try {
    for (let done = 0; done < frame.length;) done += writeSync(file, frame, done);
    size += frame.length;
    return true;
  } catch {
    attempt(() => ftruncateSync(file, size));
    return false;
  }
}

/** To the run's group, and to what left it and still has its mark. */
function signal(name: NodeJS.Signals): void {
  const { pid } = child;
  if (pid !== undefined) attempt(() => process.kill(-pid, name));
  for (const other of processes() ?? []) {
    if (Number(other) === process.pid) continue;
    attempt(() => {
      const variables = `\0${readFileSync(`/proc/${other}/environ`, "latin1")}`;
      if (order.marks.every((mark) => variables.includes(`\0${mark}\0`))) process.kill(Number(other), name);
    });
  }
}

/** The processes of this machine; undefined where it doesn't tell. */
function processes(): readonly string[] | undefined {
  return attempt(() => readdirSync("/proc").filter((pid) => /^[0-9]+$/.test(pid)));
}

function attempt<Value>(action: () => Value): Value | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Whether a process of the run's group is left that is no zombie. */
function groupRuns(): boolean {
  const { pid } = child;
  if (pid === undefined) return false;
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  const isOfGroup = (other: string): boolean => {
    const stat = readFileSync(`/proc/${other}/stat`, "latin1");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(group) === pid && state !== "Z" && state !== "X";
  };
  return processes()?.some((other) => attempt(() => isOfGroup(other)) === true) ?? true;
}

/** Waits until nothing of the run is left, ends what stays too long, and writes the outcome down. */
function settle(outcome: object): void {
  const exitedAt = performance.now();
  const steps = [...leftoverSteps];
  let closed = false;
  let ended = false;
  const look = (): void => {
    if (ended) return;
    const age = performance.now() - exitedAt;
    if ((closed && !groupRuns()) || age > leftoverMs) {
      ended = true;
      clearInterval(watch);
      record(outcome, recordTries);
      return;
    }
    const [step] = steps;
    if (step !== undefined && age > step.afterMs) {
      steps.shift();
      signal(step.name);
    }
    setTimeout(look, 25);
  };
  child.on("close", () => {
    closed = true;
    look();
  });
  setTimeout(look, 25);
}

/** Renamed into place, and then this process is done. Where the folder is gone nobody will ask. */
function record(outcome: object, tries: number): void {
  const path = `${order.folder}/outcome.json`;
  try {
    writeFileSync(`${path}.new`, JSON.stringify(outcome), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && tries > 0) {
      setTimeout(record, 500, outcome, tries - 1);
      return;
    }
  }
  process.exit(0);
}
