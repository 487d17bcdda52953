import { createServer, Socket } from "node:net";

/** A network between a store and those who use it: slow, or away. */
export type Link = {
  readonly port: number;
  /** Where it leads to from now on: a server that was started again has another port. */
  lead(port: number): void;
  /** A round trip takes so long; making a connection is one too. */
  delay(roundTripMs: number): void;
  /** Breaks every connection, and takes none until it is up again. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
};

export async function startLink(to: number, roundTripMs = 0): Promise<Link> {
  const sockets = new Set<Socket>();
  let target = to;
  let halfMs = roundTripMs / 2;
  let isCut = false;

  const pass = (from: Socket, into: Socket, firstMs: number): void => {
    const waiting: { readonly at: number; readonly work: () => void }[] = [];
    const opened = performance.now() + firstMs;
    // One timer for all, so that chunks keep their order.
    const pump = (): void => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const left = next.at - performance.now();
        if (left > 0) {
          setTimeout(pump, Math.ceil(left));
          return;
        }
        waiting.shift();
        next.work();
      }
    };
    const later = (work: () => void): void => {
      waiting.push({ at: Math.max(opened, performance.now()) + halfMs, work });
      if (waiting.length === 1) pump();
    };
    from.on("data", (chunk) => later(() => into.write(chunk)));
    from.on("end", () => later(() => into.end()));
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = new Socket({ allowHalfOpen: true }).connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", (failed) => {
        sockets.delete(socket);
        if (!failed) return;
        client.destroy();
        upstream.destroy();
      });
    }
    pass(client, upstream, halfMs * 2);
    pass(upstream, client, 0);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    port: address.port,
    lead: (port) => {
      target = port;
    },
    delay: (ms) => {
      halfMs = ms / 2;
    },
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    mend: () => {
      isCut = false;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
