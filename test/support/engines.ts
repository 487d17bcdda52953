import { execFileSync } from "node:child_process";
import { describe } from "vitest";
import { postgresPrograms } from "./postgres/postgres.ts";

/** With LAUNCH_E2E=1 (as CI sets it) a missing engine is a failure; without it, what needs it is skipped and the reason printed. */
const required = process.env["LAUNCH_E2E"] === "1";

function answers(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

const available = {
  docker: () => answers("docker", ["version"]),
  /** The buildx builder "launch" of test/engines/buildkit/up. */
  buildkit: () => answers("docker", ["buildx", "inspect", "launch"]),
  act: () => answers("act", ["--version"]),
  uv: () => answers("uv", ["--version"]),
  postgres: () => postgresPrograms() !== undefined,
} as const;
export type Engine = keyof typeof available;

/** A suite that needs these engines. */
export function describeWith(engines: readonly Engine[], name: string, suite: () => void): void {
  const missing = engines.filter((engine) => !available[engine]());
  if (missing.length === 0) {
    describe(name, suite);
  } else if (required) {
    describe(name, () => {
      throw new Error(`LAUNCH_E2E=1 and not there: ${missing.join(", ")}`);
    });
  } else {
    process.stderr.write(`skipped "${name}": not there: ${missing.join(", ")} (see CONTRIBUTING.md)\n`);
    describe.skip(name, suite);
  }
}

export function describeWithDocker(name: string, suite: () => void): void {
  describeWith(["docker"], name, suite);
}
