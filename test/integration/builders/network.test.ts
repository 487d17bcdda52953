import { afterAll, expect, it } from "vitest";
import { buildBench } from "../../support/docker/docker-builder.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWith, type Engine } from "../../support/engines.ts";
import { codeSource } from "../../support/launch/code-source.ts";

/* `allow.build_network: false`, by what a step of a build sees of the network: its interfaces. */

const builders: readonly (readonly [name: string, builder: string, engines: readonly Engine[]])[] = [
  ["the engine's own builder", "default", ["docker"]],
  ["a BuildKit beside the engine", "launch", ["docker", "buildkit"]],
];

for (const [name, builder, engines] of builders) {
  describeWith(engines, `a build without a network, by ${name}`, () => {
    const bench = buildBench(`network-${builder}`);
    bench.useBuilder(builder);
    afterAll(() => bench.removeImages());
    /** What each step of a Dockerfile sees; each begins as it is written here. */
    const interfaces = async (runs: readonly string[], network: boolean): Promise<ReadonlySet<string>> => {
      const steps = runs.map((run) => `${run} grep : /proc/net/dev | cut -d: -f1 | tr -d ' ' >>/interfaces`);
      const source = codeSource({ Dockerfile: ["FROM busybox", ...steps, ""].join("\n") });
      const image = await bench.run(source, {}, { "no-cache": true }, { network });
      const seen = docker("run", "--rm", image.reference, "cat", "/interfaces").split("\n");
      expect(seen.filter((each) => each === "lo")).toHaveLength(runs.length);
      return new Set(seen);
    };

    it("a step has the loopback alone, whichever way it is written", async () => {
      const runs = [
        "RUN",
        "RUN --network=default",
        "RUN --network=none",
        "ONBUILD RUN true\nRUN",
        "run --mount=type=tmpfs,target=/t",
      ];
      expect(await interfaces(runs, false)).toEqual(new Set(["lo"]));
    });

    it("a step that asks for the host's network is refused by the builder", async () => {
      await expect(interfaces(["RUN --network=host"], false)).rejects.toMatchObject({ code: "build-failed" });
    });

    it("with the network allowed, a step has more", async () => {
      expect((await interfaces(["RUN"], true)).size).toBeGreaterThan(1);
    });
  });
}
