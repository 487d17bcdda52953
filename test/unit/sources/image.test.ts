import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { plugin } from "../../../src/sources/image/index.ts";

const context = { log: silentLog, signal: new AbortController().signal, scratch: "/nonexistent", tokens: {} };

test("an image is taken as it was asked for", async () => {
  const image = "registry.example/team/train:v1";
  await expect(plugin.resolve({ kind: "image", image }, context)).resolves.toEqual({
    kind: "image",
    image,
    provenance: { kind: "image", image, commit_time: 0, reachable: true },
  });
});

test.for(["Team/Train", "-v", "a b", "", "train:"])("%j is refused as an image", async (image) => {
  await expect(plugin.resolve({ kind: "image", image }, context)).rejects.toMatchObject({ code: "source-failed" });
});
