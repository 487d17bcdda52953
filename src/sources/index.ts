/** The sources by kind. */
export const sources = {
  git: { load: () => import("./git/index.ts") },
  image: { load: () => import("./image/index.ts") },
} as const;
