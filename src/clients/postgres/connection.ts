import type { ClientConfig } from "pg";
import { isLoopback } from "../../core/loopback.ts";

/*
 * How we connect. Every statement is short, so the server ends one that isn't, and we give up on an answer a little later than the
 * server gives up on the statement: what is still unanswered then has lost its connection.
 */
const statementTimeoutMs = 15_000;
const answerTimeoutMs = 20_000;
const connectTimeoutMs = 10_000;
const keepAliveDelayMs = 10_000;

/** Both are `verify-full` to pg, which prints a warning of ten lines about that. */
const checkedModes = ["require", "verify-ca"];

/** pg's settings for a URL. TLS with a checked certificate is the default for every host but this machine; `sslmode` says otherwise. */
export function connectionSettings(connection: string): ClientConfig {
  const url = new URL(connection);
  const mode = url.searchParams.get("sslmode");
  if (mode === null ? !isOnThisMachine(url) : checkedModes.includes(mode)) {
    url.searchParams.set("sslmode", "verify-full");
  }
  return {
    connectionString: url.href,
    application_name: url.searchParams.get("application_name") ?? "launch",
    statement_timeout: statementTimeoutMs,
    query_timeout: answerTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
  };
}

function isOnThisMachine(url: URL): boolean {
  const host = url.searchParams.get("host") ?? url.hostname;
  return host.startsWith("/") || isLoopback(host);
}
