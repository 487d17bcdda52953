/** The stores by the scheme of their URL (`git+file`, `git+https`, …). */
export const stores = {
  git: { load: () => import("./git/index.ts") },
} as const;
