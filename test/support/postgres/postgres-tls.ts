import { execFileSync } from "node:child_process";
import { appendFile, chmod, chown, copyFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type PostgresServer, sql } from "./postgres.ts";

const curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/**
 * Makes the server take nothing but TLS, with a certificate for "localhost" of an authority of its own. Returns the path of the
 * authority's certificate, in `folder`.
 */
export async function requireTls(server: PostgresServer, url: string, folder: string): Promise<string> {
  const openssl = (...args: readonly string[]): Buffer => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  openssl("req", "-x509", "-newkey", ...curve, "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Test");
  openssl("req", "-newkey", ...curve, "-nodes", "-keyout", "server.key", "-out", "request", "-subj", "/CN=localhost");
  await writeFile(join(folder, "extensions"), "subjectAltName=DNS:localhost");
  const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions"];
  openssl("x509", "-req", "-in", "request", ...signing, "-out", "server.crt");

  const [row] = await sql(url, "SHOW data_directory");
  const { data_directory: data } = z.object({ data_directory: z.string() }).parse(row);
  const { uid, gid } = await stat(data);
  for (const name of ["server.key", "server.crt"]) {
    await copyFile(join(folder, name), join(data, name));
    await chown(join(data, name), uid, gid);
    await chmod(join(data, name), 0o600);
  }
  await writeFile(join(data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n");
  await appendFile(join(data, "postgresql.conf"), "ssl = on\n");
  await server.kill();
  await server.start();
  return join(folder, "ca.crt");
}
