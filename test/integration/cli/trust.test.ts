import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/git/git-repository.ts";

/** What a foreign clone would like to have. */
const config = (secret: string): string =>
  [
    "entity: team",
    `secrets: {KEY: {file: ${secret}}}`,
    "allow: {mounts: [{path: /}], network: [host], local_process: trusted}",
    "",
  ].join("\n");
const spec = "name: train\nresource: local-process\nsecrets: [KEY]\noverrides: {entry_point: [sh, train.sh]}\n";

describe("a launch config in the working folder", () => {
  let folder: TemporaryFolder;
  let clone: string;
  let secret: string;
  let launch: CommandLine;
  beforeEach(() => {
    folder = temporaryFolder();
    secret = join(folder.path, "secret");
    writeFileSync(secret, "of-this-user");
    const code = folder.repository("clone");
    clone = code.directory;
    code.commit("a", {
      "launch.yaml": spec,
      "train.sh": 'test "$KEY" = of-this-user\n',
      "launch-config.yaml": config(secret),
    });
    launch = commandLine({ directory: clone, stateHome: folder.folder("state") });
  });
  afterEach(() => folder.remove());

  it("gives a run none of this machine's files until it is named or trusted, and says so everywhere", async () => {
    const refused = await launch("run");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("nobody named it, and it isn't trusted");
    expect(refused.stderr).toContain("allow.mounts");
    expect(refused.stdout).toMatch(
      /secret "KEY" is known by launch-config.yaml alone, which nobody named: `launch trust`/,
    );
    for (const argv of [["validate", "--explain"], ["run", "--dry-run"], ["doctor"]]) {
      const said = await launch(...argv);
      expect(said.stderr, argv.join(" ")).toMatch(/launch-config.yaml: nobody named it.*secrets\.KEY/);
    }
    expect((await launch("validate", "--explain")).stdout).toMatch(/launch-config.secrets.KEY +.*doesn't count/);

    expect(await launch("run", "--launch-config", "launch-config.yaml")).toMatchObject({ exitCode: 0 });
    const trusted = await launch("trust");
    expect(trusted).toMatchObject({ exitCode: 0, stderr: "" });
    for (const path of ["secrets.KEY", "allow.mounts", "allow.network", "allow.local_process"])
      expect(trusted.stdout).toContain(path);
    const ran = await launch("run");
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stderr).not.toContain("count");
  });

  it("counts no longer when it changes, until it is trusted again", async () => {
    await launch("trust");
    writeFileSync(join(clone, "launch-config.yaml"), config("/etc/passwd"));
    const changed = await launch("run");
    expect(changed.exitCode).toBe(2);
    expect(changed.stderr).toContain(`secrets.KEY was {"file":"${secret}"}, is {"file":"/etc/passwd"}`);
    expect((await launch("trust", "--list")).stdout).toContain("changed since, doesn't count");
    expect((await launch("trust")).stdout).toContain("Since before: secrets.KEY was");
    expect((await launch("trust", "--list")).stdout).toMatch(/launch-config.yaml {2}counts/);
    writeFileSync(join(clone, "launch-config.yaml"), config(secret));
    expect(await launch("run")).toMatchObject({ exitCode: 2 });
  });

  it("is trusted in its own folder alone, and no longer than the user wants", async () => {
    await launch("trust");
    for (const place of ["copy", "link"]) {
      const other = folder.repository(place);
      other.commit("a", { "launch.yaml": spec, "train.sh": "exit 0\n" });
      if (place === "copy") writeFileSync(join(other.directory, "launch-config.yaml"), config(secret));
      else symlinkSync(join(clone, "launch-config.yaml"), join(other.directory, "launch-config.yaml"));
      const there = commandLine({ directory: other.directory, stateHome: join(folder.path, "state") });
      expect(await there("run"), place).toMatchObject({ exitCode: 2 });
    }
    expect((await launch("trust", "--remove")).stdout).toContain("no longer trusted");
    expect(await launch("run")).toMatchObject({ exitCode: 2 });
    expect((await launch("trust", "--remove")).stdout).toContain("it wasn't trusted");
  });

  it("is noted for this user alone", async () => {
    await launch("trust");
    const notes = join(folder.path, "state", "trusted");
    expect(statSync(notes).mode & 0o077).toBe(0);
    for (const name of readdirSync(notes)) expect(statSync(join(notes, name)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["damaged", (note: string) => writeFileSync(note, "{")],
    ["newer", (note: string) => writeFileSync(note, '{"schema_version": 2}')],
    ["a folder", putFolder],
    ["another config's", (note: string) => renameSync(note, note.replace(/[0-9a-f]{4}\.json$/, "0000.json"))],
  ])("doesn't count by a note that is %s, and the note is no one's obstacle", async (_, damage) => {
    await launch("trust");
    const notes = join(folder.path, "state", "trusted");
    const [note = ""] = readdirSync(notes).map((name) => join(notes, name));
    damage(note);
    const refused = await launch("run");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("doesn't count");
    expect(refused.stderr).not.toContain("bug");
    expect((await launch("trust", "--list")).exitCode).toBe(0);
  });

  it("doesn't start an agent while a part of it doesn't count", async () => {
    const refused = await launch("agent", "--drain");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("an agent's launch config is named");
    expect(await launch("agent", "--drain", "-c", "launch-config.yaml")).toMatchObject({ exitCode: 0 });
    await launch("trust");
    expect(await launch("agent", "--drain")).toMatchObject({ exitCode: 0 });
  });

  it("says nothing where it reaches no further than a build", async () => {
    writeFileSync(join(clone, "launch-config.yaml"), "builder: {type: noop}\nallow: {resources: [local-process]}\n");
    writeFileSync(join(clone, "launch.yaml"), spec.replace("secrets: [KEY]\n", ""));
    writeFileSync(join(clone, "train.sh"), "exit 0\n");
    const ran = await launch("run");
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).not.toContain("launch-config");
    expect(await launch("agent", "--drain")).toMatchObject({ exitCode: 0 });
    expect(await launch("run", "-r", "local-container")).toMatchObject({ exitCode: 2 });
  });

  it("isn't the store that runs are looked for in", async () => {
    const theirs = join(folder.path, "theirs.git");
    writeFileSync(join(clone, "launch-config.yaml"), `store: git+file://${theirs}\n`);
    const listed = await launch("list");
    expect(listed.exitCode).toBe(0);
    expect(listed.stderr).toMatch(/doesn't count: store/);
    expect(readdirSync(folder.path)).not.toContain("theirs.git");
  });
});

function putFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}
