import { z } from "zod";
import type { Database } from "../../clients/postgres/database.ts";
import { LaunchError } from "../../core/errors.ts";
import { migrations } from "./migrations/index.ts";

export type PrepareRequest = {
  readonly location: string;
  readonly database: Database;
  /** Whether missing tables are made; tables of an older version always are brought up, where the role may. */
  readonly make: boolean;
};

/** Any number: it names our lock among those of the database. */
const migrationLock = "5499361285019403";

const stateSchema = z.object({ there: z.boolean(), encoding: z.string(), role: z.string(), may_make: z.boolean() });
const stateQuery = `SELECT to_regclass('launch.migrations') IS NOT NULL AS there, current_setting('server_encoding') AS encoding,
  current_user AS role, has_database_privilege(current_database(), 'CREATE') AS may_make`;

/** Checks that the tables are there and of our version; makes or migrates them where that is asked for and allowed. */
export async function prepareTables(request: PrepareRequest, signal: AbortSignal): Promise<"ready" | "missing"> {
  const { location, database, make } = request;
  const [row] = await database.query(stateQuery, [], signal);
  const state = stateSchema.parse(row);
  if (state.encoding !== "UTF8") {
    throw new LaunchError(
      "store-failed",
      `the store ${location}: its database has the encoding ${state.encoding}; give one that has UTF8`,
    );
  }
  if (!state.there && !make) return "missing";
  const version = state.there ? await versionOf(request, signal) : 0;
  if (version === migrations.length) return "ready";
  if (version === 0 && !state.may_make) {
    throw new LaunchError(
      "refused",
      `the store ${location} has no tables of launch yet, and the role "${state.role}" may not make them; let the database's owner use the store once, then grant the roles`,
    );
  }
  await migrate(database, signal);
  return "ready";
}

async function versionOf({ location, database }: PrepareRequest, signal: AbortSignal): Promise<number> {
  const [row] = await database.query(
    `SELECT coalesce(max(version), 0) AS version, pg_has_role(c.relowner, 'MEMBER') AS owned
       FROM pg_class c LEFT JOIN launch.migrations ON true WHERE c.oid = 'launch.migrations'::regclass GROUP BY c.relowner`,
    [],
    signal,
  );
  const { version, owned } = z.object({ version: z.number(), owned: z.boolean() }).parse(row);
  if (version > migrations.length) {
    throw new LaunchError(
      "refused",
      `the store ${location} was made by a newer launch (its tables have version ${version}, this one knows ${migrations.length}); update launch`,
    );
  }
  if (version < migrations.length && !owned) {
    throw new LaunchError(
      "refused",
      `the store ${location} has tables of version ${version}, and this launch needs ${migrations.length}; let their owner use the store once with this version`,
    );
  }
  return version;
}

/** Does what is missing, once: whoever comes at the same time waits, and finds it done. */
async function migrate(database: Database, signal: AbortSignal): Promise<void> {
  await database.transaction(async (query) => {
    await query(`SELECT pg_advisory_xact_lock(${migrationLock})`, []);
    await query("CREATE SCHEMA IF NOT EXISTS launch", []);
    await query(
      `CREATE TABLE IF NOT EXISTS launch.migrations
         (version integer PRIMARY KEY, done_by text NOT NULL DEFAULT session_user, done_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
      [],
    );
    const [row] = await query("SELECT coalesce(max(version), 0) AS version FROM launch.migrations", []);
    const { version } = z.object({ version: z.number() }).parse(row);
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue;
      await query(sql, []);
      await query("INSERT INTO launch.migrations (version) VALUES ($1)", [index + 1]);
    }
  }, signal);
}
