import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, startPostgres } from "../../../support/postgres/postgres.ts";
import { requireTls } from "../../../support/postgres/postgres-tls.ts";

describeWith(["postgres"], "a Postgres store that takes TLS only", () => {
  let server: PostgresServer;
  let folder: string;
  let authority: string;
  /** Of the server as "localhost", the name in its certificate, and as the address, which isn't. */
  let urls: Readonly<Record<"localhost" | "127.0.0.1", string>>;
  const warnings: string[] = [];
  const keep = ({ message }: Error): void => void warnings.push(message);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "launch-tls-"));
    server = await startPostgres();
    const url = await server.newDatabase();
    authority = await requireTls(server, url, folder);
    urls = { localhost: url.replace("127.0.0.1", "localhost"), "127.0.0.1": url };
    process.on("warning", keep);
  });
  afterAll(async () => {
    process.off("warning", keep);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => expect(warnings).toEqual([]));

  const listed = async (host: keyof typeof urls, query: string): Promise<number> => {
    const location = parseStoreUrl(`${urls[host]}?${query}`);
    const store = await openStore(location, { log: silentLog, stateDirectory: stateDirectoryAt(folder) });
    try {
      return (await store.list(1, AbortSignal.timeout(60_000))).length;
    } finally {
      await store.close();
    }
  };

  it.each(["require", "verify-ca", "verify-full"])("checks certificate and name with sslmode=%s", async (mode) => {
    const trusted = `sslmode=${mode}&sslrootcert=${encodeURIComponent(authority)}`;
    expect(await listed("localhost", trusted)).toBe(0);
    await expect(listed("localhost", `sslmode=${mode}`)).rejects.toThrow("sslrootcert");
    await expect(listed("127.0.0.1", trusted)).rejects.toThrow("can't be trusted");
  });

  it("says which file of a certificate is not there", async () => {
    await expect(listed("localhost", "sslrootcert=/nowhere/ca.crt")).rejects.toThrow("'/nowhere/ca.crt'");
  });

  it("checks nothing with no-verify, and is refused by the server without TLS", async () => {
    expect(await listed("127.0.0.1", "sslmode=no-verify")).toBe(0);
    await expect(listed("127.0.0.1", "sslmode=disable")).rejects.toMatchObject({ code: "refused" });
  });
});
