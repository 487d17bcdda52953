import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/output/log.ts";
import type { AwsEnvironment, Environment } from "../../src/environments/environment.ts";
import { ownEnvironments } from "../../src/environments/index.ts";
import { launch } from "../../src/launch/launch.ts";
import { planLaunch } from "../../src/launch/plan-launch.ts";
import { ownResources, type ResourceName } from "../../src/resources/index.ts";
import type { Resource } from "../../src/resources/resource.ts";
import { localHandle } from "../../src/run/handle.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../support/launch/launching.ts";

/* The launch config's environment is given to what runs images; a process has what its tools find, whatever the config says. */

const { signal } = new AbortController();
const aws: AwsEnvironment = {
  cloud: "AWS",
  region: "eu-west-1",
  identity: () => Promise.resolve({ account: "123456789012", principal: "role/launch" }),
  credential: () => Promise.reject(new Error("nobody needs one here")),
};

let place: LaunchPlace | undefined;
afterEach(() => place?.remove());

/** A place whose resources of these names run nothing, and keep what they were given. */
async function placeWith(given: Environment[], isCloudThere: boolean): Promise<LaunchPlace> {
  const context = { log: silentLog, clock: systemClock, variables: {} };
  let opened = 0;
  const environments = ownEnvironments(
    context,
    isCloudThere
      ? {
          aws: ({ type }) => {
            expect([type, ++opened]).toEqual(["aws", 1]);
            return Promise.resolve(aws);
          },
        }
      : {},
  );
  const opener = (kind: ResourceName) => () => {
    const resource: Resource = {
      describe: () => "nothing",
      handleFor: (run) => localHandle(kind, run),
      submit: () => Promise.resolve(),
      imageDigest: () => Promise.resolve(undefined),
      find: () => Promise.resolve(undefined),
      follow: () => Promise.resolve({ kind: "exited", exitCode: 0 }),
      cancel: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    };
    return Promise.resolve({
      create: (_: unknown, { cloudEnvironment }: { readonly cloudEnvironment: Environment }) => {
        given.push(cloudEnvironment);
        return resource;
      },
      close: () => Promise.resolve(),
    });
  };
  const shared = { log: silentLog, cacheDirectory: "/nowhere", environment: {} };
  const resources = ownResources(shared, {
    kubernetes: opener("kubernetes"),
    "local-container": opener("local-container"),
    "local-process": opener("local-process"),
  });
  return launchPlace({ environments, resources });
}

const requestFor = ({ state }: LaunchPlace, resource: ResourceName) =>
  launchRequest({
    spec: {
      ...{ name: "train", resource, overrides: { entry_point: ["true"] } },
      ...(resource === "local-process" ? { uri: state.path } : { docker: { docker_image: "busybox:1" } }),
    },
    config: { environment: { type: "aws", region: "eu-west-1" } },
    baseDirectory: "/",
  });

test.each([
  ["kubernetes", aws],
  ["local-container", aws],
  ["local-process", { cloud: undefined }],
] as const)("%s is given the environment that it may use, by each launch the same", async (resource, expected) => {
  const given: Environment[] = [];
  place = await placeWith(given, true);
  await mkdir(place.state.path, { recursive: true });
  await writeFile(join(place.state.path, "main.py"), "");
  for (let i = 0; i < 2; i++) {
    const { outcome } = await launch(await requestFor(place, resource), place.services, signal);
    expect(outcome).toMatchObject({ state: "succeeded" });
  }
  await planLaunch(await requestFor(place, resource), place.services, signal);
  expect(given).toHaveLength(3);
  for (const environment of given) expect(environment).toEqual(expected);
});

test.each(["kubernetes", "local-container"] as const)("%s is refused a cloud that is not there", async (resource) => {
  const given: Environment[] = [];
  place = await placeWith(given, false);
  const words = 'environment "aws" is not in this version';
  const { outcome } = await launch(await requestFor(place, resource), place.services, signal);
  expect(outcome.state === "failed" ? outcome.message : outcome.state).toContain(words);
  await expect(planLaunch(await requestFor(place, resource), place.services, signal)).rejects.toThrow(words);
  expect(given).toEqual([]);
});
