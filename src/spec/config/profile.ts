import { LaunchError } from "../../core/errors.ts";
import type { LaunchConfig } from "./launch-config.ts";

/**
 * The config with what a queue's profile says of environment, registry and builder: all three are the profile's, so that one cloud's
 * registry is never used with another's credentials. Throws `refused` for a profile that this config doesn't have.
 */
export function withProfile(config: LaunchConfig, profile: string | undefined): LaunchConfig {
  if (profile === undefined) return config;
  const chosen = Object.hasOwn(config.profiles, profile) ? config.profiles[profile] : undefined;
  if (chosen === undefined) {
    const names = Object.keys(config.profiles);
    const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
    throw new LaunchError("refused", `the queue wants the profile "${profile}" of the agent's launch config: ${known}`);
  }
  const { environment, registry, builder } = chosen;
  return { ...config, environment, registry, builder };
}
