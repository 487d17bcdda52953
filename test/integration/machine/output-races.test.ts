import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeFolder } from "../../../src/core/folders/remove.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { collectOutputs } from "../../../src/machine/outputs.ts";
import { isSoak } from "../../support/chaos/heavy.ts";

/*
 * A run's outputs are made the launcher's alone when it ends. What outlives it exchanges its files and folders meanwhile for links to what is
 * not its own, each in one step, and gives its own back the permissions that are taken away.
 */

const tries = isSoak ? 3_000 : 300;

const exchanging = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
swap = getattr(libc, "renameat2", None) or libc.renameatx_np
top = os.open(sys.argv[1], os.O_RDONLY)
own = [os.open(os.path.join(sys.argv[1], name), os.O_RDONLY) for name in sys.argv[2:]]
n = 0
print("ready", flush=True)
while not os.path.exists(os.path.join(sys.argv[1], "stop")):
    for name, entry in zip(sys.argv[2:], own):
        os.fchmod(entry, 0o4777)
        one, other = name.encode(), (name + ".link").encode()
        n += swap(top, one, top, other, 2) == 0
        n += swap(top, one, top, other, 2) == 0
print(n)`;

const files = ["a.bin", "b.bin", "metrics.json", "sub/c.bin", "sub/deep/d.bin"];
const folders = ["x", "sub/y", "sub/deep", "sub"];

test(
  "nothing outside is changed or read, whatever is exchanged for links while outputs are made the launcher's",
  { timeout: 600_000 },
  async () => {
    const base = mkdtempSync(join(tmpdir(), "launch-outputs-"));
    const [outside, output] = [join(base, "outside"), join(base, "output")];
    for (const name of folders) {
      for (const at of [outside, output]) mkdirSync(join(at, name), { recursive: true });
    }
    for (const name of [...files, "x/e.bin", "sub/y/e.bin"]) {
      writeFileSync(join(output, name), JSON.stringify({ own: 1, name }));
      writeFileSync(join(outside, name), JSON.stringify({ canary: 1, name }));
    }
    for (const name of [...files, ...folders]) symlinkSync(join(outside, name), join(output, `${name}.link`));
    const canaries = readdirSync(outside, { recursive: true, encoding: "utf8" }).map((name) => join(outside, name));
    for (const path of canaries) {
      if (process.getuid?.() === 0) chownSync(path, 1000, 1000);
      chmodSync(path, 0o4777);
    }
    const before = canaries.map(seen);
    const own = new Set(
      [...files, "x/e.bin", "sub/y/e.bin"].map((name) => sha256(readFileSync(join(output, name), "utf8"))),
    );
    const racer = spawn("python3", ["-c", exchanging, output, ...files, ...folders], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(racer, "close");
    let said = "";
    racer.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(racer.stdout, "data");
    const found = { own: 0, nothing: 0 };
    try {
      for (let tried = 0; tried < tries; tried++) {
        const record = await collectOutputs(output, silentLog);
        expect(record.metrics).not.toHaveProperty("canary");
        for (const { sha256: hash } of record.files) expect(own).toContain(hash);
        found[record.files.length === 0 ? "nothing" : "own"]++;
        expect(canaries.map(seen), `after ${tried}`).toEqual(before);
      }
    } finally {
      writeFileSync(join(output, "stop"), "");
      await ended;
    }
    expect(Number(said.split("\n")[1])).toBeGreaterThan(tries);
    expect(found.own).toBeGreaterThan(tries / 10);
    await removeFolder(base);
  },
);

/** Whose it is and what it holds; a folder has no text. */
function seen(path: string) {
  const stats = lstatSync(path);
  const text = stats.isFile() ? readFileSync(path, "utf8") : "";
  return { path, mode: stats.mode, uid: stats.uid, gid: stats.gid, text };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
