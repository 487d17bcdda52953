import { z } from "zod";
import { type Database, openDatabase, type Row } from "../../clients/postgres/database.ts";
import { faultOf } from "../../clients/postgres/fault.ts";
import { LaunchError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { say } from "../../core/output/said.ts";
import type { StoreAdministration } from "../administration.ts";
import type { PostgresStoreLocation } from "../location.ts";
import { grantedRoles, rightsOfLogin } from "./granted-roles.ts";
import { grantsSql } from "./grants.ts";
import { migrationSql, prepareTables } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";

/** The tables and roles of a store. A person is there to try again: nothing is repeated here. */
export function administration({ connection, url }: PostgresStoreLocation, log: Log): StoreAdministration {
  const database = openDatabase(connection, (message) =>
    log.debug(say`store ${url}: a connection was lost: ${message}`),
  );
  const said = async <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => raise(url, error));
  const query =
    (signal: AbortSignal) =>
    (text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
      database.query(text, values, signal);
  return {
    inspect: (signal) =>
      said(
        (async () => {
          const version = await versionOf(database, signal).catch((error: unknown) => {
            if (faultOf(error) === "denied") return undefined;
            throw error;
          });
          const [row] = await database.query("SELECT session_user::text AS login", [], signal);
          const { login } = z.object({ login: z.string() }).parse(row);
          const may = version === 0 ? [] : await rightsOfLogin(query(signal));
          const roles = version === 0 ? [] : await grantedRoles(query(signal));
          return { version, needed: migrations.length, login, may, roles };
        })(),
      ),
    initialise: (signal) =>
      said(
        (async () => {
          const before = await versionOf(database, signal);
          await prepareTables({ location: url, database, make: true }, signal);
          return before;
        })(),
      ),
    initialisation: (signal) => said(versionOf(database, signal).then(migrationSql)),
    grantsSql: (grants) => `BEGIN;\n${grantsSql(grants)}\nCOMMIT;`,
    grant: async (grants, signal) => {
      const text = grantsSql(grants);
      await said(
        (async () => {
          if ((await versionOf(database, signal)) === 0) throw noTables(url);
          await database.transaction(async (run) => {
            await run(text, []);
          }, signal);
        })(),
      );
    },
    close: () => database.close(),
  };
}

/** Of the tables; 0 when there are none. */
async function versionOf(database: Database, signal: AbortSignal): Promise<number> {
  const there =
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'launch' AND c.relname = 'migrations'";
  if ((await database.query(there, [], signal)).length === 0) return 0;
  const [row] = await database.query("SELECT coalesce(max(version), 0) AS version FROM launch.migrations", [], signal);
  return z.object({ version: z.number() }).parse(row).version;
}

function noTables(url: string): LaunchError {
  return new LaunchError("bad-usage", `the store ${url} has no tables yet; make them first: launch store init`);
}

function raise(url: string, error: unknown): never {
  if (error instanceof LaunchError) throw error;
  const code = faultOf(error) === "denied" ? "refused" : "store-failed";
  const hint = code === "refused" ? "; the owner of the tables may, or who may make roles" : "";
  throw new LaunchError(code, `the store ${url}: ${messageOf(error)}${hint}`, { cause: error });
}
