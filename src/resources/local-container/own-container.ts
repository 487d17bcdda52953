import { type Container, inspectContainer } from "../../clients/docker/container.ts";
import type { Log } from "../../core/output/log.ts";
import { ours, say } from "../../core/output/said.ts";
import { identityLabel, type NamedAttempt } from "../../run/handle.ts";

/** The container of an attempt, as the engine has it. What has its name and not its identity is somebody else's: it is left alone, and said. */
export async function ownContainer(attempt: NamedAttempt, log: Log): Promise<Container | undefined> {
  const container = await inspectContainer({ name: attempt.name });
  if (container === undefined || isOwn(container, attempt)) return container;
  log.warning(say`the container ${ours(attempt.name)} is there, and it is not this run's: it is left alone`);
  return undefined;
}

export function isOwn({ labels }: Container, { identity }: Pick<NamedAttempt, "identity">): boolean {
  return labels[identityLabel] === identity;
}
