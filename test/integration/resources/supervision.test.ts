import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Resource, RunRequest } from "../../../src/resources/resource.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { followed, type LocalKind, otherLauncher, resourceBench } from "../../support/launch/resource.ts";

const signal = new AbortController().signal;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

function supervision(kind: LocalKind): void {
  const bench = resourceBench(kind, true);
  const started = () => until(() => existsSync(bench.folder("output/ready")));
  const killedAfterStart = async (request: RunRequest): Promise<Resource> => {
    const other = await otherLauncher(kind, request, bench.folder("cache"));
    await started();
    await other.kill();
    return bench.open();
  };

  test("what a run prints and exits with after its launcher was killed is there for who takes it over", async () => {
    const script = "echo before; touch $LAUNCH_OUTPUT_DIR/ready; sleep 1; echo after; echo wrong >&2; exit 7";
    const request = bench.request(script);
    const resource = await killedAfterStart(request);
    const handle = await resource.find(request, signal);
    expect(await followed(resource, handle!)).toEqual({
      outcome: { kind: "exited", exitCode: 7 },
      stdout: "before\nafter\n",
      stderr: "wrong\n",
    });
    await resource.remove(handle!);
  });

  test("a run that ended while nobody was there has its output and exit code", async () => {
    const script = "echo all; touch $LAUNCH_OUTPUT_DIR/ready; sleep 0.5; touch $LAUNCH_OUTPUT_DIR/over; exit 3";
    const request = bench.request(script);
    const resource = await killedAfterStart(request);
    await until(() => existsSync(bench.folder("output/over")));
    await delay(500);
    const handle = await resource.find(request, signal);
    expect(await followed(resource, handle!)).toMatchObject({
      outcome: { kind: "exited", exitCode: 3 },
      stdout: "all\n",
    });
    await resource.remove(handle!);
  });

  test("a run is ended when nobody says for its grace that its agent is there", async () => {
    const script =
      "touch $LAUNCH_OUTPUT_DIR/ready; while :; do date +%s%N >> $LAUNCH_OUTPUT_DIR/steps; sleep 0.05; done";
    const request = bench.request(script, { outlives: { keepAliveFile: bench.folder("alive"), graceMs: 2_000 } });
    const resource = await killedAfterStart(request);
    const handle = resource.handleFor(request);
    const { outcome } = await followed(resource, handle);
    expect(outcome).toMatchObject({ kind: "failed", reason: "lost" });
    const steps = readFileSync(bench.folder("output/steps"), "utf8");
    await delay(300);
    expect(readFileSync(bench.folder("output/steps"), "utf8")).toBe(steps);
    await resource.remove(handle);
  });
}

describeWithDocker("a container that outlives its launcher", () => supervision("local-container"));

describe("a process that outlives its launcher", () => supervision("local-process"));
