import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { saidTo } from "../log.ts";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Log, TextPhaseEvent } from "../../../src/core/output/log.ts";

/** What docker says; throws when it fails. */
export function docker(...args: readonly string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 120_000 }).trim();
}

/** Removes images, and the containers of none: a missing one is fine. */
export function removeImages(references: Iterable<string>): void {
  const all = [...references];
  if (all.length > 0) spawnSync("docker", ["image", "rm", "--force", ...all], { stdio: "ignore", timeout: 60_000 });
}

/** The tags that the engine has of a repository. */
export function imagesOf(repository: string): readonly string[] {
  return docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository)
    .split("\n")
    .filter((line) => line !== "");
}

/** A log that keeps what it was told. */
export function keptLog(): Log & { readonly events: TextPhaseEvent[]; readonly lines: string[] } {
  const events: TextPhaseEvent[] = [];
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  return {
    events,
    lines,
    ...saidTo({
      phase: (event) => void events.push(event),
      output: () => undefined,
      info: keep,
      warning: keep,
      debug: keep,
    }),
  };
}

/** The user's Docker settings as they are; empty when there are none. */
export function dockerConfigText(): string {
  const file = join(process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A loopback registry in front of a real one that lets in only who has this login. */
export async function guardedRegistry(
  behind: string,
  username: string,
  password: string,
): Promise<{ readonly host: string; readonly close: () => void; readonly change: (password: string) => void }> {
  const loginOf = (secret: string): string => `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`;
  let expected = loginOf(password);
  const [hostname = "", port = ""] = behind.split(":");
  const server = createServer((incoming, outgoing) => {
    if (incoming.headers.authorization !== expected) {
      outgoing.writeHead(401, { "www-authenticate": 'Basic realm="guarded"' }).end();
      incoming.resume();
      return;
    }
    const headers = { ...incoming.headers };
    delete headers.authorization;
    const forwarded = request({ hostname, port, path: incoming.url, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${address.port}`,
    close: () => server.close(),
    /** The login that it was made with has ended, and this one is good. */
    change: (next) => (expected = loginOf(next)),
  };
}
