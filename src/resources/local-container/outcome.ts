import { posix } from "node:path";
import { type Container, hasPath } from "../../clients/docker/container.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import { busError, busErrorWords } from "./shared-memory.ts";

/** A shell's "command not found", and what a container's init exits with when there is no such program. */
const notFound = 127;
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * How a container ended, by what the engine recorded: not by its exit code alone (125, 126 and 127 may be the program's own), and not by
 * anybody's wording.
 */
export async function outcomeOf(container: Container): Promise<ResourceOutcome> {
  const { exitCode, image, program } = container;
  if (!container.started) {
    const words = container.error === "" ? "docker was ended before it had started it" : container.error;
    const message = `the container could not be started: ${words}`;
    return { kind: "failed", reason: "submit-failed", message };
  }
  if (container.outOfMemory && exitCode !== 0) {
    const message =
      "the run needed more memory than its container may have, and was killed; raise memory in resource_args.local-container";
    return { kind: "failed", reason: "out-of-memory", message, exitCode };
  }
  if (exitCode === notFound && !(await hasProgram(container))) {
    return { kind: "failed", reason: "submit-failed", message: `${image} has no program "${program}"`, exitCode };
  }
  if (exitCode === busError) return { kind: "failed", reason: "exit-code", message: busErrorWords, exitCode };
  return { kind: "exited", exitCode };
}

/** The init's exit code says "not found", and so may the program's own: whether it is there decides. */
async function hasProgram(container: Container): Promise<boolean> {
  const { program, path, workingDirectory } = container;
  const folders = program.includes("/") ? [workingDirectory] : (path ?? defaultPath).split(":");
  for (const folder of folders) {
    if (await hasPath(container, posix.resolve(workingDirectory, folder, program))) return true;
  }
  return false;
}
