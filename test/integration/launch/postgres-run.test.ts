import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch } from "../../../src/launch/launch.ts";
import { chooseStore } from "../../../src/stores/choose-store.ts";
import type { Store } from "../../../src/stores/store.ts";
import { describeWith } from "../../support/engines.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../../support/launch/launching.ts";
import { makeProject, type Project } from "../../support/launch/project.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres/postgres.ts";

describeWith(["postgres"], "a run that a database keeps", () => {
  let server: PostgresServer;
  let place: LaunchPlace;
  let project: Project;
  let store: Store;

  const presentState = async (signal: AbortSignal): Promise<string> => {
    const [listed] = await store.list(1, signal);
    return listed?.kind === "run" ? listed.run.state : "";
  };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    project = makeProject({ files: { "hang.mjs": "console.log('up'); setInterval(() => {}, 1000);" } });
    const outside = await launchPlace();
    const { log, state } = outside.services;
    const given = await server.newDatabase();
    const choice = chooseStore({ given, byDefault: undefined, isPublic: true, state, tokens: {}, log });
    store = await choice.open();
    place = { ...outside, services: { ...outside.services, store: choice } };
  });
  afterEach(async () => {
    await store.close();
    project.remove();
    await place.remove();
  });

  it("is seen to run by others while it does", async () => {
    const signal = AbortSignal.timeout(60_000);
    const cancel = new AbortController();
    const seen: string[] = [];
    place.services.log.output = async () => {
      while (seen.at(-1) !== "running") seen.push(await presentState(signal));
      cancel.abort();
    };
    const spec = {
      uri: ".",
      name: "test",
      resource: "local-process",
      overrides: { entry_point: ["node", "hang.mjs"] },
    };
    const request = await launchRequest({ spec, baseDirectory: project.directory });
    const result = await launch(request, place.services, AbortSignal.any([cancel.signal, signal]));
    expect(seen.at(-1)).toBe("running");
    expect(result.outcome.state).toBe("cancelled");
    expect(await presentState(signal)).toBe("cancelled");
  });
});
