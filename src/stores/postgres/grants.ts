/** Names of the three roles; logins are made members of them. */
export type RoleNames = { readonly submitter: string; readonly agent: string; readonly admin: string };

export const defaultRoles: RoleNames = { submitter: "launch_submitter", agent: "launch_agent", admin: "launch_admin" };

/*
 * What each role may do. All of them read, so that each sees its place in the queue; none writes tables. A submitter can put a run into a
 * queue, and take it out or move it while nobody has it; only an agent says how a run went, and only an admin what a queue is.
 */
const submitting = ["create_run", "update_run", "enqueue", "requeue", "cancel_waiting", "request_cancel"];
const serving = [
  "claim",
  "claim_next",
  "progress",
  "finish",
  "release",
  "beat",
  "request_stop",
  "forget_agent",
  "fold",
];
const administering = ["pause", "define", "remove_runs"];

/**
 * SQL that makes the roles where they are missing and gives each its rights and no others. For the owner of the tables to run, with a
 * right to make roles or after somebody made them; running it again changes nothing.
 */
export function grantsSql(roles: RoleNames = defaultRoles): string {
  const rights: readonly (readonly [string, readonly string[]])[] = [
    [roles.submitter, submitting],
    [roles.agent, serving],
    [roles.admin, [...submitting, ...serving, ...administering]],
  ];
  return rights.map(([role, functions]) => grantsOf(role, functions)).join("\n");
}

function grantsOf(role: string, functions: readonly string[]): string {
  const name = identifier(role);
  const tables = ["migrations", "runs", "agents", "paused_queues", "definitions", "definition_changes"];
  return [
    `DO $$ BEGIN CREATE ROLE ${name} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA launch FROM ${name};`,
    `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM ${name};`,
    `GRANT USAGE ON SCHEMA launch TO ${name};`,
    `GRANT SELECT ON ${tables.map((table) => `launch.${table}`).join(", ")} TO ${name};`,
    `GRANT EXECUTE ON FUNCTION ${functions.map((each) => `launch.${each}`).join(", ")} TO ${name};`,
    "",
  ].join("\n");
}

/** In a DO block's text too: a "$" could end it. */
function identifier(name: string): string {
  if (name.includes("$") || name.includes("\0")) throw new TypeError(`"${name}" can't be a role's name`);
  return `"${name.replaceAll('"', '""')}"`;
}
