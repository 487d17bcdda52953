import { openDatabase } from "../../clients/postgres/database.ts";
import { say } from "../../core/output/said.ts";
import type { StoreAdministration } from "../administration.ts";
import type { PostgresStoreLocation } from "../location.ts";
import type { StoreContext } from "../store.ts";
import type { WholeStore } from "../whole-store.ts";
import { administration } from "./administration.ts";
import { postgresStore } from "./postgres-store.ts";

export const plugin = {
  open: ({ connection, url }: PostgresStoreLocation, { log }: StoreContext): Promise<WholeStore> => {
    const database = openDatabase(connection, (message) =>
      log.debug(say`store ${url}: a connection was lost: ${message}`),
    );
    return Promise.resolve(postgresStore({ connection, location: url, database, log }));
  },
  administer: (location: PostgresStoreLocation, { log }: StoreContext): StoreAdministration =>
    administration(location, log),
};
