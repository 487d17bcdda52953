import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type StateDirectory, stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { isOwnLive, liveEntryOf, lookUpLive, registerLive, updateLive } from "../../../src/machine/live-entry.ts";
import { unreadLive, unreadWords } from "../../../src/machine/unread-entry.ts";
import { attemptKey, attemptName } from "../../support/launch/attempt.ts";
import { entryDamages } from "../../support/launch/damaged-entry.ts";
import { runDocument } from "../../support/stores/run-document.ts";

describe("an entry of a run at work", () => {
  const [key, name] = [attemptKey("digits-1"), attemptName("digits-1")];
  let state: StateDirectory;
  let path: string;
  let text: string;
  beforeEach(async () => {
    state = stateDirectoryAt(mkdtempSync(join(tmpdir(), "launch-unread-test-")));
    await registerLive(state, { key, store: "git+file:///store", head: runDocument("digits-1").run });
    path = state.liveFile(name);
    text = readFileSync(path, "utf8");
  });
  afterEach(() => rmSync(state.path, { recursive: true }));

  test.each(entryDamages)("that $name is neither none nor read, and is told with its place", async ({ of }) => {
    of(path, text);
    const read = await lookUpLive(state, name);
    expect(read).toMatchObject({ kind: "unreadable", name, path });
    const [unread, ...others] = await unreadLive(state);
    expect(others).toEqual([]);
    const words = unread === undefined ? "" : unreadWords(unread);
    expect(words).toContain(path);
    expect(words).toMatch(/launch prune|use that one/);
    expect(words).not.toContain("\n");
  });

  test("that was cut anywhere is unreadable, or whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length }), async (length) => {
        writeFileSync(path, text.slice(0, length));
        const { kind } = await lookUpLive(state, name);
        expect(kind).toBe(text.slice(0, length).trimEnd() === text.trimEnd() ? "entry" : "unreadable");
      }),
      { numRuns: 300, examples: [[0], [1], [text.length - 1], [text.length - 2], [text.length]] },
    );
  });

  test("whose bytes were changed anywhere is read, or unreadable, and never thrown for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length - 1 }), fc.uint8Array({ maxLength: 8 }), async (at, bytes) => {
        writeFileSync(path, Buffer.concat([Buffer.from(text.slice(0, at)), bytes, Buffer.from(text.slice(at + 1))]));
        expect(["entry", "unreadable"]).toContain((await lookUpLive(state, name)).kind);
      }),
      { numRuns: 300 },
    );
  });

  test("that is not there is none", async () => {
    rmSync(path);
    expect(await lookUpLive(state, name)).toEqual({ kind: "none" });
    expect(await unreadLive(state)).toEqual([]);
    expect(await isOwnLive(state, key)).toBe(false);
  });

  test.each(entryDamages)(
    "that $name is its own launcher's still, which takes it away at its end",
    async ({ name, of }) => {
      of(path, text);
      expect(await isOwnLive(state, key)).toBe(name !== "is of a newer version");
      await updateLive(state, key, { submittedAt: new Date() });
      expect(await liveEntryOf(state, key)).toBeUndefined();
    },
  );
});
