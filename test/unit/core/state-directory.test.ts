import { describe, expect, it } from "vitest";
import { stateDirectoryOf } from "../../../src/core/state-directory.ts";

describe("the state directory", () => {
  it.each([
    [{ LAUNCH_STATE_HOME: "/a b", XDG_STATE_HOME: "/x" }, "/a b"],
    [{ LAUNCH_STATE_HOME: "", XDG_STATE_HOME: "/x" }, "/x/launch"],
    [{ XDG_STATE_HOME: "relative" }, "/home/me/.local/state/launch"],
    [{}, "/home/me/.local/state/launch"],
  ])("for %j is %s", (environment, path) => {
    expect(stateDirectoryOf(environment, "/home/me").path).toBe(path);
  });

  it("is refused when it is relative", () => {
    expect(() => stateDirectoryOf({ LAUNCH_STATE_HOME: "state" }, "/home/me")).toThrow("absolute");
  });

  it("has a place for each thing", () => {
    const state = stateDirectoryOf({ LAUNCH_STATE_HOME: "/s" }, "/home/me");
    expect(state.store).toBe("/s/store.git");
    expect(state.logFile("digits-1")).toBe("/s/runs/digits-1/log.txt");
    expect(state.outputFolder("digits-1")).toBe("/s/runs/digits-1/output");
    expect(state.scratchFolder("digits-1")).toBe("/s/scratch/digits-1");
  });
});
