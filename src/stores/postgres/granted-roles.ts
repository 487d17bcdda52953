import { z } from "zod";
import type { Row } from "../../clients/postgres/database.ts";
import { type Grant, type RoleKind, roleKinds } from "../administration.ts";
import { markOf } from "./grants.ts";

/** Roles other than the owner that may call our functions, with what they may call and their members. */
const rolesQuery = `
SELECT r.rolname AS role, array_agg(DISTINCT p.proname::text) AS functions,
  ARRAY(SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE a.roleid = r.oid ORDER BY 1) AS members
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
  CROSS JOIN LATERAL aclexplode(p.proacl) AS x JOIN pg_roles r ON r.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> p.proowner
GROUP BY r.oid, r.rolname ORDER BY r.rolname`;

const roleSchema = z.object({ role: z.string(), functions: z.array(z.string()), members: z.array(z.string()) });

/** Who has been given rights, and which: read from the database itself, whatever the roles' names are. */
export async function grantedRoles(query: (text: string) => Promise<readonly Row[]>): Promise<readonly Grant[]> {
  return (await query(rolesQuery)).flatMap((row) => {
    const { role, functions, members } = roleSchema.parse(row);
    const kind = roleKinds.findLast((each) => functions.includes(markOf[each]));
    return kind === undefined ? [] : [{ kind, role, members }];
  });
}

/** What the session's login may do, itself or as a member of others. */
export async function rightsOfLogin(
  query: (text: string, values: readonly unknown[]) => Promise<readonly Row[]>,
): Promise<readonly RoleKind[]> {
  const rows = await query(
    `SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
       WHERE p.proname = ANY ($1) AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')`,
    [Object.values(markOf)],
  );
  const names = z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map(({ name }) => name);
  return roleKinds.filter((kind) => names.includes(markOf[kind]));
}
