import { describe, expect, it } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../src/stores/location.ts";

function failure(text: string): LaunchError {
  try {
    parseStoreUrl(text);
  } catch (error) {
    if (error instanceof LaunchError) return error;
  }
  throw new Error(`${text} was not refused`);
}

describe("a store URL", () => {
  it.each([
    ["git+file:///var/lib/runs.git", "/var/lib/runs.git", "git+file:///var/lib/runs.git"],
    ["git+file:///var/lib/my runs.git/", "/var/lib/my runs.git", "git+file:///var/lib/my%20runs.git"],
    ["git+file:///var/lib/100%25.git", "/var/lib/100%.git", "git+file:///var/lib/100%25.git"],
  ])("%s names the path %s", (text, path, url) => {
    expect(parseStoreUrl(text)).toEqual({ transport: "file", path, url });
    expect(fileStoreLocation(path).url).toBe(url);
  });

  it.each([
    ["git+https://github.com/team/train", "https", "https://github.com/team/train"],
    ["git+https://github.com/team/train.git/", "https", "https://github.com/team/train.git"],
    ["git+ssh://git@github.com/team/train.git", "ssh", "ssh://git@github.com/team/train.git"],
    ["git+http://127.0.0.1:8080/train.git", "http", "http://127.0.0.1:8080/train.git"],
    ["git+http://localhost/train.git", "http", "http://localhost/train.git"],
    ["git+http://[::1]:8080/train.git", "http", "http://[::1]:8080/train.git"],
  ])("%s is reached by %s", (text, transport, remote) => {
    expect(parseStoreUrl(text)).toEqual({ transport, remote, url: `git+${remote}` });
  });

  it("wandb is known, and not in this version", () => {
    expect(failure("wandb").code).toBe("unsupported");
  });

  it.each([
    ["postgres://db/launch", "postgres://db/launch"],
    ["postgresql://ann@db:6432/launch", "postgres://db:6432/launch"],
    ["postgres://ann:s3cret@db/launch?sslmode=require", "postgres://db/launch"],
    ["postgres:///launch?host=/run/postgresql", "postgres:///run/postgresql/launch"],
  ])("%s is shown as %s, and the client gets all of it", (text, url) => {
    expect(parseStoreUrl(text)).toEqual({ transport: "postgres", url, connection: text });
  });

  it.each([
    ["git+http://example.com/train.git", "git+https://"],
    ["git+http://127.0.0.1.example.com/train.git", "git+https://"],
    ["https://github.com/team/train", 'did you mean "git+https://github.com/team/train"?'],
    ["git@github.com:team/train.git", "git+ssh://"],
    ["./store.git", "git+file:///"],
    ["git+ftp://example.com/train.git", "git+https://"],
    ["git+file://store.git", "three slashes"],
    ["git+file:///", "absolute path"],
    ["git+file:///a%zz", "%25"],
    ["git+https://github.com", "name the host and the repository"],
    ["git+https://github.com/team/train?x=1", "no"],
    ["", "git+file:///"],
    ["postgres://db", "name the host and the database"],
    ["postgres:///launch", "name the host and the database"],
    ["postgres://db/launch?statement_timeout=1", '"?statement_timeout="'],
    ["postgres://db/launch?password=x", "PGPASSWORD"],
    ["postgres://db/launch?sslmode=prefer", "require, verify-ca, verify-full"],
  ])("%s is refused, and the message says what to write instead", (text, hint) => {
    const { code, message } = failure(text);
    expect(code).toBe("bad-usage");
    expect(message).toContain(hint);
  });

  it.each([
    "git+https://octocat:s3cret@github.com/team/train",
    "git+https://s3cret@github.com/team/train",
    "git+ssh://git:s3cret@github.com/team/train",
    "https://octocat:s3cret@github.com/team/train",
    "postgres://launch:s3cret@db",
    "postgres://launch:s3cret/1@db/launch",
    "postgres://db/launch?password=s3cret",
  ])("%s is refused without showing what may be a secret", (text) => {
    const { message } = failure(text);
    expect(message).not.toContain("s3cret");
  });
});
