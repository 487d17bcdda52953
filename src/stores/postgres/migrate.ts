import { z } from "zod";
import type { Database } from "../../clients/postgres/database.ts";
import { LaunchError } from "../../core/errors.ts";
import { rightsSql } from "./grants.ts";
import { grantedRoles } from "./granted-roles.ts";
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
      `the store ${location} has no tables of launch yet, and the role "${state.role}" may not make them; let the database's owner make them (launch store init), and give the roles their rights (launch store grants)`,
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
      `the store ${location} has tables of version ${version}, and this launch needs ${migrations.length}; let their owner bring them up: launch store init, with this version of launch`,
    );
  }
  return version;
}

/** Makes the table that says what has been done. */
const preparation = `CREATE SCHEMA IF NOT EXISTS launch;
CREATE TABLE IF NOT EXISTS launch.migrations
  (version integer PRIMARY KEY, done_by text NOT NULL DEFAULT session_user, done_at timestamptz NOT NULL DEFAULT clock_timestamp());`;

/** Does what is missing, once: whoever comes at the same time waits, and finds it done. */
async function migrate(database: Database, signal: AbortSignal): Promise<void> {
  await database.transaction(async (query) => {
    await query(`SELECT pg_advisory_xact_lock(${migrationLock})`, []);
    await query(preparation, []);
    const [row] = await query("SELECT coalesce(max(version), 0) AS version FROM launch.migrations", []);
    const { version } = z.object({ version: z.number() }).parse(row);
    for (const sql of stepsAfter(version)) await query(sql, []);
    if (version > 0 && version < migrations.length) {
      for (const grant of await grantedRoles((text) => query(text, []))) await query(rightsSql(grant), []);
    }
  }, signal);
}

/** What makes the tables of our version out of those of an older one (0: none), for somebody to look at and run. */
export function migrationSql(version: number): string {
  const steps = stepsAfter(version);
  return steps.length === 0 ? "" : ["BEGIN;", preparation, ...steps, "COMMIT;"].join("\n");
}

function stepsAfter(version: number): readonly string[] {
  return migrations.flatMap((sql, index) =>
    index < version ? [] : [sql, `INSERT INTO launch.migrations (version) VALUES (${index + 1});`],
  );
}
