import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { messageOf } from "../../core/errors.ts";
import { connectionSettings } from "./connection.ts";

export type ListenRequest = {
  readonly connection: string;
  readonly channel: string;
  /** Called for each notification. */
  readonly onPayload: (payload: string) => void;
  /** Called at each (re)connection: what was notified before it is not known. */
  readonly onListening: () => void;
  readonly onLost: (message: string) => void;
};

const longestWaitMs = 5_000;
const firstWaitMs = 100;
const goodbyeMs = 1_000;

/**
 * Listens on a connection of its own until it is closed. A lost connection is made again, after a random wait that grows; until then
 * nothing is heard, so a listener saves waiting, and nobody relies on it alone.
 */
export function listen(request: ListenRequest): { close(): Promise<void> } {
  const ended = new AbortController();
  const life = (async (): Promise<void> => {
    for (let failures = 0; !ended.signal.aborted; failures++) {
      const heard = await listenOnce(request, ended.signal);
      if (heard) failures = 0;
      const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** failures);
      await delay(Math.random() * longest, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      ended.abort();
      await life;
    },
  };
}

/** One connection's life; true when it listened at all. */
async function listenOnce(request: ListenRequest, ended: AbortSignal): Promise<boolean> {
  const client = new pg.Client(connectionSettings(request.connection));
  const gone = Promise.withResolvers<string>();
  client.on("error", (error) => gone.resolve(messageOf(error)));
  client.on("end", () => gone.resolve("the connection ended"));
  client.on("notification", ({ payload = "" }) => request.onPayload(payload));
  const stop = (): void => gone.resolve("");
  ended.addEventListener("abort", stop, { once: true });
  let listening = false;
  try {
    const started = client
      .connect()
      .then(() => client.query(`LISTEN ${pg.escapeIdentifier(request.channel)}`))
      .then(() => undefined);
    const lost = await Promise.race([started, gone.promise]);
    if (lost === undefined) {
      listening = true;
      request.onListening();
    } else {
      started.catch(() => undefined);
    }
    const said = await gone.promise;
    if (said !== "") request.onLost(said);
  } catch (error) {
    request.onLost(messageOf(error));
  } finally {
    ended.removeEventListener("abort", stop);
    // A peer that is gone without a word never says goodbye.
    await Promise.race([client.end().catch(() => undefined), delay(goodbyeMs, undefined, { ref: false })]);
  }
  return listening;
}
