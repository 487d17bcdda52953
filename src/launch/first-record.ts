import type { JsonObject } from "../core/json.ts";
import { toJson } from "../core/json.ts";
import type { AskedRecord } from "../run/transitions.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import type { LaunchRequest, Services } from "./services.ts";

type Registered = {
  readonly runId: string;
  readonly created: Date;
  /** Of its registration; undefined for a run that was registered without one. */
  readonly nonce: string | undefined;
};

/** What the record of a run says of which nothing but its request is known yet. */
export function firstRecord(
  request: LaunchRequest,
  services: Pick<Services, "launcher">,
  { runId, created, nonce }: Registered,
): AskedRecord {
  const { spec } = request;
  return {
    schema_version: 1,
    run_id: runId,
    attempt: 1,
    ...(nonce === undefined ? {} : { nonce }),
    name: spec.name,
    entity: spec.entity,
    project: spec.project,
    by: request.by,
    ...(request.ci === undefined ? {} : { ci: request.ci }),
    launcher: services.launcher,
    resource: spec.resource,
    resource_args: toJson(spec.resource_args[spec.resource] ?? {}),
    args: spec.overrides.args ?? [],
    run_config: spec.overrides.run_config ?? {},
    env: spec.env,
    secrets: spec.secrets,
    ...(spec.timeout === undefined ? {} : { timeout_ms: spec.timeout }),
    spec: specAsWritten(spec),
    created_at: created.toISOString(),
    phases: [],
    warnings: [],
  };
}

/** The resolved spec in the form in which one is written: read again, it gives the same. */
function specAsWritten(spec: LaunchSpec): JsonObject {
  const { timeout, retry, builder, resource_args, ...rest } = spec;
  const given = Object.entries(rest).filter(([, value]) => typeof value !== "object" || Object.keys(value).length > 0);
  const args = resource_args[spec.resource] ?? {};
  return toJson({
    ...Object.fromEntries(given),
    resource_args: { [spec.resource]: Object.keys(builder).length === 0 ? args : { ...args, builder } },
    ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }),
    ...(retry === undefined
      ? {}
      : { retry: { ...retry, ...(retry.backoff === undefined ? {} : { backoff: `${retry.backoff}ms` }) } }),
  });
}
