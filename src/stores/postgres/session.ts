import { setTimeout as delay } from "node:timers/promises";
import type { Database, Row } from "../../clients/postgres/database.ts";
import { faultOf, sqlState } from "../../clients/postgres/fault.ts";
import { LaunchError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { say } from "../../core/output/said.ts";
import { RefusedDocument } from "../refused-document.ts";
import { prepareTables } from "./migrate.ts";

/*
 * How a statement is brought to a certain end. An answer of the server is one. Without one (the connection broke, the server stopped,
 * it ran out of time) the same statement is sent again after a random wait that grows: a write carries its nonce, so the second
 * time it looks whether the first one arrived. When that is not known within the bounds, a write is `unknown` and a read fails.
 */
export type Session = {
  /** A statement that changes nothing. No rows when there are no tables yet. */
  read(text: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]>;
  /** A call that may be done twice, as it carries a nonce or names what it leaves. */
  write(text: string, values: readonly unknown[], signal: AbortSignal): Promise<Written>;
  /** What to throw when it is not known what became of a write. */
  unreachable(said: string): LaunchError;
  close(): Promise<void>;
};

export type Written =
  { readonly kind: "answer"; readonly rows: readonly Row[] } | { readonly kind: "unknown"; readonly message: string };

export type SessionRequest = {
  /** Without credentials, for messages. */
  readonly location: string;
  readonly database: Database;
  readonly log: Log;
};

/** A server that is started again is back within this time. */
const patienceMs = 20_000;
/** One that never answered may not be there at all. */
const firstPatienceMs = 5_000;
const firstWaitMs = 50;
const longestWaitMs = 1_000;

export function openSession({ location, database, log }: SessionRequest): Session {
  let reached = false;
  let prepared = false;

  const settle = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | Unsettled> => {
    const started = performance.now();
    for (let tries = 0; ; tries++) {
      try {
        const result = await work();
        reached = true;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof LaunchError) throw error;
        if (faultOf(error) !== "transient") throw refusal(location, error);
        const message = messageOf(error);
        if (performance.now() - started > (reached ? patienceMs : firstPatienceMs)) return { unsettled: message };
        log.debug(say`store ${location}: ${message}; trying again`);
        const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** tries);
        await delay(Math.random() * longest, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  };

  /** False when there are no tables, and the statement wouldn't make any. */
  const prepare = async (make: boolean, signal: AbortSignal): Promise<boolean> => {
    if (prepared) return true;
    const result = await settle(signal, () => prepareTables({ location, database, make }, signal));
    if (isUnsettled(result)) throw unreachable(location, result.unsettled);
    prepared = result === "ready";
    return prepared;
  };

  return {
    read: async (text, values, signal) => {
      if (!(await prepare(false, signal))) return [];
      const rows = await settle(signal, () => database.query(text, values, signal));
      if (isUnsettled(rows)) throw unreachable(location, rows.unsettled);
      return rows;
    },
    write: async (text, values, signal) => {
      await prepare(true, signal);
      const rows = await settle(signal, () => database.query(text, values, signal));
      return isUnsettled(rows) ? { kind: "unknown", message: rows.unsettled } : { kind: "answer", rows };
    },
    unreachable: (said) => unreachable(location, said),
    close: () => database.close(),
  };
}

type Unsettled = { readonly unsettled: string };

function isUnsettled(value: unknown): value is Unsettled {
  return typeof value === "object" && value !== null && "unsettled" in value;
}

function unreachable(location: string, said: string): LaunchError {
  return new LaunchError("store-failed", `the store ${location} could not be reached: ${said}`);
}

/** More runs would wait than the store takes; raised by `enqueue`. */
const tooManyWaiting = "LA001";
/** What nobody could read; raised by whatever writes. */
const outOfBounds = "LA002";

/** What Postgres itself says of a value: class 22, one that a column doesn't take, and what is too long for a type. */
function isOfDocument(code: string): boolean {
  return code === outOfBounds || code.startsWith("22") || code === "23502" || code === "23514" || code.startsWith("54");
}

function refusal(location: string, error: unknown): LaunchError {
  const said = messageOf(error);
  if (sqlState(error) === tooManyWaiting) {
    return new LaunchError("refused", `the store ${location} takes no more: ${said}`, { cause: error });
  }
  if (isOfDocument(sqlState(error) ?? "")) {
    return new RefusedDocument(`the store ${location} keeps no such thing: ${said}`, { cause: error });
  }
  const fault = faultOf(error);
  if (fault === "denied") {
    return new LaunchError(
      "refused",
      `the store ${location} refuses: ${said}; give a role that may (a submitter, an agent, an admin), and its password in PGPASSWORD or ~/.pgpass`,
      { cause: error },
    );
  }
  if (fault === "untrusted") {
    return new LaunchError(
      "store-failed",
      `the store ${location} can't be trusted: ${said}; its URL names the authority of its certificate with ?sslrootcert=FILE`,
      { cause: error },
    );
  }
  const what = fault === "missing" ? "its tables are damaged" : "it failed";
  return new LaunchError("store-failed", `the store ${location}: ${what}: ${said}`, { cause: error });
}
