import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine } from "../../support/cli/command-line.ts";
import { compileCache } from "../../support/cli/compile-cache.ts";
import { temporaryFolder } from "../../support/git/git-repository.ts";
import { plantRunsInGit } from "../../support/stores/plant.ts";

type Document = Readonly<Record<string, unknown>>;

const written = (kind: string, file: string): Document =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../fixtures/documents", kind, file), "utf8")) as Document;

const places = { waiting: "queued", leased: "leased", ended: "failed" } as const;

test("a run whose place, head and record were written to say different things stands at one, whichever command is asked", async () => {
  const folder = temporaryFolder();
  try {
    const store = folder.bare("store.git");
    const runs = Object.values(places).flatMap((head, i) =>
      Object.values(places).flatMap((record, j) =>
        (["waiting", "leased", "ended"] as const).map((place) => {
          const runId = `${place}-${i}${j}`;
          const bytes = (document: Document) => Buffer.from(JSON.stringify({ ...document, run_id: runId }));
          return {
            ...{ name: runId, runId, place, time: Date.now() - 60_000 },
            head: bytes(written(head, "run.json")),
            record: bytes(written(record, "record.json")),
          };
        }),
      ),
    );
    expect(runs).toHaveLength(27);
    plantRunsInGit(store.directory, "default", runs);
    const launch = commandLine({
      directory: folder.folder("work"),
      stateHome: folder.folder("state"),
      environment: { ...compileCache, LAUNCH_STORE: `git+file://${store.directory}` },
    });
    const { stdout: history } = await launch("queue", "history", "default", "--json");
    const { stdout: listed } = await launch("list", "--json", "--limit", "100");
    const rows = listed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { run_id: string; state: string });
    const states = new Map(rows.map(({ run_id, state }) => [run_id, state]));
    for (const { runId, place } of runs) {
      const state = states.get(runId) ?? "";
      expect(place === "waiting" ? ["queued"] : place === "leased" ? ["leased", "running"] : ["failed"]).toContain(
        state,
      );
      expect(history.includes(`"${runId}"`)).toBe(place === "ended");
    }
    expect(history).not.toMatch(/"state": ?"(?:queued|leased)"/);
    for (const { runId, place } of runs.filter((_run, index) => index % 4 === 0)) {
      const { stdout: shown } = await launch("show", runId);
      const first = shown.split("\n")[0] ?? "";
      if (place === "ended") expect(first).toMatch(/^ended-\d+ {2}failed/);
      else
        expect(first).toMatch(
          place === "waiting" ? /^waiting-\d+ {2}waiting/ : /^leased-\d+ {2}(?!failed|queued|waiting)/,
        );
      expect(shown.includes("launch requeue")).toBe(place === "ended");
      expect(shown.includes("launch cancel")).toBe(place !== "ended");
    }
  } finally {
    folder.remove();
  }
}, 120_000);
