import { LaunchError } from "./errors.ts";

export type Interruption = {
  /** Aborted by the first signal; the reason names it. */
  readonly signal: AbortSignal;
  /** Aborted by the second SIGINT, or any second signal where that is asked for: whoever is patient with what it ends is so no longer. */
  readonly force: AbortSignal;
  /** Takes the handlers away, so that a signal ends the process as it would without us. */
  stop(): void;
};

export type InterruptionRequest = {
  /** Said once, at the first signal. */
  readonly onFirst: (name: string) => void;
  /** Said at the second SIGINT, where what is under way can be ended faster; absent where it can't. */
  readonly onSecond?: (name: string) => void;
  /** A SIGTERM or SIGHUP after the first signal is one more, as a SIGINT is: for what may go on for long after the first. */
  readonly anyCounts?: true;
  /** What the last SIGINT does: the second, or the third where the second is used. It ends the process. */
  readonly onForce: (name: string) => void;
};

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** npm and a terminal both pass on one Ctrl-C to the whole group: the same signal twice within this time is one. */
const echoMs = 200;

/**
 * From signals to one AbortSignal. The first asks: the command ends what it started and says `cancelled`. A second SIGINT forces.
 * A second SIGTERM or SIGHUP changes nothing, unless it is to count: a supervisor repeats them, and follows with a SIGKILL of its own.
 */
export function interruption({ onFirst, onSecond, onForce, anyCounts }: InterruptionRequest): Interruption {
  const controller = new AbortController();
  const force = new AbortController();
  let lastAt = 0;
  const handler = (name: NodeJS.Signals): void => {
    const echo = performance.now() - lastAt <= echoMs;
    if (!controller.signal.aborted) {
      onFirst(name);
      controller.abort(new LaunchError("cancelled", `cancelled by ${name}`));
    } else if (echo || (name !== "SIGINT" && anyCounts !== true)) {
      return;
    } else if (onSecond !== undefined && !force.signal.aborted) {
      onSecond(name);
      force.abort();
    } else {
      onForce(name);
    }
    lastAt = performance.now();
  };
  for (const name of signals) process.on(name, handler);
  return {
    signal: controller.signal,
    force: force.signal,
    stop: () => {
      for (const name of signals) process.off(name, handler);
    },
  };
}
