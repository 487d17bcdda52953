import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { writeWhole } from "../../core/folders/write-whole.ts";
import { nameProcess, type ProcessName } from "../../core/process-identity.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import type { NamedAttempt } from "../../run/handle.ts";

/*
 * What is known of a run on this machine, in a folder of its own, so that another process can find, end and remove it:
 * `claimer.json`, the launcher that starts it, `process.json`, the head of its group, and `outcome.json`, how it ended, which that launcher
 * writes. A run that outlives its launcher has `supervisor.json` too, the process that writes its outcome, and its `output`.
 * Making the folder is what decides who starts the run. Its name is the attempt's whole identity, so that nothing else has it: a path in
 * a handle would be one that others can choose.
 */
export type RunState = {
  readonly folder: string;
  /** Makes the folder; false when it is there already, so the run was started before. */
  claim(): Promise<boolean>;
  /** Who made the folder, and so starts the run. */
  readClaimer(): Promise<ProcessName | undefined>;
  exists(): Promise<boolean>;
  writeProcess(name: ProcessName): Promise<void>;
  readProcess(): Promise<ProcessName | undefined>;
  writeSupervisor(name: ProcessName): Promise<void>;
  /** Undefined for a run that its launcher watches itself. */
  readSupervisor(): Promise<ProcessName | undefined>;
  /** Does nothing when the folder is gone: then nobody will ask. */
  writeOutcome(outcome: ResourceOutcome): Promise<void>;
  readOutcome(): Promise<ResourceOutcome | undefined>;
  remove(): Promise<void>;
};

export const kind = "local-process";

export function runStateOf(cacheDirectory: string, { identity }: NamedAttempt): RunState {
  const folder = join(cacheDirectory, "processes", identity);
  return {
    folder,
    claim: async () => {
      await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
      try {
        await mkdir(folder, { mode: 0o700 });
      } catch (error) {
        if (systemCode(error) === "EEXIST") return false;
        throw error;
      }
      const claimer = await nameProcess(process.pid);
      if (claimer !== undefined) await writeWhole(join(folder, "claimer.json"), JSON.stringify(claimer));
      return true;
    },
    readClaimer: async () => processIn(await readJson(join(folder, "claimer.json"))),
    exists: async () => (await readText(join(folder, "."))) !== undefined,
    writeProcess: (name) => writeWhole(join(folder, "process.json"), JSON.stringify(name)),
    readProcess: async () => processIn(await readJson(join(folder, "process.json"))),
    writeSupervisor: (name) => writeWhole(join(folder, "supervisor.json"), JSON.stringify(name)),
    readSupervisor: async () => processIn(await readJson(join(folder, "supervisor.json"))),
    writeOutcome: async (outcome) => {
      try {
        await writeWhole(join(folder, "outcome.json"), JSON.stringify(outcome));
      } catch (error) {
        if (systemCode(error) !== "ENOENT") throw error;
      }
    },
    readOutcome: async () => outcomeIn(await readJson(join(folder, "outcome.json"))),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The text of a file, "" for a folder, undefined when there is neither. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "EISDIR") return "";
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readJson(path: string): Promise<object | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? value : undefined;
}

function processIn(value: object | undefined): ProcessName | undefined {
  if (value === undefined || !("pid" in value) || !("started" in value)) return undefined;
  const { pid, started } = value;
  return typeof pid === "number" && pid > 1 && typeof started === "string" ? { pid, started } : undefined;
}

const abandonedWords = "its agent was gone for longer than its lease allows, so it was ended";

function outcomeIn(value: object | undefined): ResourceOutcome | undefined {
  if (value === undefined || !("kind" in value) || !("exitCode" in value)) return undefined;
  const { kind: how, exitCode } = value;
  if (typeof exitCode !== "number") return undefined;
  if (how === "abandoned") return { kind: "failed", reason: "lost", message: abandonedWords, exitCode };
  if (how === "exited") return { kind: "exited", exitCode };
  if (how !== "signalled" || !("signal" in value) || typeof value.signal !== "string") return undefined;
  return { kind: "signalled", signal: value.signal, exitCode };
}
