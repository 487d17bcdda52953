import { LaunchError } from "../../core/errors.ts";
import type { SourcePlugin } from "../source.ts";

export const plugin: SourcePlugin = {
  resolve: (request) =>
    request.kind === "image"
      ? Promise.resolve({
          kind: "image",
          image: request.image,
          provenance: { kind: "image", image: request.image, commit_time: 0, reachable: true },
        })
      : Promise.reject(
          new LaunchError("source-failed", `the image source can't take a source of kind "${request.kind}"`),
        ),
};
