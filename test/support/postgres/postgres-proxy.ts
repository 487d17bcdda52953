import { createServer, Socket } from "node:net";

/** Passes on to a Postgres server, but for the answers that a test takes away. */
export type PostgresProxy = {
  readonly port: number;
  /** The server does these statements, so many or those that a test chooses, and the line breaks when its answer comes. */
  dropAnswersTo(statement: RegExp, which: number | (() => boolean)): void;
  stop(): Promise<void>;
};

export async function startPostgresProxy(to: number): Promise<PostgresProxy> {
  const sockets = new Set<Socket>();
  let wanted = { statement: /^/, isNext: (): boolean => false };
  const server = createServer((client) => {
    const upstream = new Socket().connect(to, "127.0.0.1");
    let drops = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (wanted.statement.test(chunk.toString("latin1")) && wanted.isNext()) drops = true;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (drops) client.destroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    port: address.port,
    dropAnswersTo: (statement, which) => {
      let left = typeof which === "number" ? which : 0;
      wanted = { statement, isNext: typeof which === "number" ? () => left-- > 0 : which };
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
