import { setTimeout as delay } from "node:timers/promises";
import { systemCode } from "../../core/errors.ts";
import {
  findMarkedProcesses,
  isGroupRunning,
  isRunning,
  type MarkedProcess,
  type ProcessName,
} from "../../core/process-identity.ts";
import { signalGroup } from "../../core/process.ts";
import type { NamedAttempt } from "../../run/handle.ts";

/** Set in a run's environment and inherited by all that it starts, so that what left its process group is still known as its own. */
export function markerOf({ identity }: Pick<NamedAttempt, "identity">): Readonly<Record<string, string>> {
  return { LAUNCH_IDENTITY: identity };
}

/** What there is of a run: the head of its group, when that is known and trusted, and the processes with its mark. */
type Remains = { readonly group: number | undefined; readonly strays: readonly MarkedProcess[] };

const killedWithinMs = 2_000;

export type ProcessTree = {
  isThere(): Promise<boolean>;
  /** Waits for so long; true when nothing is left. */
  goneWithin(ms: number): Promise<boolean>;
  /** SIGTERM to all of it, SIGKILL after `graceMs`; resolves when nothing is left, or 2 s after the SIGKILL. */
  end(graceMs: number): Promise<void>;
};

/**
 * The processes of a run. `head` is asked for each time; `ours` says that the head is our own child, whose pid can't be in
 * other hands before its whole group is gone.
 */
export function processTreeOf(
  attempt: NamedAttempt,
  head: () => Promise<{ readonly name: ProcessName; readonly ours: boolean } | undefined>,
): ProcessTree {
  const look = async (): Promise<Remains> => {
    const [known, marked] = await Promise.all([head(), findMarkedProcesses(markerOf(attempt))]);
    const group = known?.name.pid;
    const inGroup = marked.some((stray) => stray.group === group);
    const trusted = known !== undefined && (known.ours || inGroup || (await isRunning(known.name)));
    const runs = group !== undefined && trusted && (inGroup || (await isGroupRunning(group)));
    return { group: runs ? group : undefined, strays: marked.filter((stray) => !runs || stray.group !== group) };
  };
  const isThere = ({ group, strays }: Remains): boolean => group !== undefined || strays.length > 0;
  const signal = ({ group, strays }: Remains, name: NodeJS.Signals): void => {
    if (group !== undefined) signalGroup(group, name);
    for (const { pid } of strays) signalProcess(pid, name);
  };
  const goneWithin = async (ms: number): Promise<boolean> => {
    const deadline = performance.now() + ms;
    for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
      if (!isThere(await look())) return true;
      if (performance.now() >= deadline) return false;
      await delay(wait);
    }
  };
  return {
    isThere: async () => isThere(await look()),
    goneWithin,
    end: async (graceMs) => {
      const remains = await look();
      if (!isThere(remains)) return;
      signal(remains, "SIGTERM");
      if (await goneWithin(graceMs)) return;
      // Looked for again: what was started since the SIGTERM is to go as well.
      signal(await look(), "SIGKILL");
      if (await goneWithin(killedWithinMs)) return;
      signal(await look(), "SIGKILL");
    },
  };
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone since it was seen, or another user's by now (setuid): nothing that we could do.
    if (systemCode(error) !== "ESRCH" && systemCode(error) !== "EPERM") throw error;
  }
}
