import { afterAll } from "vitest";
import { type PostgresServer, postgresPrograms, startPostgres } from "../postgres/postgres.ts";

let server: Promise<PostgresServer> | undefined;

/** Where agents' tests keep their queues: the URL of a new, empty store; undefined for a repository in the test's own folder. */
export const agentStores: Readonly<Record<string, () => Promise<string | undefined>>> = {
  "a git store": () => Promise.resolve(undefined),
  ...(postgresPrograms() === undefined && process.env["LAUNCH_E2E"] !== "1"
    ? {}
    : { "a Postgres store": async () => (await (server ??= startPostgres())).newDatabase() }),
};

afterAll(async () => {
  await (await server)?.stop();
  server = undefined;
});
