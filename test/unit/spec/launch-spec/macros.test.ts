import { describe, expect, it } from "vitest";
import { fillMacros } from "../../../../src/spec/launch-spec/macros.ts";

const values = {
  run_id: "train-01",
  run_name: "train",
  project_name: "p",
  entity_name: "e",
  image_uri: "registry.example/train@sha256:0",
  author: "${run_id}",
};

describe("macros in resource_args", () => {
  it("are filled in everywhere, once, and nothing else is", () => {
    const args = {
      kubernetes: {
        metadata: { name: "job-${run_id}" },
        list: ["${image_uri} ${entity_name}/${project_name}"],
        n: 1,
        by: "${author}",
        home: "$HOME $(id)",
      },
    };
    expect(fillMacros(args, values)).toEqual({
      kubernetes: {
        metadata: { name: "job-train-01" },
        list: ["registry.example/train@sha256:0 e/p"],
        n: 1,
        by: "${run_id}",
        home: "$HOME $(id)",
      },
    });
  });

  it("with values that don't fit where they stand are refused", () => {
    expect(() =>
      fillMacros({ "local-container": { hostname: "${run_name}" } }, { ...values, run_name: "a\nb" }),
    ).toThrow(/resource_args\.local-container\.hostname is not valid with its macros' values/);
  });
});
