import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { buildx, findBuildx } from "../../../src/clients/docker/buildx.ts";
import { privateDockerConfig } from "../../../src/clients/docker/config.ts";
import { plugin as generic } from "../../../src/registries/generic/index.ts";
import { codeSource } from "../../support/launch/code-source.ts";
import { buildBench } from "../../support/docker/docker-builder.ts";
import { docker, dockerConfigText, guardedRegistry, removeImages } from "../../support/docker/docker.ts";
import { describeWith } from "../../support/engines.ts";

const host = process.env["LAUNCH_TEST_REGISTRY"];
const signal = new AbortController().signal;
const place = { cloudEnvironment: { cloud: undefined }, clock: systemClock };
const files = (nonce: number) => ({
  Dockerfile: `FROM busybox\nRUN date >/when && echo ${nonce} >/nonce\nCOPY . /w\n`,
  "run.sh": "cat /nonce\n",
});

if (host !== undefined) {
  describeWith(["docker", "buildkit"], "a BuildKit beside the engine, and a registry", () => {
    const bench = buildBench("registry");
    bench.useBuilder("launch");
    afterAll(() => bench.removeImages());

    it("gives two clean builds one digest, dated by the commit, and finds the pushed image again", async () => {
      const nonce = Date.now();
      const text = { ...files(nonce), Dockerfile: `FROM busybox\nRUN echo ${nonce} >/nonce\nCOPY . /w\n` };
      const source = codeSource(text, { commitTime: 1_600_000_000 });
      const registry = (name: string) =>
        generic.create({ type: "generic", uri: `${host}/${bench.name}-${name}` }, place);
      const clean = { "no-cache": true };
      const one = await bench.run(source, { registry: registry("one") }, clean);
      const two = await bench.run(source, { registry: registry("two") }, clean);
      expect(one).toMatchObject({ outcome: "built", reproducible: { yes: true } });
      expect(one.reference).toBe(`${host}/${bench.name}-one@${one.digest}`);
      expect(two.digest).toBe(one.digest);
      const again = await bench.run(source, { registry: registry("one") }, clean);
      expect(again).toMatchObject({ outcome: "unchanged", reference: one.reference });
      docker("pull", "--quiet", one.reference);
      expect(docker("image", "inspect", "--format", "{{.Created}}", one.reference)).toBe("2020-09-13T12:26:40Z");
      expect(docker("run", "--rm", one.reference, "sh", "/w/run.sh")).toBe(String(nonce));
      removeImages([one.reference]);
    }, 120_000);

    it.each([
      [undefined, "application/vnd.docker.distribution.manifest.v2+json", "oci"],
      ["docker", "application/vnd.docker.distribution.manifest.v2+json", "oci"],
      ["oci", "application/vnd.oci.image.manifest.v1+json", "docker"],
    ])("writes manifests as it is told (media-types: %s), whatever its base has", async (types, expected, base) => {
      const nonce = `${Date.now()} ${types ?? ""}`;
      const based = `${host}/${bench.name}-base-${base}:1`;
      const text = bench.file("Dockerfile", "FROM busybox\nRUN true\n");
      const output = `type=image,push=true,name=${based},oci-mediatypes=${base === "oci"}`;
      docker(
        "buildx",
        "build",
        "--builder=launch",
        "--provenance=false",
        "--output",
        output,
        "-f",
        text,
        bench.folder(),
      );
      const source = codeSource({ Dockerfile: `FROM ${based}\nRUN echo ${nonce} >/nonce\n` });
      const registry = generic.create({ type: "generic", uri: `${host}/${bench.name}-types` }, place);
      const image = await bench.run(source, { registry }, types === undefined ? {} : { "media-types": types });
      const { name } = bench;
      const response = await fetch(`http://${host}/v2/${name}-types/manifests/${image.digest}`, {
        headers: { accept: expected },
      });
      const manifest = (await response.json()) as { mediaType: string; layers: readonly { mediaType: string }[] };
      expect(manifest.mediaType).toBe(expected);
      const vendor = expected.slice(0, "application/vnd.docker".length);
      for (const layer of manifest.layers) expect(layer.mediaType.startsWith(vendor)).toBe(true);
    });

    it("writes and reads the caches that the config names", async () => {
      const folder = mkdtempSync(join(tmpdir(), "launch-cache-test-"));
      const cache = { "cache-to": [`type=local,dest=${folder}`], "cache-from": [`type=local,src=${folder}`] };
      await bench.run(codeSource(files(Date.now())), {}, cache);
      expect(readdirSync(folder)).toContain("index.json");
      rmSync(folder, { recursive: true });
    }, 60_000);

    it("loads the image into the engine when there is no registry", async () => {
      const nonce = Date.now();
      const image = await bench.run(codeSource(files(nonce)));
      expect(image.reference).toBe(`launch/${bench.name}@${image.digest}`);
      expect(docker("run", "--rm", image.reference, "sh", "/w/run.sh")).toBe(String(nonce));
      expect((await bench.run(codeSource(files(nonce)))).outcome).toBe("unchanged");
    }, 120_000);
  });
}

