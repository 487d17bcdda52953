import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: { AWS_EC2_METADATA_DISABLED: "true" },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores build images and run workflows: more workers than that only make waits longer.
    maxWorkers: 2,
  },
});
