import { chmodSync, chownSync, mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { removeFolder } from "../../../src/core/folders/remove.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { makeOwn } from "../../../src/machine/own-folder.ts";
import { failureOf } from "../../support/failure.ts";

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "launch-own-"));
  onTestFinished(() => removeFolder(folder));
  return join(folder, "state");
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test("the state folder is made so that this user alone may enter, whatever the umask", async () => {
  const before = process.umask(0);
  const path = place();
  try {
    await makeOwn(stateDirectoryAt(path));
  } finally {
    process.umask(before);
  }
  expect(modeOf(path)).toBe(0o700);
});

test.each([0o755, 0o777, 0o1777, 0o750, 0o2770])("one that is there with mode %o gets that too", async (mode) => {
  const path = place();
  mkdirSync(path);
  chmodSync(path, mode);
  await makeOwn(stateDirectoryAt(path));
  expect(modeOf(path)).toBe(0o700);
});

test.runIf(process.getuid?.() === 0)("one of another user is refused in words, and stays as it is", async () => {
  const path = place();
  mkdirSync(path, { mode: 0o755 });
  chownSync(path, 1234, 1234);
  const { code, message } = await failureOf(makeOwn(stateDirectoryAt(path)));
  expect({ code, message }).toEqual({
    code: "machine-failed",
    message: expect.stringMatching(/belongs to another user .* LAUNCH_STATE_HOME/) as unknown,
  });
  expect(modeOf(path)).toBe(0o755);
});
