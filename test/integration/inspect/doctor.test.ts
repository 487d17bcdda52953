import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import type { Finding } from "../../../src/core/finding.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import type { AwsEnvironment } from "../../../src/environments/environment.ts";
import { type EnvironmentCatalog, ownEnvironments } from "../../../src/environments/index.ts";
import { examine } from "../../../src/inspect/doctor.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../../support/launch/launching.ts";

const { signal } = new AbortController();

let place: LaunchPlace;
beforeEach(async () => {
  place = await launchPlace();
});
afterEach(() => place.remove());

const aws: AwsEnvironment = {
  cloud: "AWS",
  region: "eu-west-1",
  identity: () => Promise.resolve({ account: "123456789012", principal: "role/launch" }),
  credential: () => Promise.reject(new Error("looking needs none")),
};
const context = { log: silentLog, clock: systemClock, variables: {} };
const withCloud = (own: AwsEnvironment): EnvironmentCatalog =>
  ownEnvironments(context, { aws: () => Promise.resolve(own) });

async function cloudFindings(
  resource: string,
  environments: EnvironmentCatalog,
  config: Parameters<typeof launchRequest>[0]["config"] = { environment: { type: "aws", region: "eu-west-1" } },
): Promise<readonly Finding[]> {
  const code = resource === "local-process" ? { uri: "." } : { docker: { docker_image: "busybox:1" } };
  const spec = { name: "train", resource, overrides: { entry_point: ["true"] }, ...code };
  const draft = await launchRequest({ spec, config, baseDirectory: "/" });
  const { state, services } = place;
  const request = { draft, workingDirectory: "/", state, store: services.store, environments, environment: {} };
  return (await examine(request, signal)).filter(({ subject }) => subject.startsWith("environment"));
}

test("whom the launch config's cloud takes us for is told where a launch would need it", async () => {
  const finding = { subject: "environment aws", found: true, detail: "AWS: role/launch in 123456789012, eu-west-1" };
  expect(await cloudFindings("local-container", withCloud(aws))).toMatchObject([finding]);
  expect(await cloudFindings("local-process", withCloud(aws))).toEqual([]);
  expect(await cloudFindings("local-container", withCloud(aws), {})).toEqual([]);
});

test("a cloud that doesn't answer, or is not in this version, is missing", async () => {
  const away = withCloud({ ...aws, identity: () => Promise.reject(new Error("the token has expired")) });
  const [silent] = await cloudFindings("local-container", away);
  expect(silent).toMatchObject({ found: false, detail: "the token has expired", needed: "the run and its image" });
  const [unknown] = await cloudFindings("local-container", ownEnvironments(context));
  expect(unknown?.found).toBe(false);
  expect(unknown?.detail).toContain('environment "aws" is not in this version');
});
