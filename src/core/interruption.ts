import { LaunchError } from "./errors.ts";

export type Interruption = {
  /** Aborted by the first signal; the reason names it. */
  readonly signal: AbortSignal;
  /** Takes the handlers away, so that a signal ends the process as it would without us. */
  stop(): void;
};

export type InterruptionRequest = {
  /** Said once, at the first signal. */
  readonly onFirst: (name: string) => void;
  /** What the second Ctrl-C does. It ends the process. */
  readonly onForce: (name: string) => void;
};

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** npm and a terminal both pass on one Ctrl-C to the whole group: the same signal twice within this time is one. */
const echoMs = 200;

/**
 * From signals to one AbortSignal. The first asks: the command ends what it started and says `cancelled`. A second SIGINT forces.
 * A second SIGTERM or SIGHUP changes nothing: a supervisor repeats them, and follows with a SIGKILL of its own.
 */
export function interruption({ onFirst, onForce }: InterruptionRequest): Interruption {
  const controller = new AbortController();
  let firstAt = 0;
  const handler = (name: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      onFirst(name);
      controller.abort(new LaunchError("cancelled", `cancelled by ${name}`));
    } else if (name === "SIGINT" && performance.now() - firstAt > echoMs) {
      onForce(name);
    }
  };
  for (const name of signals) process.on(name, handler);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of signals) process.off(name, handler);
    },
  };
}
