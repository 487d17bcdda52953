import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refuseNetwork } from "../../../src/builders/build-network.ts";

const refused = (dockerfile: string): boolean => {
  try {
    refuseNetwork(dockerfile, "Dockerfile");
    return false;
  } catch {
    return true;
  }
};

describe("without a network for builds", () => {
  test.each([
    "FROM a\nADD http://host/x /x",
    "FROM a\nadd https://host/x /x",
    "FROM a\n  ADD --checksum=sha256:00 --chown=1:1 https://host/x /x",
    'FROM a\nADD ["http://host/x", "/x"]',
    'FROM a\nADD ["\\u0068ttp://host/x", "/x"]',
    'FROM a\nADD "ht"tp://host/x /x',
    "FROM a\nADD ht\\tp://host/x /x",
    "FROM a\nADD local other http://host/x /x/",
    "FROM a\nADD git@github.com:o/r.git /x",
    "FROM a\nADD ssh://git@host/r /x",
    "FROM a\nADD git://host/r /x",
    "FROM a\nADD github.com/o/r /x",
    "FROM a\nADD --keep-git-dir=true https://github.com/o/r.git#v1 /x",
    "FROM a\nADD \\\n  http://host/x /x",
    "FROM a\nADD \\\n\n# a comment\n  http://host/x /x",
    "FROM a\nA\\\nDD http://host/x /x",
    "FROM a\nADD ht\\\ntp://host/x /x",
    "# escape=`\nFROM a\nADD `\n http://host/x /x",
    "ARG U=http://host\nFROM a\nARG U\nADD $U/x /x",
    "FROM a\nENV S=http\nADD ${S}://host/x /x",
    "FROM a\nONBUILD ADD http://host/x /x",
    "FROM a AS unused\nADD http://host/x /x\nFROM b",
    "FROM a\r\nADD http://host/x /x\r\n",
    "# syntax=evil/frontend:1\nFROM a",
    "#syntax = evil.example/docker/dockerfile\nFROM a",
    "// syntax=evil/frontend\nFROM a",
    '{"syntax": "evil/frontend"}',
    "\uFEFF# syntax=evil\nFROM a",
    "#!/usr/bin/env x\n# syntax=evil\nFROM a",
    "FROM a\nRUN cat <<E\nx\nE\nADD http://host/x /x",
  ])("%j is refused", (dockerfile) => {
    expect(() => refuseNetwork(dockerfile, "Dockerfile")).toThrow(expect.objectContaining({ code: "refused" }));
  });

  test.each([
    "FROM a\nCOPY . /x\nRUN echo http://host",
    "FROM a\nADD model.tar.gz /x",
    'FROM a\nADD ["a b", "/x"]',
    "# syntax=docker/dockerfile:1\nFROM a\nADD --chown=1:1 . /x",
    "# syntax=docker.io/docker/dockerfile:1.7-labs\nFROM a",
    "FROM a\nCOPY $X /x\n# ADD http://host/x /x",
    "FROM a\nLABEL url=http://host ADD=x",
    "FROM a\nADD <<E /x\nhello\nE",
  ])("%j is not", (dockerfile) => {
    expect(refused(dockerfile)).toBe(false);
  });

  test("a fetched source is found however it is written", () => {
    const fillers = fc.constantFrom(
      "FROM a\n",
      "# text\n",
      "RUN x \\\n  y\n",
      "COPY a b\n",
      "\n",
      "RUN <<E\nx\nE\n",
      "ENV A=b\\\n",
    );
    const word = fc.constantFrom("ADD", "add", "Add", "A\\\nDD", "ADD \\\n", "ADD --link", "\tADD");
    const url = fc
      .constantFrom("http://host/x", "https://host/x.git", "git@host:x", "ssh://host/x")
      .chain((text) =>
        fc
          .nat(text.length - 1)
          .chain((at) =>
            fc.constantFrom(
              text,
              `"${text}"`,
              `${text.slice(0, at)}\\\n${text.slice(at)}`,
              `${text.slice(0, at)}""${text.slice(at)}`,
            ),
          ),
      );
    fc.assert(
      fc.property(fc.array(fillers), word, fc.array(fc.constantFrom("a", "./b")), url, (before, add, others, source) =>
        refused(`FROM a\n${before.join("")}\n${[add, ...others, source, "/x"].join(" ")}\n`),
      ),
      { numRuns: 2_000 },
    );
  });
});
