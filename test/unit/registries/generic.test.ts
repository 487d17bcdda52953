import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { plugin } from "../../../src/registries/generic/index.ts";

const registry = (uri: string) =>
  plugin.create({ type: "generic", uri }, { cloudEnvironment: { cloud: undefined }, clock: systemClock });

describe("a generic registry", () => {
  it("is one repository, or a prefix that the image's name is added to", () => {
    expect(registry("localhost:5000/team/train").repositoryFor("digits")).toBe("localhost:5000/team/train");
    expect(registry("ghcr.io/team/").repositoryFor("digits")).toBe("ghcr.io/team/digits");
  });

  it("has no login of its own: Docker's is used", async () => {
    expect(await registry("ghcr.io/team/").credential(new AbortController().signal)).toBeUndefined();
  });

  it.each(["https://ghcr.io/team", "ghcr.io/team:latest", "ghcr.io/Team", "", "ghcr.io/a b"])("refuses %j", (uri) => {
    expect(() => registry(uri)).toThrow(/is not a repository/);
  });
});
