import pg, { type PoolClient } from "pg";
import { messageOf } from "../../core/errors.ts";
import { connectionSettings } from "./connection.ts";

/** One row as it came: what it holds is for the caller to check. */
export type Row = unknown;

/** Runs one statement, and gives its rows. */
export type Query = (text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

export type Database = {
  /** One statement, on its own. Rejects at once when the signal is aborted; the server may still do the statement. */
  query(text: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]>;
  /** Several statements, all or none of them. */
  transaction(work: (query: Query) => Promise<void>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

/** An agent has a few runs to write at the same time; a server has few connections to give. */
const maxConnections = 4;
const idleMs = 30_000;

/** A few connections to one database, made when they are needed. `onLost` hears of those that broke while nobody used them. */
export function openDatabase(connection: string, onLost: (message: string) => void): Database {
  const pool = new pg.Pool({
    ...connectionSettings(connection),
    max: maxConnections,
    idleTimeoutMillis: idleMs,
    allowExitOnIdle: true,
  });
  pool.on("error", (error) => onLost(messageOf(error)));

  const withClient = async <T>(signal: AbortSignal, work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect(pool, signal);
    // A connection in an unclear state is never used again: its next answer may be the last statement's.
    let broken = true;
    const onError = (error: Error): void => onLost(messageOf(error));
    client.on("error", onError);
    try {
      const result = await abortable(signal, work(client));
      broken = false;
      return result;
    } catch (error) {
      broken = !(error instanceof pg.DatabaseError);
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  };

  return {
    query: (text, values, signal) => withClient(signal, (client) => rowsOf(client, text, values)),
    transaction: (work, signal) =>
      withClient(signal, async (client) => {
        await client.query("BEGIN");
        try {
          await work((text, values) => rowsOf(client, text, values));
          await client.query("COMMIT");
        } catch (error) {
          await client.query("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
    close: () => pool.end(),
  };
}

async function rowsOf(client: PoolClient, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
  const result = await client.query<Record<string, unknown>>(text, [...values]);
  return result.rows;
}

async function connect(pool: pg.Pool, signal: AbortSignal): Promise<PoolClient> {
  signal.throwIfAborted();
  const connecting = pool.connect();
  try {
    return await abortable(signal, connecting);
  } catch (error) {
    // Whoever went away doesn't keep the connection that comes later.
    connecting.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  }
}

/** The promise, or the signal's reason at once. */
async function abortable<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
