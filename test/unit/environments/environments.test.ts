import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import {
  type AwsEnvironment,
  type AzureEnvironment,
  type Cloud,
  type Environment,
  requireCloud,
} from "../../../src/environments/environment.ts";
import { type EnvironmentConfig, ownEnvironments } from "../../../src/environments/index.ts";

const context = { log: silentLog, clock: systemClock, variables: {} };
const signal = new AbortController().signal;

const identity = () => Promise.resolve({ account: "123456789012", principal: "role/launch" });
const aws: AwsEnvironment = {
  cloud: "AWS",
  region: "eu-west-1",
  identity,
  credential: () =>
    Promise.resolve({ accessKeyId: "id", secretAccessKey: "key", sessionToken: "session", expiresAt: new Date(0) }),
};
const azure: AzureEnvironment = {
  cloud: "Azure",
  region: undefined,
  identity,
  token: (audience) => Promise.resolve({ token: `token for ${audience}`, expiresAt: undefined }),
};
const none: Environment = { cloud: undefined };

describe("who needs a cloud's environment", () => {
  it("has what that cloud gives, without asking what it is", async () => {
    expect((await requireCloud(aws, "AWS", 'registry "ecr"').credential(signal)).sessionToken).toBe("session");
    const { token } = await requireCloud(azure, "Azure", 'registry "acr"').token("registry", signal);
    expect(token).toBe("token for registry");
  });

  it.each<[string, Environment, Cloud, string]>([
    ['registry "ecr"', none, "AWS", "names no environment"],
    ['registry "ecr"', azure, "AWS", "has one of Azure"],
    ['registry "acr"', aws, "Azure", "has one of AWS"],
    ['resource "vertex"', aws, "Google Cloud", "has one of AWS"],
  ])("(%s) is refused another's: %j", (asker, environment, cloud, has) => {
    expect(() => requireCloud(environment, cloud, asker)).toThrow(
      `${asker} needs an environment of ${cloud}, and the launch config ${has}`,
    );
  });
});

describe("the environments of this version", () => {
  const configs: readonly EnvironmentConfig[] = [
    { type: "aws", region: "eu-west-1" },
    { type: "azure" },
    { type: "gcp", project: "p" },
  ];

  it("have nothing to give where a launch config names none", async () => {
    const own = ownEnvironments(context);
    expect(() => own.require(undefined)).not.toThrow();
    expect(await own.open(undefined)).toEqual({ cloud: undefined });
  });

  it.each(configs)("refuse $type in words, before anything is done and when it is opened", async (config) => {
    const own = ownEnvironments(context);
    const words = `environment "${config.type}" is not in this version`;
    expect(() => own.require(config)).toThrow(words);
    await expect(own.open(config)).rejects.toThrow(words);
  });

  it("are opened once for a config, and again when that has failed", async () => {
    const asked: EnvironmentConfig[] = [];
    const own = ownEnvironments(context, {
      aws: (config) => {
        asked.push(config);
        return asked.length === 1 ? Promise.reject(new Error("no answer")) : Promise.resolve({ ...aws });
      },
    });
    const one: EnvironmentConfig = { type: "aws", region: "eu-west-1" };
    const other: EnvironmentConfig = { type: "aws", region: "us-east-1" };
    await expect(own.open(one)).rejects.toThrow("no answer");
    const [first, again, elsewhere] = await Promise.all([own.open(one), own.open({ ...one }), own.open(other)]);
    expect(again).toBe(first);
    expect(elsewhere).not.toBe(first);
    expect(asked).toEqual([one, one, other]);
  });
});
