import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { prebuilt, prebuiltBars, unchanged, unchangedBars } from "./container.ts";
import { missingEngine, pythonImage, smallImage } from "./engine.ts";
import { type Bar, type Row, skippedRow } from "./measure.ts";
import { missingBundle } from "./program.ts";
import { fourAtOnce, fourAtOnceBars, oneByOne, oneByOneBars, slotBars, slotIdle } from "./queue-containers.ts";
import { enqueueBars, enqueueOverHttp } from "./queue-enqueue.ts";
import { claimBars, claimInFullQueue, claimOverPush, fullQueueBars } from "./queue-git.ts";
import { idleAgent, idleBars } from "./queue-idle.ts";
import { gitPickup, gitPickupBars, postgresPickup, postgresPickupBars } from "./queue-pickup.ts";
import { claimByDepth, claimsASecond, depthBars, missingPostgres, throughputBars } from "./queue-postgres.ts";
import { queueShow, showBars } from "./queue-show.ts";
import { changedLine, changedLineBars } from "./rebuild.ts";
import { decisionBars, firstDecision, help, helpBars } from "./start-up.ts";
import { streaming, streamingBars } from "./streaming.ts";

/*
 * `npm run bench [-- --only NAME]... [-- --json FILE]`: each figure that we promise, beside its floor, measured on the committed bundle.
 * Exits with 1 when one misses its bar or fails; what this machine can't measure is skipped with the reason.
 */

type Measure = {
  readonly bars: readonly Bar[];
  readonly run: () => Promise<readonly Row[]>;
  /** Why it can't be measured here; undefined when it can. */
  readonly missing?: () => string | undefined;
};

const missingSmall = (): string | undefined => missingEngine(smallImage);
const missingProc = (): string | undefined =>
  existsSync("/proc/self/status") ? undefined : "memory and CPU are read from /proc, which Linux has";

const measures: Readonly<Record<string, Measure>> = {
  help: { bars: helpBars, run: help },
  "first-decision": { bars: decisionBars, run: firstDecision },
  prebuilt: { bars: prebuiltBars, run: prebuilt, missing: missingSmall },
  unchanged: { bars: unchangedBars, run: unchanged, missing: missingSmall },
  "changed-line": { bars: changedLineBars, run: changedLine, missing: () => missingEngine(pythonImage) },
  streaming: { bars: streamingBars, run: streaming, missing: missingProc },
  enqueue: { bars: enqueueBars, run: enqueueOverHttp },
  "pickup-git": { bars: gitPickupBars, run: gitPickup, missing: missingSmall },
  "pickup-postgres": {
    bars: postgresPickupBars,
    run: postgresPickup,
    missing: () => missingPostgres() ?? missingSmall(),
  },
  "containers-1": { bars: oneByOneBars, run: oneByOne, missing: missingSmall },
  "containers-4": { bars: fourAtOnceBars, run: fourAtOnce, missing: missingSmall },
  slot: { bars: slotBars, run: slotIdle, missing: missingSmall },
  "idle-agent": { bars: idleBars, run: idleAgent, missing: missingProc },
  claim: { bars: claimBars, run: claimOverPush },
  "claim-full-queue": { bars: fullQueueBars, run: claimInFullQueue },
  "queue-show": { bars: showBars, run: queueShow },
  "postgres-claims": { bars: throughputBars, run: claimsASecond, missing: missingPostgres },
  "postgres-depth": { bars: depthBars, run: claimByDepth, missing: missingPostgres },
};

async function rowsOf(name: string, { bars, run, missing }: Measure): Promise<readonly Row[]> {
  const reason = missingBundle() ?? missing?.();
  if (reason !== undefined) return bars.map((bar) => skippedRow(bar, reason));
  try {
    return await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    return bars.map((bar) => skippedRow(bar, `"${name}" could not be measured; the error is above`));
  }
}

function words({ measure, unit, value, floor, ratio, of, is, bar, ok, skipped }: Row): string {
  if (skipped !== undefined) return `skipped  ${measure}\n         ${skipped}`;
  const judged = { value: `${bar} ${unit}`, ratio: `a ratio of ${bar}`, difference: `${bar} ${unit} beyond` }[of];
  const figures = `${value ?? ""} ${unit}, floor ${floor ?? ""} ${unit}, ratio ${ratio ?? ""}`;
  return `${ok ? "ok     " : "MISSED "}  ${measure}\n         ${figures}; the bar is ${is} ${judged}`;
}

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, json: { type: "string" } },
});
const unknown = values.only?.find((name) => !(name in measures));
if (unknown !== undefined) {
  console.error(`no measure "${unknown}"; there are: ${Object.keys(measures).join(", ")}`);
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(measures)) {
  if (values.only?.includes(name) === false) continue;
  for (const row of await rowsOf(name, measure)) {
    rows.push(row);
    console.log(words(row));
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
if (rows.some(({ ok, skipped }) => !ok && skipped === undefined)) process.exitCode = 1;
