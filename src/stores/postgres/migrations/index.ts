import { administration } from "./1-administration.ts";
import { claims } from "./1-claims.ts";
import { tables } from "./1-tables.ts";
import { writes } from "./1-writes.ts";
import { stopRequests } from "./2-stop-requests.ts";

/**
 * What makes the tables, in steps. A step that was released is never changed: what comes later is another one. Its number is its
 * place, from 1.
 */
export const migrations: readonly string[] = [[tables, writes, claims, administration].join("\n"), stopRequests];
