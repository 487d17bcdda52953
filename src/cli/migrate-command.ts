import { homedir } from "node:os";
import { systemClock } from "../core/clock.ts";
import { exitCodes } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import { silentLog } from "../core/log.ts";
import { stateDirectoryOf } from "../core/state-directory.ts";
import { migrate } from "../launch/migrate.ts";
import { userName } from "../launch/owner.ts";
import { openStoreAt } from "../launch/store-choice.ts";
import { counted } from "../reporting/queue-report.ts";
import type { Console } from "./console.ts";
import type { MigrateFlags } from "./flags.ts";
import { eventWriter } from "./json-log.ts";

/** `launch store migrate FROM TO`. */
export async function migrateCommand(
  fromUrl: string,
  toUrl: string,
  flags: MigrateFlags,
  { out, environment }: Console,
): Promise<number> {
  const place = { state: stateDirectoryOf(environment, homedir()), tokens: {}, log: silentLog };
  const { signal } = new AbortController();
  const from = await openStoreAt(fromUrl, place);
  try {
    const to = await openStoreAt(toUrl, place);
    try {
      const migrated = await migrate(from, to, { clock: systemClock, by: userName() }, signal);
      if (flags.json === true) await eventWriter(out)("migrated", toJson(migrated));
      else {
        const { moved, taken, queues, uncopied } = migrated;
        const lines = [
          `moved ${counted(moved.length, "run")} to ${to.location}`,
          ...(queues.length === 0 ? [] : [`copied the definitions of ${queues.join(", ")}`]),
          ...uncopied.map(
            (queue) =>
              `the definition of ${queue} could not be written there; launch queue create ${queue} shows the file`,
          ),
          ...taken.map((runId) => `left ${runId}: an agent has taken it`),
        ];
        await out.write(`${lines.map((line) => `  ${line}`).join("\n")}\n`);
      }
      return exitCodes.succeeded;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}
