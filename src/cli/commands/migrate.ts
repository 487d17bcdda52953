import { formatCommandLine } from "../../core/command-line.ts";
import { homedir } from "node:os";
import { systemClock } from "../../core/clock.ts";
import { exitCodes } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { silentLog } from "../../core/output/log.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { migrate, type Migrated } from "../../queueing/migrate.ts";
import { userName } from "../../submit/owner.ts";
import { openStoreAt } from "../../stores/choose-store.ts";
import { counted } from "../../core/counted.ts";
import type { QueueStore } from "../../stores/queue-store.ts";
import type { Console } from "../terminal/console.ts";
import type { MigrateFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { storeTokens } from "../program/tokens.ts";

export type StoreUrls = { readonly from: string; readonly to: string };

/** `launch store migrate FROM TO`. */
export async function migrateCommand(
  urls: StoreUrls,
  flags: MigrateFlags,
  { out, environment }: Console,
): Promise<number> {
  const tokens = await storeTokens([urls.from, urls.to], environment, silentLog);
  const place = { state: stateDirectoryOf(environment, homedir()), tokens, log: silentLog };
  const { signal } = new AbortController();
  const json = flags.json === true;
  // A push for each run may be a matter of an hour on GitHub: each is told as it has moved.
  const onMoved = json ? undefined : (runId: string): void | Promise<void> => out.write(`  moved ${runId}\n`);
  const from = await openStoreAt(urls.from, place);
  try {
    const to = await openStoreAt(urls.to, place);
    try {
      const services = { clock: systemClock, by: userName(), ...(onMoved === undefined ? {} : { onMoved }) };
      const migrated = await migrate({ from, to }, services, signal);
      if (json) await eventWriter(out)("migrated", toJson(migrated));
      else await out.write(`${linesOf(migrated, to).join("\n")}\n`);
      return migrated.left.length === 0 ? exitCodes.succeeded : exitCodes.infrastructure;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

function linesOf(migrated: Migrated, { location }: QueueStore): readonly string[] {
  const { moved, taken, left, running, queues, different, uncopied, paused } = migrated;
  const lines = [
    `moved ${counted(moved.length, "run")} to ${location}`,
    ...(queues.length === 0 ? [] : [`copied the definitions of ${queues.join(", ")}`]),
    ...different.map((queue) => `the definition of ${queue} is another there, and counts there`),
    ...uncopied.map(
      (queue) =>
        `the definition of ${queue} could not be written there; ${formatCommandLine(["launch", "queue", "create", queue])} shows the file`,
    ),
    ...paused.map((queue) => `${queue} is paused there, as it was here`),
    ...taken.map((runId) => `left ${runId}: an agent has taken it`),
    ...left.map(({ runId, why }) => `left ${runId}: ${why}`),
    ...(running.length === 0 ? [] : [`${counted(running.length, "run")} with agents end where they are`]),
  ];
  return lines.map((line) => `  ${line}`);
}
