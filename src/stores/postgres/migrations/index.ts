import { sql } from "./sql.ts";

/**
 * What makes the tables, in steps. A step that was released is never changed: what comes later is another one. Its number is its
 * place, from 1.
 */
export const migrations: readonly string[] = [
  [sql["1-tables"], sql["1-writes"], sql["1-claims"], sql["1-administration"]].join("\n"),
  sql["2-stop-requests"],
  [sql["3-bounds"], sql["3-writes"], sql["3-claims"]].join("\n"),
  sql["4-store-id"],
];
