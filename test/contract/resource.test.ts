import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { runKeyOf } from "../../src/run/names/identity.ts";
import { newRunNonce } from "../../src/run/run-id.ts";
import type { RunRequest } from "../../src/resources/resource.ts";
import { describeWithDocker } from "../support/engines.ts";
import { remainsOf } from "../support/launch/remains.ts";
import { followed, type LocalKind, noWaits, otherLauncher, resourceBench, run } from "../support/launch/resource.ts";

const signal = new AbortController().signal;

/** Command lines of all processes of this machine; a container's are among them. */
function commandLines(): readonly string[] {
  return globSync("/proc/[0-9]*/cmdline").map((path) => {
    try {
      return readFileSync(path, "latin1");
    } catch {
      return "";
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

function contract(kind: LocalKind, outlives = false): void {
  const bench = resourceBench(kind, outlives);
  const ready = () => until(() => existsSync(bench.folder("output/ready")));
  const hang = "trap '' TERM; while :; do sleep 1; done";
  const hung = `touch $LAUNCH_OUTPUT_DIR/ready; ${hang}`;

  test("a run that ends well has exit code 0", async () => {
    const { outcome, stdout } = await run(await bench.open(), bench.request("echo done"));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(stdout).toBe("done\n");
  });

  test.each([1, 3, 126, 127, 137])("exit code %i is the run's own", async (code) => {
    const { outcome } = await run(await bench.open(), bench.request(`exit ${code}`));
    expect(outcome).toEqual({ kind: "exited", exitCode: code });
  });

  test("command and args are passed as they are, without a shell", async () => {
    const args = ["two words", "$HOME", "", "*", 'a"b', "-x", "last\nline"];
    const request = bench.request('printf "<%s>" "$@"', { args: ["sh", ...args] });
    const { stdout } = await run(await bench.open(), request);
    expect(stdout).toBe(args.map((arg) => `<${arg}>`).join(""));
  });

  test("both streams come whole, in order, and told apart", async () => {
    const script = "i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf unfinished";
    const { stdout, stderr } = await run(await bench.open(), bench.request(script));
    const lines = (word: string) => Array.from({ length: 500 }, (_, i) => `${word} ${i}\n`).join("");
    expect(stdout).toBe(`${lines("out")}unfinished`);
    expect(stderr).toBe(lines("err"));
  });

  test("20 MB come whole through a sink that is slower than the run", async () => {
    const resource = await bench.open();
    const request = bench.request("yes 0123456789abcde | head -c 20971520");
    const handle = resource.handleFor(request);
    const hash = createHash("sha256");
    let inside = 0;
    let most = 0;
    await resource.submit(request, { handle, waits: noWaits }, signal);
    const outcome = await resource.follow(
      handle,
      {
        waits: noWaits,
        sink: async (_, chunk) => {
          most = Math.max(most, ++inside);
          hash.update(chunk);
          await delay(1);
          inside--;
        },
      },
      signal,
    );
    await resource.remove(handle);
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    const expected = createHash("sha256").update("0123456789abcde\n".repeat(20_971_520 / 16));
    expect(hash.digest("hex")).toBe(expected.digest("hex"));
    expect(most).toBe(1);
  });

  test("variables and secrets reach the run, and no command line", async () => {
    const secrets = { TOKEN: "s3cret-value-7781", KEY_FILE: "-----BEGIN\ns3cret-line-7782\n-----END\n" };
    const env = { PLAIN: " kept as it is # \"'$x ", EMPTY: "", LARGE: "x".repeat(90_000) };
    const script =
      'printf "%s|%s|%s|%s|%s" "$TOKEN" "$KEY_FILE" "$PLAIN" "$EMPTY" "${#LARGE}"; touch $LAUNCH_OUTPUT_DIR/ready; sleep 1';
    const request = bench.request(script, { secrets, env });
    const resource = await bench.open();
    expect(resource.describe(request)).not.toContain("s3cret");
    let over = false;
    const seen: string[] = [];
    const watch = (async () => {
      while (!over) {
        // Other tests' command lines are there too.
        seen.push(...commandLines().filter((line) => /s3cret-(?:value-7781|line-7782)/.test(line)));
        await delay(20);
      }
    })();
    const { stdout } = await run(resource, request);
    over = true;
    await watch;
    expect(stdout).toBe(`${secrets.TOKEN}|${secrets.KEY_FILE}|${env.PLAIN}||90000`);
    expect(seen).toEqual([]);
    expect(JSON.stringify(resource.handleFor(request))).not.toContain("s3cret");
  });

  test("what the launcher's environment holds stays there, but for what a run needs", async () => {
    const environment = {
      ...process.env,
      GITHUB_TOKEN: "t0ken",
      AWS_SECRET_ACCESS_KEY: "t0ken",
      INPUT_SECRETS: "t0ken",
    };
    const { stdout } = await run(await bench.open(undefined, { environment }), bench.request("env"));
    expect(stdout).not.toContain("t0ken");
    expect(stdout).toContain("PATH=");
  });

  test("the run works in its folder of the source, and leaves its outputs for us", async () => {
    const script = "pwd; echo '{\"accuracy\": 1}' > $LAUNCH_OUTPUT_DIR/metrics.json";
    const { stdout } = await run(await bench.open(), bench.request(script));
    expect(stdout).toBe(kind === "local-process" ? `${bench.folder("source")}\n` : "/workspace\n");
    expect(readFileSync(bench.folder("output/metrics.json"), "utf8")).toBe('{"accuracy": 1}\n');
  });

  test("a silent run that ignores SIGTERM is ended", async () => {
    const resource = await bench.open();
    const request = bench.request(hung);
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    await ready();
    const following = followed(resource, handle);
    await resource.cancel(handle, 1_000);
    expect((await following).outcome).toMatchObject({ exitCode: 137 });
    await resource.remove(handle);
  });

  test("a run that handles SIGTERM ends as it likes", async () => {
    const script = "trap 'echo saved; exit 9' TERM; touch $LAUNCH_OUTPUT_DIR/ready; while :; do sleep 0.1; done";
    const resource = await bench.open();
    const request = bench.request(script);
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    await ready();
    const following = followed(resource, handle);
    await resource.cancel(handle, 20_000);
    expect(await following).toMatchObject({ outcome: { kind: "exited", exitCode: 9 }, stdout: "saved\n" });
    await resource.cancel(handle, 1_000);
    await resource.remove(handle);
  });

  test("a cancel ends grandchildren, also those in sessions of their own", async () => {
    const script = "setsid sleep 1001 & sleep 1002 & touch $LAUNCH_OUTPUT_DIR/ready; wait";
    const resource = await bench.open();
    const request = bench.request(script);
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    await ready();
    const following = followed(resource, handle);
    await resource.cancel(handle, 2_000);
    await following;
    const processes = remainsOf(request.runId, []).filter((line) => line.startsWith("process"));
    expect(processes).toEqual([]);
    await resource.remove(handle);
  });

  test("a second submit takes the run that is there", async () => {
    const script = "echo start >> $LAUNCH_OUTPUT_DIR/starts; touch $LAUNCH_OUTPUT_DIR/ready; sleep 1; exit 5";
    const [first, second] = [await bench.open(), await bench.open()];
    const request = bench.request(script);
    const handle = first.handleFor(request);
    await first.submit(request, { handle, waits: noWaits }, signal);
    await ready();
    await first.submit(request, { handle, waits: noWaits }, signal);
    await second.submit(request, { handle, waits: noWaits }, signal);
    const [one, two] = await Promise.all([followed(first, handle), followed(second, handle)]);
    expect(one.outcome).toEqual({ kind: "exited", exitCode: 5 });
    expect(two.outcome).toEqual({ kind: "exited", exitCode: 5 });
    expect(readFileSync(bench.folder("output/starts"), "utf8")).toBe("start\n");
    await second.remove(handle);
    await first.remove(handle);
  });

  test("after its launcher was killed, a run is found, ended and removed by another process", async () => {
    const request = bench.request(hung);
    const other = await otherLauncher(kind, request, bench.folder("cache"));
    await ready();
    await other.kill();
    const resource = await bench.open();
    const handle = await resource.find(request, signal);
    expect(handle).toEqual(resource.handleFor(request));
    const following = followed(resource, handle!);
    await resource.cancel(handle!, 500);
    const { outcome } = await following;
    // A process's exit code is known to its parent only: that was the launcher, where no supervisor is.
    const lost = kind === "local-process" && !outlives;
    expect(outcome).toMatchObject(lost ? { reason: "lost" } : { exitCode: 137 });
    await resource.remove(handle!);
    expect(await resource.find(request, signal)).toBeUndefined();
  });

  test("removing a run whose launcher was killed ends it first", async () => {
    const request = bench.request(hung);
    const other = await otherLauncher(kind, request, bench.folder("cache"));
    await ready();
    await other.kill();
    const resource = await bench.open();
    await resource.remove(resource.handleFor(request));
    expect(await resource.find(request, signal)).toBeUndefined();
  });

  test("runs of one id of two stores know nothing of each other", async () => {
    const mine = bench.request(`echo mine $TOKEN; touch $LAUNCH_OUTPUT_DIR/ready; ${hang}`, {
      secrets: { TOKEN: "s-1" },
    });
    const another = { run_id: mine.runId, attempt: mine.attempt, nonce: newRunNonce() };
    const theirs = bench.request("echo theirs; exit 3", runKeyOf(another, ""));
    const [first, second] = [await bench.open(), await bench.open()];
    await first.submit(mine, { handle: first.handleFor(mine), waits: noWaits }, signal);
    await ready();
    expect(await second.find(theirs, signal)).toBeUndefined();
    await second.cancel(second.handleFor(theirs), 1_000);
    await second.remove(second.handleFor(theirs));
    expect(await run(second, theirs)).toMatchObject({ outcome: { exitCode: 3 }, stdout: "theirs\n" });
    // A third launcher, which has started neither.
    const third = await bench.open();
    expect(await third.find(mine, signal)).toEqual(first.handleFor(mine));
    expect(await third.find(theirs, signal)).toBeUndefined();
    await third.remove(third.handleFor(theirs));
    expect(await first.find(mine, signal)).toEqual(first.handleFor(mine));
    const following = followed(first, first.handleFor(mine));
    await first.cancel(first.handleFor(mine), 500);
    expect((await following).stdout).toBe("mine s-1\n");
    await first.remove(first.handleFor(mine));
  });

  test("of a run that never was there is nothing to find, end or remove", async () => {
    const resource = await bench.open();
    const request = bench.request("true");
    const handle = resource.handleFor(request);
    expect(await resource.find(request, signal)).toBeUndefined();
    await resource.cancel(handle, 1_000);
    await resource.remove(handle);
  });

  test("to stop following is not to stop the run", async () => {
    const resource = await bench.open();
    const request = bench.request(hung);
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    await ready();
    const stopping = new AbortController();
    const following = resource.follow(handle, { sink: () => undefined, waits: noWaits }, stopping.signal);
    stopping.abort();
    await expect(following).rejects.toMatchObject({ code: "cancelled" });
    expect(await resource.find(request, signal)).toEqual(handle);
    await resource.remove(handle);
  });

  test("a sink that fails ends the following with its error", async () => {
    const resource = await bench.open();
    const request = bench.request("echo one; sleep 60");
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    const following = resource.follow(
      handle,
      { sink: () => Promise.reject(new Error("disk full")), waits: noWaits },
      signal,
    );
    await expect(following).rejects.toThrow("disk full");
    await resource.remove(handle);
  });

  test("a submit that was cancelled before leaves nothing", async () => {
    const resource = await bench.open();
    const request = bench.request("true");
    const submitting = resource.submit(
      request,
      { handle: resource.handleFor(request), waits: noWaits },
      AbortSignal.abort(),
    );
    await expect(submitting).rejects.toMatchObject({ code: "cancelled" });
    expect(await resource.find(request, signal)).toBeUndefined();
  });

  test("a program that is not there is said, by its name", async () => {
    const resource = await bench.open();
    const request: RunRequest = bench.request("", { command: ["no-such-program-7783", "x"] });
    const said = await run(resource, request).then(
      ({ outcome }) => (outcome.kind === "failed" ? `${outcome.reason}: ${outcome.message}` : outcome.kind),
      (error: unknown) => String(error),
    );
    expect(said).toContain('"no-such-program-7783"');
  });

  test("a handle of another kind, or one that names a path, is refused", async () => {
    const resource = await bench.open();
    const identity = "0123456789".repeat(4);
    for (const handle of [
      { kind: "kubernetes", name: "launch-a-1-0123456789", identity, details: {} },
      { kind, name: "launch-../../etc-1-0123456789", identity, details: {} },
      { kind, name: "launch-a-1-0123456789", details: {} },
      { kind, name: "launch-a-1-0123456789", identity: "../0123456789", details: {} },
      { kind, name: "launch-a-1-1123456789", identity, details: {} },
    ]) {
      await expect(Promise.resolve().then(() => resource.remove(handle))).rejects.toMatchObject({ code: "not-found" });
    }
  });
}

describe("local-process", () => contract("local-process"));
describe("local-process that outlives its launcher", () => contract("local-process", true));
describeWithDocker("local-container", () => contract("local-container"));
describeWithDocker("local-container that outlives its launcher", () => contract("local-container", true));