if (host !== undefined) {
  describeWith(["docker"], "a registry that asks for a login", () => {
    const bench = buildBench("login");
    afterAll(() => bench.removeImages());

    it("is pushed to with the login that its plug-in gives, and Docker's own settings stay as they were", async () => {
      const guarded = await guardedRegistry(host, "robot", "p:ss");
      const nonce = Date.now();
      const source = codeSource(files(nonce));
      const uri = `${guarded.host}/${bench.name}`;
      const login = { host: guarded.host, username: "robot", password: "p:ss", expiresAt: undefined };
      const registry = { repositoryFor: () => uri, credential: () => Promise.resolve(login) };
      const anonymous = generic.create({ type: "generic", uri }, place);
      try {
        const before = dockerConfigText();
        await expect(bench.run(source, { registry: anonymous })).rejects.toMatchObject({ code: "build-failed" });
        const image = await bench.run(source, { registry });
        expect(image.reference).toBe(`${uri}@${image.digest}`);
        expect(await bench.run(source, { registry })).toMatchObject({ outcome: "unchanged", digest: image.digest });
        expect(dockerConfigText()).toBe(before);
        // The engine's own builder keeps what it pushes.
        removeImages([image.plan.image]);
      } finally {
        guarded.close();
      }
    }, 60_000);

    it.each([
      ["pushes with the next login when the one that it began with has ended by then", "true", 2],
      ["runs an instruction that fails once, whatever has become of the login", "false", 1],
    ])(
      "%s",
      async (_, last, builds) => {
        const guarded = await guardedRegistry(host, "robot", "p0");
        let password = "p0";
        let asked = 0;
        // Each look of the build's own step is one turn of the clock: the login has ended, and there is another.
        const clock = createServer((_request, response) => {
          password = `p${++asked}`;
          guarded.change(password);
          response.end("later");
        });
        await once(clock.listen(0, "127.0.0.1"), "listening");
        const address = clock.address();
        if (address === null || typeof address === "string") throw new Error("it listens nowhere");
        const uri = `${guarded.host}/${bench.name}-late`;
        const wait = `wget -q -O /later http://127.0.0.1:${address.port}/`;
        const source = codeSource({
          Dockerfile: `FROM busybox\nRUN ${wait} && echo ${Date.now()} >/nonce && ${last}\n`,
        });
        const asks: string[] = [];
        const credential = () => {
          asks.push(password);
          return Promise.resolve({ host: guarded.host, username: "robot", password, expiresAt: undefined });
        };
        try {
          const built = bench.run(source, { registry: { repositoryFor: () => uri, credential } });
          if (last === "true") {
            const image = await built;
            expect(image).toMatchObject({ outcome: "built", reference: `${uri}@${image.digest}` });
            removeImages([image.plan.image]);
          } else await expect(built).rejects.toMatchObject({ code: "build-failed" });
          // For the bases and for the build, and for the second of two builds. The step's own layer is there by then.
          expect(asks).toEqual(["p0", "p0", ...Array.from({ length: builds - 1 }, () => "p1")]);
          expect(asked).toBe(1);
        } finally {
          guarded.close();
          clock.close();
        }
      },
      60_000,
    );
  });
}

describe("a private Docker configuration", () => {
  it("adds logins to the user's settings in a file that only this user can read, and is removed", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "launch-config-test-"));
    const config = await privateDockerConfig([{ host: "registry.example", username: "u", password: "p:w" }], scratch);
    const folder = config.env["DOCKER_CONFIG"] ?? "";
    const file = join(folder, "config.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      auths: { "registry.example": { auth: Buffer.from("u:p:w").toString("base64") } },
      credHelpers: { "registry.example": "" },
    });
    await config.remove();
    expect(readdirSync(scratch)).toEqual([]);
    rmSync(scratch, { recursive: true });
  });
});

describeWith(["docker"], "buildx with a private configuration", () => {
  it("is the same builder as without", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "launch-config-test-"));
    const config = await privateDockerConfig([{ host: "registry.example", username: "u", password: "p" }], scratch);
    const tool = await findBuildx(signal);
    const inspect = (env: Readonly<Record<string, string>>) =>
      buildx(tool, { args: ["inspect"], doing: "asking for the builder", signal, env });
    const [without, withLogin] = await Promise.all([inspect({}), inspect(config.env)]);
    expect(withLogin.exitCode).toBe(0);
    expect(withLogin.stdout.toString().split("\n")[0]).toBe(without.stdout.toString().split("\n")[0]);
    await config.remove();
    rmSync(scratch, { recursive: true });
  });
});
