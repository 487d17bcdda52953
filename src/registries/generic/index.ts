import { LaunchError } from "../../core/errors.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import type { RegistryPlugin } from "../registry.ts";
import { examineLogins } from "./examine.ts";
import type { GenericRegistryConfig } from "./schema.ts";

/** A `uri` that ends in a slash is a prefix that image names are added to; else all images are in this one repository, told apart by tag. */
export const plugin: RegistryPlugin<GenericRegistryConfig> = {
  create: (config) => {
    repositoryOf(config.uri, "image");
    return {
      repositoryFor: (imageName) => repositoryOf(config.uri, imageName),
      credential: () => Promise.resolve(undefined),
    };
  },
  examine: examineLogins,
};

function repositoryOf(uri: string, imageName: string): string {
  const repository = uri.endsWith("/") ? `${uri}${imageName}` : uri;
  const parsed = parseImageReference(repository);
  if (parsed === undefined || parsed.tag !== undefined || parsed.digest !== undefined) {
    throw new LaunchError(
      "bad-config",
      `registry "generic": uri "${uri}" is not a repository; write HOST[:PORT]/PATH without https:// and tag, with a / at its end to add image names`,
    );
  }
  return repository;
}
