import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LaunchError } from "../../src/core/errors.ts";
import { ownResources, type ResourceArgs, type ResourceCatalog } from "../../src/resources/index.ts";
import { plugin as localProcess } from "../../src/resources/local-process/index.ts";
import type { Resource, ResourceContext, ResourcePlugin, SharedLife } from "../../src/resources/resource.ts";
import { openPlugin } from "../../src/resources/shared-life.ts";
import { localHandle } from "../../src/run/handle.ts";
import { attemptKey } from "../support/launch/attempt.ts";
import { type AgentPlace, agentPlace } from "../support/agent/agent.ts";
import { keptLog } from "../support/docker/docker.ts";

/* What all runs of one process share at a resource, such as one watch over them: begun once, at the first need, and ended by its owner. */

const signal = new AbortController().signal;
const reader = { sink: () => undefined, waits: () => undefined };

type Seen = { begun: number; closed: number; aborted: boolean };
type Watch = SharedLife & { readonly nth: number };

/** A resource whose runs are seen by one watch; its beginning takes a moment, and fails as often as it is told to. */
function watching(seen: Seen, failures = 0): ResourcePlugin<ResourceArgs, Watch> {
  return {
    share: async (_, ending) => {
      const nth = ++seen.begun;
      ending.addEventListener("abort", () => (seen.aborted = true));
      await delay(20);
      if (nth <= failures) throw new LaunchError("submit-failed", `no answer (${nth})`);
      return {
        nth,
        close: () => {
          seen.closed++;
          return Promise.resolve();
        },
      };
    },
    create: (_args, _context, lend): Resource => ({
      describe: ({ name }) => name,
      handleFor: (run) => localHandle("kubernetes", run),
      submit: async () => {
        await lend();
      },
      imageDigest: () => Promise.resolve(undefined),
      find: () => Promise.resolve(undefined),
      follow: async () => ({ kind: "exited", exitCode: (await lend()).nth }),
      cancel: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    }),
  };
}

describe("what runs share at a resource", () => {
  let seen: Seen;
  const log = keptLog();
  const context: ResourceContext = {
    log,
    cacheDirectory: "/nowhere",
    environment: {},
    cloudEnvironment: { cloud: undefined },
    mounts: [],
    networks: [],
  };
  const handle = localHandle("kubernetes", attemptKey("run"));
  const catalogOf = (failures?: number): ResourceCatalog =>
    ownResources(context, { kubernetes: (own) => Promise.resolve(openPlugin(watching(seen, failures), own)) });
  const open = (catalog: ResourceCatalog): Promise<Resource> => catalog.open("kubernetes", {}, context);

  beforeEach(() => {
    seen = { begun: 0, closed: 0, aborted: false };
  });

  test.each([1, 2, 25])("is begun once for %i runs, however many at once, and ended once", async (count) => {
    const catalog = catalogOf();
    const resources = await Promise.all(Array.from({ length: count }, () => open(catalog)));
    const followed = await Promise.all(resources.map((resource) => resource.follow(handle, reader, signal)));
    expect(followed.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: count }, () => 1));
    expect(seen).toEqual({ begun: 1, closed: 0, aborted: false });

    await Promise.all([catalog.close(), catalog.close()]);
    await catalog.close();
    expect(seen).toMatchObject({ begun: 1, closed: 1 });
  });

  test("is not begun by a resource that is opened and asked for nothing", async () => {
    const catalog = catalogOf();
    await open(catalog);
    await catalog.close();
    expect(seen).toEqual({ begun: 0, closed: 0, aborted: false });
  });

  test.each([1, 2])("is begun again by the next need when its beginning has failed %i times", async (failures) => {
    const catalog = catalogOf(failures);
    const resource = await open(catalog);
    for (let nth = 1; nth <= failures; nth++) {
      const both = [resource.follow(handle, reader, signal), resource.follow(handle, reader, signal)];
      for (const { status, ...result } of await Promise.allSettled(both)) {
        expect({ status, ...result }).toMatchObject({ status: "rejected", reason: { message: `no answer (${nth})` } });
      }
    }
    expect(await resource.follow(handle, reader, signal)).toEqual({ kind: "exited", exitCode: failures + 1 });
    expect(await resource.follow(handle, reader, signal)).toEqual({ kind: "exited", exitCode: failures + 1 });
    await catalog.close();
    expect(seen).toMatchObject({ begun: failures + 1, closed: 1 });
  });

  test.each([0, 1])(
    "is ended also while it begins (which then fails %i times), and lent to nobody after",
    async (failures) => {
      const catalog = catalogOf(failures);
      const resource = await open(catalog);
      const following = resource.follow(handle, reader, signal).catch(() => undefined);
      await catalog.close();
      expect(seen).toEqual({ begun: 1, closed: 1 - failures, aborted: true });
      await following;
      await expect(resource.follow(handle, reader, signal)).rejects.toThrow("has ended");
      expect(seen.begun).toBe(1);
    },
  );

  test("another plug-in is there under its name alone, and in its own catalog", () => {
    expect(() => catalogOf().require("kubernetes")).not.toThrow();
    expect(() => catalogOf().require("vertex")).toThrow('resource "vertex" is not in this version');
    expect(() => ownResources(context).require("kubernetes")).toThrow('resource "kubernetes" is not in this version');
    expect(() => ownResources(context).require("local-process")).not.toThrow();
  });
});

describe("the runs of an agent", () => {
  let place: AgentPlace;
  beforeEach(async () => {
    place = await agentPlace();
  });
  afterEach(() => place.remove());

  /** Processes of this machine, as ever; how often their shared life begins and ends is counted. */
  const counted = (seen: Seen, failures: number): ResourceCatalog => {
    const opened = { log: keptLog(), cacheDirectory: place.state.cache, environment: process.env };
    return ownResources(opened, {
      "local-process": (context) => {
        const { create, close } = openPlugin(
          {
            create: localProcess.create,
            share: async (own, ending) => {
              if (++seen.begun <= failures) throw new LaunchError("submit-failed", "no answer yet");
              const shared = await localProcess.share(own, ending);
              return {
                ...shared,
                close: async () => {
                  seen.closed++;
                  await shared.close();
                },
              };
            },
          },
          context,
        );
        return Promise.resolve({
          close,
          create: (args: ResourceArgs, own: ResourceContext) => create(args["local-process"] ?? { venv: false }, own),
        });
      },
    });
  };

  test.each([0, 1])(
    "share one life that ends with it; its beginning fails %i times",
    async (failures) => {
      const seen: Seen = { begun: 0, closed: 0, aborted: false };
      await place.enqueue(["exit 0", "exit 0", "exit 0", "exit 0"]);
      const { runs } = await place.run({ maxJobs: failures === 0 ? 3 : 1 }, { resources: counted(seen, failures) });
      const ends = runs.map(({ end }) => ("reason" in end ? end.reason : end.kind));
      expect(ends).toEqual([...Array.from({ length: failures }, () => "submit-failed"), ...ends.slice(failures)]);
      expect(ends.slice(failures)).toEqual(Array.from({ length: 4 - failures }, () => "succeeded"));
      expect(seen).toMatchObject({ begun: failures + 1, closed: 1 });
    },
    40_000,
  );
});
