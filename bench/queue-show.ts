import { join } from "node:path";
import { queuedDocument } from "../test/support/stores/run-document.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { inWorkspace, launchEntry } from "./program.ts";
import { inGitPlace } from "./queue-place.ts";
import { finish } from "./subprocess.ts";

const waiting = 1_000;

export const showBars: readonly [Bar] = [
  {
    measure: `git store with ${waiting} waiting: \`launch queue show\` (floor: of an empty queue)`,
    unit: "s",
    of: "value",
    is: "at most",
    bar: 1,
  },
];

/** Over HTTP, on a machine that has looked at the queue before. */
export function queueShow(): Promise<readonly Row[]> {
  return inGitPlace((place) =>
    inWorkspace(async (workspace) => {
      const store = await place.open("submitter");
      const documents = Array.from({ length: waiting }, (_, index) =>
        queuedDocument(`bench-${index}`, { queue: "default" }),
      );
      await store.enqueue(documents, AbortSignal.timeout(300_000));
      const show = (url: string): (() => Promise<number>) => {
        const args = [launchEntry, "queue", "show", "default", "--store", `git+${url}`];
        const env = { ...workspace.env, LAUNCH_STATE_HOME: join(workspace.folder, "reader") };
        return async () => (await finish({ command: process.execPath, args, cwd: workspace.folder, env })).seconds;
      };
      return inGitPlace(async (empty) => [
        toRow(showBars[0], await interleave({ rounds: 7, warmUp: 1, value: show(place.url), floor: show(empty.url) })),
      ]);
    }),
  );
}
