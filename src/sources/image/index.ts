import { LaunchError } from "../../core/errors.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import type { ImageSource, SourcePlugin } from "../source.ts";

/** A prebuilt image: nothing is looked up, since only the place that runs it can say whether it is there. */
function imageSource(image: string): ImageSource {
  if (parseImageReference(image) === undefined) {
    throw new LaunchError(
      "source-failed",
      `${JSON.stringify(image)} is no image reference; write registry/repository:tag or repository@sha256:…, in lower case`,
    );
  }
  return { kind: "image", image, provenance: { kind: "image", image, commit_time: 0, reachable: true } };
}

export const plugin: SourcePlugin = {
  resolve: async (request) => {
    if (request.kind === "image") return Promise.resolve(imageSource(request.image));
    throw new LaunchError("source-failed", `the image source can't take a source of kind "${request.kind}"`);
  },
};
