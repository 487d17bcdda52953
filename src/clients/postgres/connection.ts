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

/** pg's settings for a URL. TLS with a checked certificate is the default for every host but this machine; `sslmode` says otherwise. */
export function connectionSettings(connection: string): ClientConfig {
  const url = new URL(connection);
  if (!url.searchParams.has("sslmode") && !isOnThisMachine(url)) url.searchParams.set("sslmode", "verify-full");
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
