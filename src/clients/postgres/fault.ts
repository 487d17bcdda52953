import pg from "pg";

/**
 * What a failed statement means. `transient`: the connection or the server gave no answer that decides anything, so the statement may
 * have been done; ask again. `untrusted`: the server's certificate isn't one that we take, or ours can't be read. `denied`: this role may not. `missing`: there is no such table or function. `failed`: it is wrong, and will be again.
 */
export type Fault = "transient" | "untrusted" | "denied" | "missing" | "failed";

/** SQLSTATE classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html); messages are never read. */
const transientClasses = ["08", "40", "53", "57", "58"];
const transientCodes = ["55P03", "23505"];
const deniedCodes = ["42501", "28000", "28P01", "25006", "3D000"];
const missingCodes = ["42P01", "42883", "3F000"];

/** Node's names for what is wrong with a certificate (https://nodejs.org/api/tls.html#x509-certificate-error-codes), and its own for the name in it. */
const certificateCode =
  /^(?:CERT_|UNABLE_TO_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_CA$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_)/;

/** A file of `sslrootcert`, `sslcert` or `sslkey` is opened; a socket in a folder, which a server that starts makes, is connected to. */
function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return false;
  return certificateCode.test(error.code) || ("syscall" in error && error.syscall === "open");
}

/** Anything that the server didn't answer itself is the connection's: it is transient, whatever it says. */
export function faultOf(error: unknown): Fault {
  const code = sqlState(error);
  if (code === undefined) return isUntrusted(error) ? "untrusted" : "transient";
  if (deniedCodes.includes(code)) return "denied";
  if (missingCodes.includes(code)) return "missing";
  return transientCodes.includes(code) || transientClasses.includes(code.slice(0, 2)) ? "transient" : "failed";
}

/** The server's own code for an error; undefined when it isn't from the server. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
