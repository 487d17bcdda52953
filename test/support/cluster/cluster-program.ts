import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { ClusterRun, ClusterOrder } from "./cluster.ts";

/*
 * A cluster, so to say: it keeps runs going that know nothing of whoever asked for them. A run says a line each `lineMs`, and ends after the
 * last. A second request for a run of one name starts none. Prints its URL; ends when its parent is gone.
 */

const parse: (json: string) => ClusterOrder = JSON.parse;

const [, , json = "", parent = ""] = process.argv;
const { lines, lineMs, startMs, answerMs } = parse(json);
const runs = new Map<string, ClusterRun & { cancelled: boolean; log: string }>();
let starts = 0;
let backAt = 0;

async function work(name: string): Promise<void> {
  const run = runs.get(name);
  if (run === undefined) return;
  for (let line = 1; line <= lines; line++) {
    await delay(lineMs);
    if (run.cancelled) {
      run.exitCode = 143;
      return;
    }
    run.log += `line ${line}\n`;
  }
  run.exitCode = 0;
}

async function start(name: string): Promise<void> {
  // Whoever asked may be gone before it is there.
  await delay(startMs);
  if (runs.has(name)) return;
  starts++;
  runs.set(name, { log: "", exitCode: undefined, cancelled: false });
  void work(name);
}

const server = createServer((request, response) => {
  const answer = async (): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://cluster");
    const name = url.pathname.slice(1);
    if (name !== "" && Date.now() < backAt) {
      response.writeHead(503).end();
      return;
    }
    if (name === "" && request.method === "PUT") backAt = Date.now() + Number(url.searchParams.get("awayMs"));
    const asked = request.method === "POST" ? start(name) : Promise.resolve();
    await delay(answerMs);
    await asked;
    const run = runs.get(name);
    if (name === "") response.end(JSON.stringify({ starts, names: [...runs.keys()] }));
    else if (run === undefined) response.writeHead(404).end();
    else {
      if (request.method === "PUT") run.cancelled = true;
      if (request.method === "DELETE") {
        run.cancelled = true;
        runs.delete(name);
      }
      const from = Number(url.searchParams.get("from") ?? "0");
      response.end(JSON.stringify({ log: run.log.slice(from), exitCode: run.exitCode }));
    }
  };
  answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens nowhere");
  process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
setInterval(() => {
  if (String(process.ppid) !== parent) process.exit();
}, 500);
