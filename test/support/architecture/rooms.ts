/** The kinds: an interface, a catalog (`index.ts`), and a folder for each plug-in. */
export const kinds: readonly string[] = ["builders", "environments", "registries", "resources", "sources", "stores"];

/** The folders of src/ in layers, lowest first: each may import itself and what is lower, never its equals and never upwards. */
export const layers: readonly (readonly string[])[] = [
  ["core"],
  ["run"],
  ["clients", "queues", "python"],
  kinds,
  ["spec", "reporting"],
  ["machine"],
  ["launch"],
  ["queueing"],
  ["inspect", "agent"],
  ["submit"],
  ["github"],
  ["action", "cli"],
];

/** `undefined` for a folder that has no place in the layers, and for files beside the rooms. */
export function heightOf(room: string): number | undefined {
  const height = layers.findIndex((rooms) => rooms.includes(room));
  return height === -1 ? undefined : height;
}

/** The outermost folder of a path; empty for a file that lies in none. */
export function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** `builders/docker` of `builders/docker/buildx.ts`; undefined for what is no plug-in's. */
export function pluginOf(path: string): string | undefined {
  const [kind = "", name = "", rest] = path.split("/");
  return kinds.includes(kind) && rest !== undefined ? `${kind}/${name}` : undefined;
}
