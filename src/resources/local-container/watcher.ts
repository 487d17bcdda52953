import { access, mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { dockerEnvironment } from "../../clients/docker/docker.ts";
import { isFileMissing } from "../../core/errors.ts";
import { writeWhole } from "../../core/folders/write-whole.ts";
import { isRunning, nameProcess, type ProcessName } from "../../core/process-identity.ts";
import { signalGroup, startGroup } from "../../core/process.ts";
import { identityLabel, type NamedAttempt } from "../../run/handle.ts";
import type { Outlives } from "../resource.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";

const stopGraceSeconds = 10;

/*
 * The engine keeps a container, its log and its exit code when we are killed; what it can't know is that nobody comes back. That is a
 * watcher's work: a shell that removes the keep-alive file at each look, and stops the container once the file was missing for too long:
 * the one with the attempt's identity, which it asks for then, as it may be there only after the watcher.
 * A shell, because it costs 2 ms and 1 MB where Node would cost 40 ms and 45 MB for each container. Nothing of the run is in its text.
 */
const program = `
alive=$1 nap=$2 looks=$3 ending=$4
shift 4
missed=0
while [ "$missed" -lt "$looks" ]; do
  sleep "$nap"
  if [ -e "$alive" ]; then rm -f -- "$alive"; missed=0; else missed=$((missed + 1)); fi
done
: > "$ending"
container=$(docker container ls --quiet --no-trunc "$@") && [ -n "$container" ] && exec docker stop --timeout ${stopGraceSeconds} $container
`;

const looksPerGrace = 8;

/** Starts the watcher of a container that has none, and may be there only later; `file` is where its name is kept for whoever ends it. */
export async function startWatcher(
  { name, identity }: NamedAttempt,
  { keepAliveFile, graceMs }: Outlives,
  file: string,
): Promise<void> {
  const present = await readName(file);
  if (present !== undefined && (await isRunning(present))) return;
  const nap = Math.max(1, Math.ceil(graceMs / 1_000 / looksPerGrace));
  const looks = Math.max(1, Math.floor(graceMs / 1_000 / nap));
  const group = await startGroup({
    command: "sh",
    args: [
      ...["-c", program, "launch-watch", keepAliveFile, String(nap), String(looks), endingOf(file)],
      ...["--filter", `label=${identityLabel}=${identity}`, "--filter", `name=^/${name}$`],
    ],
    doing: `watching the container ${name}`,
    env: dockerEnvironment({}),
  });
  group.stdout.destroy();
  group.stderr.destroy();
  group.child.unref();
  const watcher = (await nameProcess(group.pid)) ?? { pid: group.pid, started: "" };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, JSON.stringify(watcher));
}

/** There when the watcher has stopped its container. */
function endingOf(file: string): string {
  return `${file}.ending`;
}

/** What a container's end means when its watcher was the one who stopped it. */
export async function unlessAbandoned(outcome: ResourceOutcome, file: string): Promise<ResourceOutcome> {
  if (outcome.exitCode === 0 || !(await isThere(endingOf(file)))) return outcome;
  const message = "its agent was gone for longer than its lease allows, so it was ended";
  return {
    kind: "failed",
    reason: "lost",
    message,
    ...(outcome.exitCode === undefined ? {} : { exitCode: outcome.exitCode }),
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isFileMissing(error)) return false;
    throw error;
  }
}

/** Removes what a watcher has left, once its container is gone. */
export async function removeWatcher(file: string): Promise<void> {
  await endWatcher(file);
  await rm(endingOf(file), { force: true });
}

/** Ends the watcher of a container, whoever started it, and waits until it is gone. */
export async function endWatcher(file: string): Promise<void> {
  const name = await readName(file);
  if (name !== undefined && (await isRunning(name))) {
    signalGroup(name.pid, "SIGKILL");
    await gone(name);
  }
  await rm(file, { force: true });
}

/** On a busy machine a killed process may be there for a moment more. */
const goneWithinMs = 2_000;

async function gone(name: ProcessName): Promise<void> {
  const deadline = performance.now() + goneWithinMs;
  while ((await isRunning(name)) && performance.now() < deadline) await delay(2);
}

async function readName(file: string): Promise<ProcessName | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value) || !("started" in value)) return undefined;
    const { pid, started } = value;
    return typeof pid === "number" && pid > 1 && typeof started === "string" ? { pid, started } : undefined;
  } catch (error) {
    if (isFileMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
