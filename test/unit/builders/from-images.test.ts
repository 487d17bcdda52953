import { describe, expect, it } from "vitest";
import { fromImages } from "../../../src/builders/from-images.ts";

const images = (dockerfile: string, buildArguments: Readonly<Record<string, string>> = {}) =>
  fromImages(dockerfile, buildArguments, "linux/arm64");

describe("the images that a Dockerfile starts from", () => {
  it("are those of its last stage and of the stages that it needs", () => {
    const dockerfile = `
FROM --platform=$BUILDPLATFORM golang:1 AS Build
FROM unused:1 AS other
FROM build AS more
FROM debian:12
COPY --chown=1:1 --from=more /a /a
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/
RUN --mount=type=cache,target=/x --mount=type=bind,from=tools:2,target=/t \\
    true
`;
    expect(images(dockerfile).toSorted()).toEqual(["debian:12", "ghcr.io/astral-sh/uv:0.9", "golang:1", "tools:2"]);
  });

  it("have arguments filled in: given, default, or empty", () => {
    const dockerfile = 'ARG TAG="3.11"\nARG HOST=docker.io BASE=${HOST}/library/python:${TAG}-slim\nFROM $BASE\n';
    expect(images(dockerfile)).toEqual(["docker.io/library/python:3.11-slim"]);
    expect(images(dockerfile, { TAG: "3.12" })).toEqual(["docker.io/library/python:3.12-slim"]);
    expect(images("ARG V\nFROM a:${V:-1}${V:+no}\n")).toEqual(["a:1"]);
    expect(images("FROM a-$TARGETARCH\n")).toEqual(["a-arm64"]);
  });

  it("are none for scratch, a stage's number, and an argument of a stage", () => {
    expect(images("FROM a AS x\nARG B=1\nFROM scratch\nCOPY --from=0 / /\n")).toEqual(["a"]);
    expect(images("FROM scratch\n")).toEqual([]);
  });

  it("are not looked for in comments, here-documents and continued lines", () => {
    const dockerfile = `# FROM no:1
from a \\
  # a comment between
  as base
RUN <<EOF
FROM no:2
EOF
RUN <<-"END" cat
\tFROM no:3
\tEND
CMD ["x"]
`;
    expect(images(dockerfile)).toEqual(["a"]);
  });

  it("honour the escape directive", () => {
    expect(images("# escape=`\nFROM a `\n AS b\nFROM b\n")).toEqual(["a"]);
  });

  it("a stage may have the name of the image that it starts from", () => {
    expect(images("FROM python AS python\nFROM python\n")).toEqual(["python"]);
  });
});
