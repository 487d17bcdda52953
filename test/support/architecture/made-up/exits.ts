import type { Exits } from "../rules/exits.ts";
import type { MadeUp } from "./made-up.ts";

export const exitsOfMadeUp: Exits = {
  store: { "launch/writer.ts": "launch/journal.ts", "queueing/cancel.ts": "stored", "agent/gone.ts": "stored" },
  github: { "action/exit.ts": "action/main.ts", "action/log.ts": "action/log.ts" },
  request: { "github/token.ts": "own" },
  resource: { "launch/at-resource.ts": "launch/open.ts", "launch/again.ts": "launch/other.ts" },
};

const named = {
  "launch/writer.ts": `await store.create(document, signal); await this.from.store.update(document, "1", signal);`,
  "launch/journal.ts": `import "./writer.ts"; writer.write(redactedRecord(record, redact));`,
  "queueing/cancel.ts": `store.cancel(entry, document, signal); store.list(10, signal);`,
  "action/exit.ts": `import * as core from "@actions/core"; core.setOutput("a", b); addSummary(file, text);`,
  "action/main.ts": `import { leave } from "./exit.ts"; leave(redactionOf(secrets)(exit));`,
  "action/log.ts": `core.warning(redactedLog(text));`,
  "github/token.ts": `api("POST /app/installations/{id}/access_tokens"); api("GET /user");`,
  "launch/at-resource.ts": `resource.submit(asked, start, signal);`,
  "launch/open.ts": `import "./between.ts"; redactionOfSecrets(secrets);`,
  "launch/between.ts": `import "./at-resource.ts";`,
  "launch/again.ts": `resource.submit(asked, start, signal);`,
  "launch/other.ts": `redactionOfSecrets(secrets);`,
  "stores/git/index.ts": `store.create(document, signal);`,
  "clients/github/api.ts": `api("POST /x");`,
};

export const madeUpExits: MadeUp = {
  broken: {
    ...named,
    "agent/new.ts": `served.store.progress(entry, document, signal);\nconst { finish: end } = store;\nto.enqueue([document], signal);`,
    "agent/typed.ts": `function end(place: QueueStore) { return place.move(entry, document, signal); }\nbeats.update(1); hash.update("a");`,
    "submit/new.ts": `const put = ownStore["create"];`,
    "github/comment.ts": `api("PATCH /repos/{owner}/{repo}/issues/comments/{id}", { body });\naddSummary(file, body);`,
    "action/new.ts": `import { setOutput } from "@actions/core";\ncore.notice(message); core.getInput("a");`,
    "agent/resource.ts": `const handle = await resource.submit(run);`,
  },
  found: [
    "agent/new.ts:1 lets out by store.progress, and goes through no gate",
    "agent/new.ts:2 lets out by store.finish, and goes through no gate",
    "agent/new.ts:3 lets out by to.enqueue, and goes through no gate",
    "agent/typed.ts:1 lets out by place.move, and goes through no gate",
    "submit/new.ts:1 lets out by ownStore.create, and goes through no gate",
    "github/comment.ts:1 lets out by PATCH /repos/{owner}/{repo}/issues/comments/{id}, and goes through no gate",
    "github/comment.ts:2 lets out by addSummary, and goes through no gate",
    "action/new.ts:1 lets out by setOutput, and goes through no gate",
    "action/new.ts:2 lets out by core.notice, and goes through no gate",
    "agent/resource.ts:1 lets out by resource.submit, and goes through no gate",
  ],
};

export const madeUpOpenGates: MadeUp = {
  broken: { ...named, "launch/journal.ts": `import "./writer.ts"; writer.write(record);` },
  found: [
    "launch/journal.ts takes no secret out of what launch/writer.ts lets out",
    "agent/gone.ts is no way to a store",
    "launch/again.ts and launch/other.ts know nothing of each other",
  ],
};
