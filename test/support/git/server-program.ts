import { appendFileSync } from "node:fs";
import { seeded } from "../chaos/seeded.ts";
import { type GitServerRequest, startGitServer } from "./git-server.ts";
import type { ServerOrder } from "./server-process.ts";

/* Serves a folder's repositories until its parent is gone. Prints its URL. */

const parse: (json: string) => ServerOrder = JSON.parse;

const [, , json = "", parent = ""] = process.argv;
const { root, dropAnswers, noteRequestsIn } = parse(json);
const random = seeded(dropAnswers?.seed ?? 0);
const isPush = ({ method, url }: GitServerRequest): boolean => method === "POST" && url.endsWith("/git-receive-pack");
const { url } = await startGitServer({
  root,
  // A host collects garbage aside, not at each push.
  config: { "receive.autogc": "false" },
  intercept: (request) => {
    if (noteRequestsIn !== undefined) appendFileSync(noteRequestsIn, `${request.method} ${request.url}\n`);
    if (dropAnswers === undefined || !isPush(request) || random() >= dropAnswers.share) return undefined;
    appendFileSync(dropAnswers.noteIn, ".");
    return { kind: "drop-answer" };
  },
});
process.stdout.write(`${url}\n`);
setInterval(() => {
  if (process.ppid !== Number(parent)) process.kill(-process.pid, "SIGKILL");
}, 500);
