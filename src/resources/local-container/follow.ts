import { setTimeout as delay } from "node:timers/promises";
import {
  type Container,
  type DockerOutput,
  followLogs,
  inspectContainer,
  type NamedContainer,
} from "../../clients/docker/container.ts";
import { LaunchError } from "../../core/errors.ts";
import type { OutputStream } from "../../core/output/log.ts";
import type { ProcessExit } from "../../core/process.ts";
import type { OutputSink } from "../resource.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import { outcomeOf } from "./outcome.ts";

/** How long after its end docker may take to close its output. */
const settledWithinMs = 2_000;
/** An engine that is restarted, with its containers kept, is back within that. */
const engineAwayMs = 30_000;

/** A container, and the output of the `docker start` that this process has attached to it. */
export type FollowedContainer = { readonly container: NamedContainer; readonly attached: DockerOutput | undefined };

/**
 * Follows a container to its end: by the attached `docker start` if it is ours, else by the log from its start. When docker itself was
 * killed or lost its engine, the log is read again and what was delivered is left out.
 */
export async function followContainer(
  { container, attached }: FollowedContainer,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<ResourceOutcome> {
  const delivered = { stdout: 0, stderr: 0 };
  const follow = (output: DockerOutput, skip: Readonly<typeof delivered>): Promise<ProcessExit> =>
    followGroup(output, skipping(skip, delivered, sink), signal);
  if (attached !== undefined) {
    const exit = await follow(attached, { stdout: 0, stderr: 0 });
    // Zero is the container's own: docker's failures are not zero.
    if (exit.kind === "exited" && exit.exitCode === 0) return exit;
  } else {
    await follow(await followLogs(container), delivered);
  }
  for (;;) {
    const now = await patiently(() => inspectContainer(container), signal);
    if (now === undefined) return goneOutcome(container);
    const { status } = now;
    if (status === "exited" || status === "dead" || status === "created") return outcomeOf(now);
    await delay(100, undefined, { signal }).catch((error: unknown) => Promise.reject(notFollowed(error)));
    await follow(await followLogs(container), { ...delivered });
  }
}

/** Follows one docker command; ended early, it takes only itself along, not the container. */
async function followGroup({ group, pump }: DockerOutput, sink: OutputSink, signal: AbortSignal): Promise<ProcessExit> {
  pump.connect(sink);
  const stop = (): void => void group.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const exit = await Promise.race([pump.drained.then(() => group.exited), group.exited]);
    await pump.settle(settledWithinMs);
    if (signal.aborted) throw notFollowed(signal.reason);
    return exit;
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A sink that leaves out the first bytes of each stream, and counts in `delivered` what it passes on. */
function skipping(
  skip: Readonly<Record<OutputStream, number>>,
  delivered: Record<OutputStream, number>,
  sink: OutputSink,
): OutputSink {
  const left = { ...skip };
  return (stream, chunk) => {
    const rest = chunk.subarray(Math.min(left[stream], chunk.length));
    left[stream] -= chunk.length - rest.length;
    if (rest.length === 0) return;
    delivered[stream] += rest.length;
    return sink(stream, rest);
  };
}

export function goneOutcome({ name }: Pick<NamedContainer, "name">): ResourceOutcome {
  return { kind: "failed", reason: "lost", message: `the container ${name} is gone: somebody else has removed it` };
}

/** Asks the engine again while it is away for a moment. */
export async function patiently(
  ask: () => Promise<Container | undefined>,
  signal: AbortSignal,
): Promise<Container | undefined> {
  const deadline = performance.now() + engineAwayMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await delay(1_000, undefined, { signal }).catch((reason: unknown) => Promise.reject(notFollowed(reason)));
    }
  }
}

function notFollowed(cause: unknown): LaunchError {
  return new LaunchError("cancelled", "the run is no longer followed", { cause });
}
