import { describe } from "vitest";
import { postgresPrograms } from "../postgres/postgres.ts";
import { gitChaos, postgresChaos, type ChaosEngine } from "./chaos-engine.ts";

/** `npm run test:soak`: what CI tries in a smaller form is tried in its large one, which takes up to half an hour. */
export const isSoak = process.env["LAUNCH_SOAK"] === "1";

/** A suite of minutes: run with LAUNCH_E2E=1, as CI does; else skipped, and the reason printed. */
export function describeHeavy(name: string, suite: () => void): void {
  if (process.env["LAUNCH_E2E"] === "1") {
    describe(name, suite);
    return;
  }
  process.stderr.write(`skipped "${name}": it takes minutes; LAUNCH_E2E=1 runs it (see CONTRIBUTING.md)\n`);
  describe.skip(name, suite);
}

/** The stores that chaos is tried on, by name. With LAUNCH_E2E=1 a missing Postgres is a failure. */
export const chaosEngines: readonly (readonly [string, (folder: string) => Promise<ChaosEngine>])[] = [
  ["a git server", gitChaos],
  ...(postgresPrograms() === undefined && process.env["LAUNCH_E2E"] !== "1"
    ? []
    : ([["a Postgres server", postgresChaos]] as const)),
];
