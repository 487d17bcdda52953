import { seeded } from "./seeded.ts";
import { startGitServer } from "./git-server.ts";
import type { ServerOrder } from "./server-process.ts";

/* Serves a folder's repositories until its parent is gone. Prints its URL. */

const parse: (json: string) => ServerOrder = JSON.parse;

const [, , json = "", parent = ""] = process.argv;
const { root, dropAnswers } = parse(json);
const random = seeded(dropAnswers?.seed ?? 0);
const { url } = await startGitServer({
  root,
  intercept: (request) =>
    dropAnswers !== undefined &&
    request.method === "POST" &&
    request.url.endsWith("/git-receive-pack") &&
    random() < dropAnswers.share
      ? { kind: "drop-answer" }
      : undefined,
});
process.stdout.write(`${url}\n`);
setInterval(() => {
  if (process.ppid !== Number(parent)) process.kill(-process.pid, "SIGKILL");
}, 500);
