/** A parsed image reference: `registry/repository:tag@digest` (grammar: github.com/distribution/reference). */
export type ImageReference = {
  /** Host with an optional port; absent for Docker Hub. */
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
};

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const pattern = new RegExp(
  `^(?:(?<registry>localhost(?::[0-9]+)?|[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+(?::[0-9]+)?|[a-zA-Z0-9-]+:[0-9]+|\\[[0-9a-fA-F:]+\\](?::[0-9]+)?)/)?` +
    `(?<repository>${component}(?:/${component})*)(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);

/** Parses a reference, or returns undefined when it is none. */
export function parseImageReference(text: string): ImageReference | undefined {
  const groups = pattern.exec(text)?.groups;
  const repository = groups?.["repository"];
  if (groups === undefined || repository === undefined || repository.length > 255) return undefined;
  const { registry, tag, digest } = groups;
  return {
    ...(registry === undefined ? {} : { registry }),
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

export function formatImageReference(image: ImageReference): string {
  const registry = image.registry === undefined ? "" : `${image.registry}/`;
  const tag = image.tag === undefined ? "" : `:${image.tag}`;
  const digest = image.digest === undefined ? "" : `@${image.digest}`;
  return `${registry}${image.repository}${tag}${digest}`;
}
