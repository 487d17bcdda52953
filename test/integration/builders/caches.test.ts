import { afterAll, expect, it, vi } from "vitest";
import { buildBench } from "../../support/docker/docker-builder.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWith, type Engine } from "../../support/engines.ts";
import { codeSource } from "../../support/launch/code-source.ts";

/*
 * What a commit that changes code alone has built anew. Commits have times of their own, and never one that an earlier run of these tests
 * has had: the builder's cache outlives them. A step that runs leaves a mark that no other run of it leaves.
 */

const mark = "cat /proc/sys/kernel/random/uuid";
const nonce = Date.now();
const dockerfiles: Readonly<Record<string, string>> = {
  "a folder to work in, as most have": `FROM busybox\nRUN ${mark} >/one # ${nonce}\nWORKDIR /app\nRUN ${mark} >/two\nCOPY . .\n`,
  "several folders, of which some are new": `FROM busybox\nWORKDIR /a/b\nRUN ${mark} >/one # ${nonce}\nWORKDIR c\nWORKDIR /d\nRUN ${mark} >/two\nCOPY . /d\n`,
  "stages, and files taken from one": `FROM busybox AS made\nWORKDIR /made\nRUN ${mark} >/made/one # ${nonce}\nFROM busybox\nWORKDIR /app\nCOPY --from=made /made/one /one\nRUN ${mark} >/two\nCOPY . .\n`,
  "arguments, variables, labels and a user": `FROM busybox\nARG WHO=1000\nENV A=b\nLABEL c=d\nRUN ${mark} >/one # ${nonce}\nWORKDIR /app\nUSER 0\nRUN ${mark} >/two\nCOPY . .\nUSER $WHO\n`,
  "what is installed copied first": `FROM busybox\nWORKDIR /app\nCOPY requirements.txt .\nRUN ${mark} >/one # ${nonce}\nRUN ${mark} >/two\nCOPY . .\n`,
};

/** Seconds; days apart from each other, and from every other run's. */
const days = (number: number): number => Math.floor(nonce / 1_000) - number * 86_400;

const builders: readonly (readonly [name: string, builder: string, engines: readonly Engine[]])[] = [
  ["the engine's own builder", "default", ["docker"]],
  ["a BuildKit beside the engine", "launch", ["docker", "buildkit"]],
];

for (const [name, builder, engines] of builders) {
  describeWith(engines, `a commit that changes code alone, built by ${name}`, () => {
    const bench = buildBench(`caches-${builder}`);
    bench.useBuilder(builder);
    afterAll(() => bench.removeImages());
    const built = async (dockerfile: string, day: number) => {
      const source = codeSource(
        { Dockerfile: dockerfile, "requirements.txt": "six\n", "train.py": `print(${nonce}, ${day})\n` },
        { commitTime: days(day) },
      );
      const image = await bench.run(source);
      const read = (...args: readonly string[]) => docker("run", "--rm", image.reference, ...args);
      return {
        image,
        marks: read("cat", "/one", "/two"),
        created: docker("image", "inspect", "--format", "{{.Created}}", image.reference),
      };
    };

    it.each(Object.keys(dockerfiles))("runs no step before its files again: %s", async (kind) => {
      const dockerfile = dockerfiles[kind] ?? "";
      const first = await built(dockerfile, 1);
      for (const day of [2, 400]) {
        const later = await built(dockerfile, day);
        expect(later.image).toMatchObject({ outcome: "built", words: "code layer only, dependencies cached" });
        expect(later.marks).toBe(first.marks);
        expect(Date.parse(later.created)).toBe(days(day) * 1_000);
      }
    });

    it("nor where a time stands in the launcher's own environment", async () => {
      const dockerfile = `FROM busybox\nWORKDIR /of/env\nRUN ${mark} >/one # ${nonce}\nRUN ${mark} >/two\nCOPY . .\n`;
      vi.stubEnv("SOURCE_DATE_EPOCH", String(days(20)));
      const first = await built(dockerfile, 21);
      vi.stubEnv("SOURCE_DATE_EPOCH", String(days(30)));
      const later = await built(dockerfile, 31);
      expect(later.marks).toBe(first.marks);
      expect(Date.parse(later.created)).toBe(days(31) * 1_000);
    });
  });
}
