import { LaunchError } from "../../core/errors.ts";
import { defaultRoles, type Grant, type RoleKind, roleKinds } from "../administration.ts";

/*
 * What each role may do. All of them read, so that each sees its place in the queue; none writes tables. A submitter can put a run into a
 * queue, and take it out or move it while nobody has it; only an agent says how a run went, and only an admin what a queue is.
 */
const submitting = [
  "create_run",
  "update_run",
  "enqueue",
  "enqueue_replacing",
  "requeue",
  "cancel_waiting",
  "request_cancel",
  "put_unread",
];
const serving = [
  "claim",
  "claim_next",
  "progress",
  "finish",
  "release",
  "set_aside",
  "beat",
  "request_stop",
  "forget_agent",
  "fold",
];
const administering = ["pause", "define", "limit_waiting", "remove_runs"];

const functionsOf: Readonly<Record<RoleKind, readonly string[]>> = {
  submitter: submitting,
  agent: serving,
  admin: [...new Set([...submitting, ...serving, ...administering])],
};

/** One function that only this kind of role, and those above it, may call: who may call it is of the kind. */
export const markOf: Readonly<Record<RoleKind, string>> = { submitter: "enqueue", agent: "claim", admin: "define" };

const usualGrants: readonly Grant[] = roleKinds.map((kind) => ({ kind, role: defaultRoles[kind], members: [] }));

/**
 * SQL that makes the roles where they are missing, gives each its rights and no others, and makes logins their members. For the owner of the
 * tables to run, with a right to make roles or after somebody made them; running it again changes nothing.
 */
export function grantsSql(grants: readonly Grant[] = usualGrants): string {
  return grants.map((grant) => [roleSql(grant.role), rightsSql(grant), ...membersSql(grant)].join("\n")).join("\n\n");
}

function roleSql(role: string): string {
  const exists = `SELECT FROM pg_roles WHERE rolname = '${role.replaceAll("'", "''")}'`;
  return `DO $$ BEGIN IF NOT EXISTS (${exists}) THEN CREATE ROLE ${identifier(role)} NOLOGIN; END IF; END $$;`;
}

/** The rights of a role that is there. */
export function rightsSql({ kind, role }: Pick<Grant, "kind" | "role">): string {
  const name = identifier(role);
  const tables = ["migrations", "store", "runs", "agents", "paused_queues", "definitions", "definition_changes"];
  return [
    `REVOKE ALL ON ALL TABLES IN SCHEMA launch FROM ${name};`,
    `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM ${name};`,
    `GRANT USAGE ON SCHEMA launch TO ${name};`,
    `GRANT SELECT ON ${tables.map((table) => `launch.${table}`).join(", ")} TO ${name};`,
    `GRANT EXECUTE ON FUNCTION ${functionsOf[kind].map((each) => `launch.${each}`).join(", ")} TO ${name};`,
  ].join("\n");
}

function membersSql({ role, members }: Grant): readonly string[] {
  return members.length === 0 ? [] : [`GRANT ${identifier(role)} TO ${members.map(identifier).join(", ")};`];
}

/** In a DO block's text too: a "$" could end it. */
function identifier(name: string): string {
  if (name === "" || /[$\0]/.test(name)) throw new LaunchError("bad-usage", `"${name}" can't be a role's name`);
  return `"${name.replaceAll('"', '""')}"`;
}
