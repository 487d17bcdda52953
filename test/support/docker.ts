import { execFileSync, spawnSync } from "node:child_process";
import type { Log, PhaseEvent } from "../../src/core/log.ts";

/** What docker says; throws when it fails. */
export function docker(...args: readonly string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 120_000 }).trim();
}

/** Removes images, and the containers of none: a missing one is fine. */
export function removeImages(references: Iterable<string>): void {
  const all = [...references];
  if (all.length > 0) spawnSync("docker", ["image", "rm", "--force", ...all], { stdio: "ignore", timeout: 60_000 });
}

/** The tags that the engine has of a repository. */
export function imagesOf(repository: string): readonly string[] {
  return docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository)
    .split("\n")
    .filter((line) => line !== "");
}

/** A log that keeps what it was told. */
export function keptLog(): Log & { readonly events: PhaseEvent[]; readonly lines: string[] } {
  const events: PhaseEvent[] = [];
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  return {
    events,
    lines,
    phase: (event) => void events.push(event),
    output: () => undefined,
    info: keep,
    warning: keep,
    debug: keep,
  };
}
