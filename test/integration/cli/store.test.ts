import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { migrations } from "../../../src/stores/postgres/migrations/index.ts";
import { type CommandLine, commandLine, type Ended } from "../../support/cli/command-line.ts";
import { describeWith } from "../../support/engines.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../support/git/git-server.ts";
import { type PostgresServer, sql, startPostgres } from "../../support/postgres/postgres.ts";

const logins = ["ann", "runner", "boss", "nobody"] as const;
type Login = (typeof logins)[number];

describeWith(["postgres"], "a Postgres store's tables and roles", () => {
  let server: PostgresServer;
  let folder: TemporaryFolder;
  let owner: string;
  /** The remote that agents fetch the code from. */
  let code: GitServer;
  let launch: CommandLine;

  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.newDatabase();
    await sql(url, logins.map((login) => `CREATE ROLE ${login} LOGIN PASSWORD 'pw-of-${login}';`).join("\n"));
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    folder = temporaryFolder();
    owner = await server.newDatabase();
    const repository = folder.repository("train");
    folder.bare("srv/code.git");
    code = await startGitServer({ root: join(folder.path, "srv") });
    repository.commit("a", {
      "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [echo, hello]}\n",
    });
    repository.git("remote", "add", "origin", `${code.url}/code.git`);
    repository.git("push", "--quiet", join(folder.path, "srv/code.git"), "main");
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD");
    writeFileSync(join(folder.path, "trusted.yaml"), "allow: {local_process: trusted}\n");
    launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
  });
  afterEach(async () => {
    await code.stop();
    folder.remove();
  });

  const as = (login: Login): string => owner.replace(/\/\/[^@]*@/, `//${login}:pw-of-${login}@`);
  const agent = ["agent", "--drain"] as const;
  const done = async (ended: Promise<Ended>): Promise<string> => {
    const { stdout, stderr, exitCode } = await ended;
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    return stdout;
  };
  const refused = async (ended: Promise<Ended>): Promise<string> => {
    const { stderr, exitCode } = await ended;
    expect(stderr).toMatch(/permission denied|may not|refuse/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(exitCode).toBe(2);
    return stderr;
  };

  it("are made by init, once, and what it would run can be read and run by hand", async () => {
    expect(await done(launch("store", "show", owner))).toContain("none yet; make them: launch store init");
    const early = await launch("store", "grants", owner);
    expect(early).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("launch store init") as string });

    const text = await done(launch("store", "init", owner, "--dry-run"));
    expect(await done(launch("store", "show", owner))).toContain("none yet");
    await sql(owner, text);
    const version = `version ${migrations.length}`;
    expect(await done(launch("store", "show", owner))).toContain(version);
    expect(await done(launch("store", "init", owner))).toContain(`at ${version} already`);
    expect(await done(launch("store", "init", owner, "--dry-run"))).toBe("-- nothing is missing\n");

    const other = await server.newDatabase();
    expect(await done(launch("store", "init", other))).toContain(`made, ${version}`);
    const shape = `SELECT p.proname, pg_get_functiondef(p.oid) AS text, p.proacl::text FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'launch' ORDER BY 1, 2`;
    expect(await sql(owner, shape)).toEqual(await sql(other, shape));
  });

  it("can't be made by who may not, who is told who can", async () => {
    await sql(owner, `REVOKE CREATE ON DATABASE ${new URL(owner).pathname.slice(1)} FROM PUBLIC`);
    expect(await refused(launch("store", "init", as("ann")))).toContain("launch store init");
    expect(await refused(launch("run", "-q", "--store", as("ann")))).toContain("launch store init");
  });

  it("let each login do what its role may, and no more", { timeout: 240_000 }, async () => {
    await done(launch("store", "init", owner));
    await done(launch("store", "grants", owner, "--role", "submitter", "--to", "ann"));
    await sql(owner, await done(launch("store", "grants", owner, "--role", "agent", "--to", "runner", "--dry-run")));
    await done(launch("store", "grants", owner, "--role", "admin", "--name", "bosses", "--to", "boss"));
    const shown = await done(launch("store", "show", as("ann")));
    for (const line of [
      /login +ann may what a submitter may$/m,
      /role +launch_submitter \(submitter\): ann$/m,
      /role +launch_agent \(agent\): runner$/m,
      /role +bosses \(admin\): boss$/m,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(shown).not.toContain("pw-of");

    const [ann, runner, boss, nobody] = [as("ann"), as("runner"), as("boss"), as("nobody")];
    const trusted = join(folder.path, "trusted.yaml");
    // A submitter.
    const first = /launch wait (\S+)/.exec(await done(launch("run", "-q", "--store", ann)))?.[1] ?? "";
    const second = /launch wait (\S+)/.exec(await done(launch("run", "-q", "--store", ann)))?.[1] ?? "";
    await done(launch("queue", "show", "--store", ann));
    await done(launch("prioritize", "high", second, "--store", ann));
    await done(launch("cancel", second, "--store", ann));
    await refused(launch(...agent, "-c", trusted, "--store", ann));
    await refused(launch("queue", "create", "gpu", "--set", "order=fifo", "--store", ann));
    await refused(launch("queue", "pause", "default", "--store", ann));
    await refused(launch("prune", "--keep", "0", "--older-than", "0s", "--store", ann));
    await refused(launch("store", "grants", ann));
    // An agent.
    await refused(launch("run", "-q", "--store", runner));
    await refused(launch("cancel", first, "--store", runner));
    await refused(launch("queue", "create", "gpu", "--set", "order=fifo", "--store", runner));
    await refused(launch("queue", "pause", "default", "--store", runner));
    expect(await done(launch(...agent, "-c", trusted, "--store", runner))).toContain("1 succeeded");
    expect(await done(launch("show", first, "--store", ann))).toContain("succeeded");
    await refused(launch("requeue", first, "--store", runner));
    // An admin.
    await done(launch("queue", "create", "gpu", "--set", "order=fifo", "--store", boss));
    await done(launch("queue", "pause", "gpu", "--store", boss));
    await done(launch("queue", "resume", "gpu", "--store", boss));
    await done(launch("queue", "delete", "gpu", "--store", boss));
    await done(launch("requeue", first, "--store", boss));
    await done(launch("cancel", first, "--store", boss));
    expect(await done(launch("prune", "--keep", "0", "--older-than", "0s", "--store", boss))).toContain(first);
    // Anybody else.
    await refused(launch("list", "--store", nobody));
    expect(await done(launch("store", "show", nobody))).toContain("nobody may nothing here");
  });

  it("give roles the rights of a new version when they are brought up to it", async () => {
    const role = `agents_of_${new URL(owner).pathname.slice(1)}`;
    await sql(
      owner,
      `CREATE SCHEMA launch;
       CREATE TABLE launch.migrations (version integer PRIMARY KEY, done_by text NOT NULL DEFAULT session_user, done_at timestamptz NOT NULL DEFAULT clock_timestamp());
       ${migrations[0] ?? ""}
       INSERT INTO launch.migrations (version) VALUES (1);
       CREATE ROLE ${role}; GRANT USAGE ON SCHEMA launch TO ${role}; GRANT EXECUTE ON FUNCTION launch.claim TO ${role};`,
    );
    expect(await done(launch("store", "show", owner))).toContain(`version 1; this launch needs ${migrations.length}`);
    expect(await done(launch("store", "init", owner))).toContain(`brought from version 1 to ${migrations.length}`);
    const [row] = await sql(
      owner,
      `SELECT bool_and(has_function_privilege('${role}', p.oid, 'EXECUTE')) AS may FROM pg_proc p WHERE p.proname IN ('request_stop', 'finish', 'beat')`,
    );
    expect(row).toEqual({ may: true });
    expect(await done(launch("store", "show", owner))).toMatch(new RegExp(`role +${role} .agent.: no members`));
  });

  it.each([
    [["--role", "agnet"], 'did you mean "agent"'],
    [["--to", "ann"], "say which with --role"],
    [["--role", "agent", "--name", "a$b"], "can't be a role's name"],
  ])("grants %j is a mistake of the user's", async (flags, words) => {
    const { exitCode, stderr } = await launch("store", "grants", owner, ...flags);
    expect(stderr).toContain(words);
    expect(exitCode).toBe(2);
  });

  it("are nothing that a git store has", async () => {
    const { exitCode, stderr } = await launch("store", "init", `git+file://${join(folder.path, "store.git")}`);
    expect(stderr).toContain("a git store has no tables and no roles");
    expect(exitCode).toBe(2);
  });
});
