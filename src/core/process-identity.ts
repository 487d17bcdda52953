import { close, open, read } from "node:fs";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { execute, signalGroup } from "./process.ts";

/*
 * Pids are used again, so a pid alone names no process for longer than a moment. With the time of its start it does; on Linux that is
 * counted in ticks since the boot, so the boot's id goes with it.
 */

/** Serialisable name of one process on this machine. */
export type ProcessName = { readonly pid: number; readonly started: string };

/** A process found by what is in its environment. */
export type MarkedProcess = ProcessName & { readonly group: number };

/** The name of a process that is there now; undefined when there is none, or only its exit code is left (a zombie). */
export async function nameProcess(pid: number): Promise<ProcessName | undefined> {
  const started = process.platform === "linux" ? (await readStat(pid))?.started : await startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether this very process is still there. */
export async function isRunning({ pid, started }: ProcessName): Promise<boolean> {
  return (await nameProcess(pid))?.started === started;
}

/**
 * All processes of this user whose environment holds these variables, whatever group or session they have put themselves into.
 * Only Linux shows a process's environment: elsewhere the list is empty, and the process group is all there is.
 */
export async function findMarkedProcesses(marker: Readonly<Record<string, string>>): Promise<readonly MarkedProcess[]> {
  if (process.platform !== "linux") return [];
  const wanted = Object.entries(marker).map(([name, value]) => Buffer.from(`\0${name}=${value}\0`));
  const found: MarkedProcess[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = await readFileOrNothing(`/proc/${entry}/environ`);
    if (environment === undefined) continue;
    const framed = Buffer.concat([Buffer.from([0]), environment]);
    if (!wanted.every((variable) => framed.includes(variable))) continue;
    const stat = await readStat(pid);
    if (stat !== undefined) found.push({ pid, ...stat });
  }
  return found;
}

/**
 * Whether anything of a process group still runs. A signal can be sent to a group of zombies too, and in a container whose init does not
 * reap, those stay.
 */
export async function isGroupRunning(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== "linux") return true;
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await readStat(pid))?.group === group) return true;
  }
  return false;
}

/** Fields of /proc/PID/stat (proc_pid_stat(5)); the name in brackets may hold spaces and brackets itself. */
async function readStat(pid: number): Promise<{ started: string; group: number } | undefined> {
  const [stat, boot] = await Promise.all([
    readFileOrNothing(`/proc/${pid}/stat`),
    readFileOrNothing("/proc/sys/kernel/random/boot_id"),
  ]);
  const text = stat?.toString() ?? "";
  const [state, , group, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = rest[16];
  if (ticks === undefined || state === "Z" || state === "X") return undefined;
  return { started: `${boot?.toString().trim() ?? ""}/${ticks}`, group: Number(group) };
}

/** macOS and the BSDs: `ps` says the start to the second. */
async function startOf(pid: number): Promise<string | undefined> {
  const { exitCode, stdout } = await execute({
    command: "ps",
    args: ["-o", "stat=,lstart=", "-p", String(pid)],
    doing: `looking for process ${pid}`,
    signal: new AbortController().signal,
    timeoutMs: 10_000,
    env: { ...process.env, LC_ALL: "C" },
  });
  const line = stdout.toString().trim();
  return exitCode !== 0 || line === "" || line.startsWith("Z") ? undefined : line.replace(/^\S+\s+/, "");
}

const opened = promisify(open);
const closed = promisify(close);
const partRead = promisify(read);
const firstBytes = 4_096;

/**
 * Processes end and belong to others: what can't be read is not there for us. A file of /proc has no size to ask for, and each of a
 * thousand processes is looked at: readFile would take 64 KiB and two requests more for every one.
 */
async function readFileOrNothing(path: string): Promise<Buffer | undefined> {
  let descriptor: number | undefined;
  try {
    descriptor = await opened(path, "r");
    const parts: Buffer[] = [];
    for (let size = firstBytes; ; size *= 4) {
      const { bytesRead, buffer } = await partRead(descriptor, Buffer.allocUnsafe(size), 0, size, null);
      parts.push(buffer.subarray(0, bytesRead));
      // The kernel gives all that is asked for while there is more.
      if (bytesRead < size) return Buffer.concat(parts);
    }
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) await closed(descriptor);
  }
}
