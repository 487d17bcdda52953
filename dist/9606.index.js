export const id=9606;export const ids=[9606];export const modules={1856:((e,t,n)=>{n.d(t,{h:()=>counted});function counted(e,t){return`${e} ${t}${e===1?``:`s`}`}}),8633:((e,t,n)=>{n.d(t,{KT:()=>named,Od:()=>ours,TL:()=>quoted,b6:()=>textOf,cv:()=>say,ns:()=>r,oR:()=>joined});function say(e,...t){let n=[];for(let[r,i]of e.entries()){i!==``&&n.push({text:i,whose:`ours`});let e=t[r];typeof e==`number`?n.push({text:String(e),whose:`ours`}):typeof e==`string`?n.push({text:e,whose:`free`}):e!==void 0&&n.push(...e.parts)}return{parts:n}}function ours(e){return{parts:[{text:e,whose:`ours`}]}}function named(e){return{parts:[{text:e,whose:`named`}]}}function quoted(e){return{parts:[{text:e,whose:`free`}]}}let r={parts:[]};function joined(e,t){return{parts:e.filter(e=>textOf(e)!==``).flatMap(({parts:e},n)=>n===0?e:[...ours(t).parts,...e])}}function textOf({parts:e}){return e.map(({text:e})=>e).join(``)}}),5786:((e,t,n)=>{n.d(t,{Do:()=>parseKey,Ox:()=>nextKeyTime,TD:()=>formatKey});var r=n(8461);function formatKey({priority:e,time:t,runId:n}){return`${e}-${(0,r.timeText)(t)}-${n}`}function parseKey(e){let[,t=``,n=``,i=``]=/^([0-3])-([0-9a-z]{10})-(.+)$/.exec(e)??[],a=(0,r.parseTimeText)(n);if(a!==void 0&&r.runIdPattern.test(i))return{priority:priorityOf(t),time:a,runId:i}}function priorityOf(e){return e===`0`?0:e===`1`?1:e===`2`?2:3}function nextKeyTime(e,t,n){let r=n;for(let i of e)i.priority===t&&i.time>=r&&i.time<=n+864e5&&(r=i.time+1);return r}}),9168:((e,t,n)=>{n.d(t,{S9:()=>readBeatText,ZP:()=>c});var r=n(2857),i=n(8314),a=n(3701),o=n(4841),s=n(1979);let c=6048e5,l=o.hZ.max(c),u=r.Ikc({schema_version:r.euz(1),agent:o.Lj,incarnation:r.YjP().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,`is no incarnation that an agent makes`),sequence:o.QT,host:o.Lj,state:r.k5n([`working`,`draining`,`stopping`]),queues:(0,o.c3)(o.Lj),max_jobs:r.Whr().min(-1),runs:(0,o.c3)(o.Lj),slots:(0,o.A7)(r.Ikc({total:o.QT,free:o.QT,elsewhere:o.QT.exactOptional()}).readonly()),lease:r.Ikc({ttl_ms:l,heartbeat_ms:l}).readonly(),job:o._u.exactOptional(),at:o.kv}).readonly();function readBeatText(e,t,n=a.Sk){let r=(0,i.op)(t,n);return r.kind===`other`?{kind:`unreadable`,why:`its beat ${r.why}`}:readBeat(e,r.value)}function readBeat(e,t){if((0,s.U4)(t))return{kind:`unreadable`,why:(0,s.fO)(t)};let n=u.safeParse(t);return n.success?n.data.agent===e?{kind:`beat`,beat:n.data}:{kind:`unreadable`,why:`its beat is another agent's at "agent"`}:{kind:`unreadable`,why:(0,s._p)(n.error,`beat`)}}}),7513:((e,t,n)=>{n.d(t,{E:()=>r,H:()=>i});let r=[`submitter`,`agent`,`admin`],i={submitter:`launch_submitter`,agent:`launch_agent`,admin:`launch_admin`}}),7802:((e,t,n)=>{n.d(t,{C:()=>setLargeAside});var r=n(1856),i=n(3701);let a={leased:0,waiting:1,ended:2};function setLargeAside(e,t){let n=0;for(let e of t.values())n+=e;if(n<=i.Yc)return e;let o=[...t].sort(([e],[t])=>a[e.place]-a[t.place]||(e.key<t.key?-1:1)),s=new Map,c=0;for(let[e,t]of o)c+t<=i.Yc?c+=t:s.set(e,t);let why=e=>`its head has ${e} bytes, and ${(0,r.h)(t.size-s.size,`large head`)} before it take all the room for such`,l=[...s].map(([{queue:e,key:t,version:n,place:r},i])=>({queue:e,key:t,version:n,place:r,isReadable:!0,why:why(i)}));return{...e,entries:e.entries.filter(e=>!s.has(e)),unreadable:[...e.unreadable,...l]}}}),9606:((e,t,n)=>{n.r(t),n.d(t,{plugin:()=>fe});var r=n(3849),i=n(2807),a=n(9729);let o=[`require`,`verify-ca`];function connectionSettings(e){let t=new URL(e),n=t.searchParams.get(`sslmode`);return(n===null?!isOnThisMachine(t):o.includes(n))&&t.searchParams.set(`sslmode`,`verify-full`),{connectionString:t.href,application_name:t.searchParams.get(`application_name`)??`launch`,statement_timeout:15e3,query_timeout:2e4,connectionTimeoutMillis:1e4,keepAlive:!0,keepAliveInitialDelayMillis:1e4}}function isOnThisMachine(e){let t=e.searchParams.get(`host`)??e.hostname;return t.startsWith(`/`)||(0,a.U)(t)}function openDatabase(e,t){let n=new r.Ay.Pool({...connectionSettings(e),max:4,idleTimeoutMillis:3e4,allowExitOnIdle:!0});n.on(`error`,e=>t((0,i.bD)(e)));let withClient=async(e,a)=>{let o=await connect(n,e),s=!0,onError=e=>t((0,i.bD)(e));o.on(`error`,onError);try{let t=await abortable(e,a(o));return s=!1,t}catch(e){throw s=!(e instanceof r.Ay.DatabaseError),e}finally{o.off(`error`,onError),o.release(s)}};return{query:(e,t,n)=>withClient(n,n=>rowsOf(n,e,t)),transaction:(e,t)=>withClient(t,async t=>{await t.query(`BEGIN`);try{await e((e,n)=>rowsOf(t,e,n)),await t.query(`COMMIT`)}catch(e){throw await t.query(`ROLLBACK`).catch(()=>void 0),e}}),close:()=>n.end()}}async function rowsOf(e,t,n){return(await e.query(t,[...n])).rows}async function connect(e,t){t.throwIfAborted();let n=e.connect();try{return await abortable(t,n)}catch(e){throw n.then(e=>e.release(),()=>void 0),e}}async function abortable(e,t){let n=Promise.withResolvers(),abort=()=>n.reject(e.reason);e.addEventListener(`abort`,abort,{once:!0}),t.catch(()=>void 0);try{return await Promise.race([t,n.promise])}finally{e.removeEventListener(`abort`,abort)}}var s=n(8633),c=n(2857);let l=[`08`,`40`,`53`,`57`,`58`],u=[`55P03`,`23505`],d=[`42501`,`28000`,`28P01`,`25006`,`3D000`],f=[`42P01`,`42883`,`3F000`],p=/^(?:CERT_|UNABLE_TO_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_CA$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_)/;function isUntrusted(e){return!(e instanceof Error)||!(`code`in e)||typeof e.code!=`string`?!1:p.test(e.code)||`syscall`in e&&e.syscall===`open`}function faultOf(e){let t=sqlState(e);return t===void 0?isUntrusted(e)?`untrusted`:`transient`:d.includes(t)?`denied`:f.includes(t)?`missing`:u.includes(t)||l.includes(t.slice(0,2))?`transient`:`failed`}function sqlState(e){return e instanceof r.Ay.DatabaseError?e.code:void 0}var m=n(7513);let h=[`create_run`,`update_run`,`enqueue`,`enqueue_replacing`,`requeue`,`cancel_waiting`,`request_cancel`,`put_unread`],g=[`claim`,`claim_next`,`progress`,`finish`,`release`,`set_aside`,`beat`,`request_stop`,`forget_agent`,`fold`],_=[`pause`,`define`,`limit_waiting`,`remove_runs`],v={submitter:h,agent:g,admin:[...new Set([...h,...g,..._])]},y={submitter:`enqueue`,agent:`claim`,admin:`define`},b=m.E.map(e=>({kind:e,role:m.H[e],members:[]}));function grantsSql(e=b){return e.map(e=>[roleSql(e.role),rightsSql(e),...membersSql(e)].join(`
`)).join(`

`)}function roleSql(e){return`DO $$ BEGIN IF NOT EXISTS (${`SELECT FROM pg_roles WHERE rolname = '${e.replaceAll(`'`,`''`)}'`}) THEN CREATE ROLE ${identifier(e)} NOLOGIN; END IF; END $$;`}function rightsSql({kind:e,role:t}){let n=identifier(t);return[`REVOKE ALL ON ALL TABLES IN SCHEMA launch FROM ${n};`,`REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM ${n};`,`GRANT USAGE ON SCHEMA launch TO ${n};`,`GRANT SELECT ON ${[`migrations`,`store`,`runs`,`agents`,`paused_queues`,`definitions`,`definition_changes`].map(e=>`launch.${e}`).join(`, `)} TO ${n};`,`GRANT EXECUTE ON FUNCTION ${v[e].map(e=>`launch.${e}`).join(`, `)} TO ${n};`].join(`
`)}function membersSql({role:e,members:t}){return t.length===0?[]:[`GRANT ${identifier(e)} TO ${t.map(identifier).join(`, `)};`]}function identifier(e){if(e===``||/[$\0]/.test(e))throw new i.mE(`bad-usage`,`"${e}" can't be a role's name`);return`"${e.replaceAll(`"`,`""`)}"`}let ee=c.Ikc({role:c.YjP(),functions:c.YOg(c.YjP()),members:c.YOg(c.YjP())});async function grantedRoles(e){return(await e(`
SELECT r.rolname AS role, array_agg(DISTINCT p.proname::text) AS functions,
  ARRAY(SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE a.roleid = r.oid ORDER BY 1) AS members
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
  CROSS JOIN LATERAL aclexplode(p.proacl) AS x JOIN pg_roles r ON r.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> p.proowner
GROUP BY r.oid, r.rolname ORDER BY r.rolname`)).flatMap(e=>{let{role:t,functions:n,members:r}=ee.parse(e),i=m.E.findLast(e=>n.includes(y[e]));return i===void 0?[]:[{kind:i,role:t,members:r}]})}async function rightsOfLogin(e){let t=await e(`SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
       WHERE p.proname = ANY ($1) AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')`,[Object.values(y)]),n=c.YOg(c.Ikc({name:c.YjP()})).parse(t).map(({name:e})=>e);return m.E.filter(e=>n.includes(y[e]))}let x={"1-administration":`
CREATE FUNCTION launch.beat(p_nonce text, p_agent text, p_expected text, p_beat jsonb, OUT outcome text, OUT current text, OUT present jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_expected IS NULL THEN
    INSERT INTO launch.agents (agent, version, beat) VALUES (p_agent, p_nonce, p_beat) ON CONFLICT (agent) DO NOTHING;
  ELSE
    UPDATE launch.agents a SET version = p_nonce, beat = p_beat, written_by = session_user, written_at = clock_timestamp()
      WHERE a.agent = p_agent AND a.version = p_expected;
  END IF;
  SELECT a.version, a.beat INTO current, present FROM launch.agents a WHERE a.agent = p_agent;
  outcome := CASE WHEN current = p_nonce THEN 'written' ELSE 'conflict' END;
END $$;

CREATE FUNCTION launch.forget_agent(p_agent text, p_version text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM launch.agents a WHERE a.agent = p_agent AND a.version = p_version
$$;

CREATE FUNCTION launch.pause(p_queue text, p_paused boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_paused THEN
    INSERT INTO launch.paused_queues (queue) VALUES (p_queue) ON CONFLICT (queue) DO NOTHING;
  ELSE
    DELETE FROM launch.paused_queues q WHERE q.queue = p_queue;
  END IF;
  PERFORM launch.notify_queue(p_queue);
END $$;

-- Ended runs beyond the newest go out of the queue's sight; they stay in its history.
CREATE FUNCTION launch.fold(p_nonce text, p_queue text, p_keep integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  count_folded integer;
BEGIN
  SELECT f.folded INTO count_folded FROM launch.folds f WHERE f.queue = p_queue AND f.nonce = p_nonce;
  IF FOUND THEN RETURN count_folded; END IF;
  UPDATE launch.runs r SET place = 'folded' WHERE r.place = 'ended' AND r.run_id IN (
    SELECT e.run_id FROM launch.runs e WHERE e.place = 'ended' AND e.queue = p_queue
    ORDER BY e.finished_at DESC NULLS LAST, e.run_id DESC OFFSET p_keep FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS count_folded = ROW_COUNT;
  IF count_folded > 0 THEN
    INSERT INTO launch.folds (queue, nonce, folded) VALUES (p_queue, p_nonce, count_folded)
      ON CONFLICT (queue) DO UPDATE SET nonce = EXCLUDED.nonce, folded = EXCLUDED.folded;
  END IF;
  RETURN count_folded;
END $$;

-- Removes these versions of runs that nobody waits for or works on; gives the ids that are not there afterwards.
CREATE FUNCTION launch.remove_runs(p_run_ids text[], p_versions text[]) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM launch.runs r USING unnest(p_run_ids, p_versions) AS g (id, version)
    WHERE r.run_id = g.id AND r.version = g.version AND r.place IN ('direct', 'ended', 'folded');
  RETURN QUERY SELECT g.id FROM unnest(p_run_ids) AS g (id) WHERE NOT EXISTS (SELECT FROM launch.runs r WHERE r.run_id = g.id);
END $$;

-- Writes a definition in place of this version (null: there is none yet), or removes it (p_definition is null).
CREATE FUNCTION launch.define(p_nonce text, p_name text, p_expected text, p_definition text, p_by text, OUT outcome text, OUT current text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('launch definition ' || p_name, 0));
  IF EXISTS (SELECT FROM launch.definition_changes c WHERE c.name = p_name AND c.version = p_nonce) THEN
    outcome := 'written';
    RETURN;
  END IF;
  SELECT d.version INTO current FROM launch.definitions d WHERE d.name = p_name;
  IF current IS DISTINCT FROM p_expected THEN
    outcome := 'conflict';
    RETURN;
  END IF;
  DELETE FROM launch.definitions d WHERE d.name = p_name;
  IF p_definition IS NOT NULL THEN
    INSERT INTO launch.definitions (name, definition, version, changed_by) VALUES (p_name, p_definition, p_nonce, p_by);
  END IF;
  INSERT INTO launch.definition_changes (name, definition, version, changed_by) VALUES (p_name, p_definition, p_nonce, p_by);
  PERFORM launch.notify_queue(p_name);
  outcome := 'written';
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM PUBLIC;
`,"1-claims":`
CREATE FUNCTION launch.fits(p_slots jsonb, p_free jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN NOT EXISTS (SELECT FROM jsonb_each_text(p_slots) AS s (name, wanted)
    WHERE s.wanted::numeric > coalesce((p_free ->> s.name)::numeric, 0));
END $$;

-- What obstacles of queues/order.ts a run has by itself; the caller counts what runs. Without a subquery, so that it costs no call.
CREATE FUNCTION launch.can_start(p_run launch.runs, p_full text[], p_free jsonb, p_time_left_ms numeric, p_now_ms bigint, p_schema integer)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_run.schema_version <= p_schema
    AND (p_run.not_before IS NULL OR p_run.not_before <= p_now_ms)
    AND (p_full IS NULL OR p_run.submitter <> ALL (p_full))
    AND (p_time_left_ms IS NULL OR p_run.timeout_ms <= p_time_left_ms)
    AND (p_free IS NULL OR p_run.slots = '{}' OR launch.fits(p_run.slots, p_free))
$$;

CREATE FUNCTION launch.startable(p_queue text, p_mode text, p_ageing_ms numeric, p_full text[], p_free jsonb, p_time_left_ms numeric,
  p_now_ms bigint, p_schema integer, p_first integer) RETURNS TABLE (run_id text, effective numeric, key_time bigint) LANGUAGE sql STABLE AS $$
  SELECT w.run_id, w.effective, w.key_time FROM generate_series(0, 3) AS level (priority), LATERAL (
    SELECT r.run_id, r.key_time, CASE
        WHEN p_mode = 'fifo' THEN 0
        WHEN p_ageing_ms IS NULL THEN r.priority
        ELSE greatest(0, r.priority - floor(greatest(0, p_now_ms - r.key_time) / p_ageing_ms))
      END AS effective
    FROM launch.runs r
    WHERE r.place = 'waiting' AND r.queue = p_queue AND r.priority = level.priority
      AND launch.can_start(r, p_full, p_free, p_time_left_ms, p_now_ms, p_schema)
    ORDER BY r.key_time, r.run_id LIMIT p_first
  ) AS w ORDER BY w.effective, w.key_time, w.run_id COLLATE "C" LIMIT p_first
$$;

-- The place is asked for in a way that no index is for: a plan that is made while few runs wait must not read all that wait later.
CREATE FUNCTION launch.lease_run(p_nonce text, p_run_id text, p_expected text, p_lease jsonb) RETURNS SETOF launch.runs
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE launch.runs r SET place = 'leased', version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce),
      head = r.head || jsonb_build_object(
        'state', 'leased', 'attempt', p_lease -> 'attempt', 'updated_at', p_lease -> 'since', 'lease', p_lease),
      written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_expected AND CASE r.place WHEN 'waiting' THEN true END
    RETURNING r.*;
END $$;

-- Takes this run. p_claim: nonce, run_id, version, lease.
CREATE FUNCTION launch.claim(p_claim jsonb) RETURNS SETOF launch.runs LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM launch.paused_queues q JOIN launch.runs r ON r.queue = q.queue WHERE r.run_id = p_claim ->> 'run_id') THEN
    RETURN QUERY SELECT * FROM launch.lease_run(p_claim ->> 'nonce', p_claim ->> 'run_id', p_claim ->> 'version', p_claim -> 'lease');
    IF FOUND THEN RETURN; END IF;
  END IF;
  RETURN QUERY SELECT * FROM launch.runs r
    WHERE r.run_id = p_claim ->> 'run_id' AND r.place = 'leased' AND r.version = p_claim ->> 'nonce';
END $$;

-- Takes the first run that can start. p_pick: nonce, queue, lease (its attempt is the run's next), mode, ageing_ms, running,
-- running_per_submitter, free, time_left_ms, now_ms (else the server's clock), schema (of heads that the asker can read).
CREATE FUNCTION launch.claim_next(p_pick jsonb) RETURNS SETOF launch.runs LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
  wanted_queue text := p_pick ->> 'queue';
  max_running integer := (p_pick ->> 'running')::integer;
  max_each integer := (p_pick ->> 'running_per_submitter')::integer;
  now_at bigint := coalesce((p_pick ->> 'now_ms')::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  full_submitters text[];
  free jsonb := nullif(p_pick -> 'free', 'null');
  time_left numeric := (p_pick ->> 'time_left_ms')::numeric;
  known integer := (p_pick ->> 'schema')::integer;
  picked record;
  first_ones integer;
BEGIN
  RETURN QUERY SELECT * FROM launch.runs r WHERE r.version = p_pick ->> 'nonce' AND r.place = 'leased';
  IF FOUND OR EXISTS (SELECT FROM launch.paused_queues q WHERE q.queue = wanted_queue) THEN RETURN; END IF;
  IF max_running IS NOT NULL OR max_each IS NOT NULL THEN
    -- Two that count at the same time would both find the last place free.
    PERFORM pg_advisory_xact_lock(hashtextextended('launch queue ' || wanted_queue, 0));
    IF (SELECT count(*) FROM launch.runs r WHERE r.place = 'leased' AND r.queue = wanted_queue) >= max_running THEN RETURN; END IF;
    full_submitters := ARRAY(SELECT r.submitter FROM launch.runs r WHERE r.place = 'leased' AND r.queue = wanted_queue
      GROUP BY r.submitter HAVING count(*) >= max_each);
  END IF;
  IF p_pick ->> 'mode' = 'priority' AND p_pick -> 'ageing_ms' IS NULL THEN
    -- The usual order is the index's own.
    SELECT r.run_id, r.version, r.head ->> 'attempt' AS attempt INTO picked FROM launch.runs r
      WHERE r.place = 'waiting' AND r.queue = wanted_queue AND launch.can_start(r, full_submitters, free, time_left, now_at, known)
      ORDER BY r.priority, r.key_time, r.run_id LIMIT 1 FOR UPDATE SKIP LOCKED;
  ELSE
    -- Others may hold locks on the first ones: then further ones are looked at, at last all of them.
    FOREACH first_ones IN ARRAY ARRAY[20, 400, NULL] LOOP
      SELECT r.run_id, r.version, r.head ->> 'attempt' AS attempt INTO picked
        FROM launch.startable(wanted_queue, p_pick ->> 'mode', (p_pick ->> 'ageing_ms')::numeric, full_submitters, free, time_left,
          now_at, known, first_ones) AS s
        JOIN launch.runs r ON r.run_id = s.run_id
        WHERE r.place = 'waiting'
        ORDER BY s.effective, s.key_time, s.run_id COLLATE "C" LIMIT 1 FOR UPDATE OF r SKIP LOCKED;
      EXIT WHEN FOUND;
    END LOOP;
  END IF;
  IF picked.run_id IS NULL THEN RETURN; END IF;
  RETURN QUERY SELECT * FROM launch.lease_run(p_pick ->> 'nonce', picked.run_id, picked.version,
    (p_pick -> 'lease') || jsonb_build_object('attempt', picked.attempt::integer + 1));
END $$;

-- Ends a leased run and takes another in the same transaction: the one that p_next names (run_id), or the first of its queue.
-- One row for the end; the columns of the run that was taken are null when none was.
CREATE FUNCTION launch.finish(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  p_next jsonb, OUT outcome text, OUT current text, OUT next launch.runs) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_head ->> 'state' NOT IN ('succeeded', 'failed', 'cancelled') OR p_head ? 'lease' THEN
    RAISE EXCEPTION 'run %: what ends has an end, and nobody has it', p_run_id USING ERRCODE = 'check_violation';
  END IF;
  SELECT f.outcome, f.current INTO outcome, current
    FROM launch.move_run(p_nonce, p_run_id, p_expected, ARRAY['leased'], 'ended', p_head, p_record, p_patch, p_tail) AS f;
  IF outcome = 'written' AND p_next ? 'run_id' THEN
    SELECT * INTO next FROM launch.claim(p_next);
  ELSIF outcome = 'written' AND p_next IS NOT NULL THEN
    SELECT * INTO next FROM launch.claim_next(p_next);
  END IF;
  -- Whoever waits for this run's end, or for its place, hears of it; in a busy queue the place is taken already.
  IF outcome = 'written' AND next.run_id IS NULL THEN PERFORM launch.notify_queue(p_head -> 'queued' ->> 'queue'); END IF;
END $$;
`,"1-tables":`
CREATE TABLE launch.runs (
  run_id text COLLATE "C" PRIMARY KEY CHECK (run_id ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  place text NOT NULL CHECK (place IN ('direct', 'waiting', 'leased', 'ended', 'folded')),
  version text NOT NULL,
  nonces text[] NOT NULL,
  head jsonb NOT NULL,
  record json NOT NULL,
  patch bytea,
  tail bytea,
  cancel_requested boolean NOT NULL DEFAULT false,
  owner_role text NOT NULL DEFAULT session_user,
  written_by text NOT NULL DEFAULT session_user,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_at text COLLATE "C" NOT NULL,
  finished_at text COLLATE "C",
  submitter text NOT NULL,
  queue text COLLATE "C",
  priority smallint CHECK (priority BETWEEN 0 AND 3),
  key_time bigint,
  not_before bigint,
  timeout_ms numeric,
  slots jsonb,
  schema_version integer,
  CHECK (place = 'direct' OR (queue IS NOT NULL AND priority IS NOT NULL AND key_time IS NOT NULL AND slots IS NOT NULL)),
  CHECK (place <> 'leased' OR head ? 'lease')
) WITH (fillfactor = 80);

CREATE INDEX runs_waiting ON launch.runs (queue, priority, key_time, run_id) WHERE place = 'waiting';
-- For those who ask for a queue's: whoever asks for one lease by its nonce would else be led to read all of them.
CREATE INDEX runs_leased ON launch.runs (queue, submitter) WHERE place = 'leased' AND queue IS NOT NULL;
CREATE INDEX runs_ended ON launch.runs (queue) WHERE place = 'ended';
CREATE INDEX runs_history ON launch.runs (queue, finished_at DESC, run_id DESC) WHERE place IN ('ended', 'folded');
CREATE INDEX runs_newest ON launch.runs (created_at DESC, run_id DESC);
-- A lease is made by one write. An agent that asks again for what it may have got already can't get two.
CREATE UNIQUE INDEX runs_leases ON launch.runs (version) WHERE place = 'leased';

CREATE FUNCTION launch.milliseconds(p_time text) RETURNS bigint LANGUAGE sql STABLE
RETURN (extract(epoch FROM p_time::timestamptz) * 1000)::bigint;

CREATE FUNCTION launch.copy_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  queued jsonb := NEW.head -> 'queued';
BEGIN
  IF NEW.head ->> 'run_id' IS DISTINCT FROM NEW.run_id THEN
    RAISE EXCEPTION 'run %: its head is another run''s', NEW.run_id USING ERRCODE = 'check_violation';
  END IF;
  NEW.created_at := coalesce(NEW.head ->> 'created_at', '');
  NEW.finished_at := NEW.head ->> 'finished_at';
  NEW.submitter := coalesce(NEW.head ->> 'by', '');
  NEW.queue := queued ->> 'queue';
  NEW.priority := (queued ->> 'priority')::smallint;
  NEW.not_before := launch.milliseconds(queued ->> 'not_before');
  NEW.timeout_ms := (queued ->> 'timeout_ms')::numeric;
  NEW.slots := queued -> 'slots';
  -- None for a head that nobody could read: it is not given to anyone.
  NEW.schema_version := CASE WHEN jsonb_typeof(NEW.head -> 'attempt') = 'number' AND jsonb_typeof(NEW.slots) = 'object'
    AND NEW.head ?& ARRAY['name', 'entity', 'project', 'state', 'resource', 'by', 'created_at', 'updated_at', 'source']
    THEN (NEW.head ->> 'schema_version')::integer END;
  RETURN NEW;
END $$;
CREATE TRIGGER copy_head BEFORE INSERT ON launch.runs FOR EACH ROW EXECUTE FUNCTION launch.copy_head();
-- A claim says in the head who has the run now, and nothing that is copied.
CREATE TRIGGER copy_changed_head BEFORE UPDATE OF head, run_id ON launch.runs
  FOR EACH ROW WHEN (NOT (OLD.place = 'waiting' AND NEW.place = 'leased')) EXECUTE FUNCTION launch.copy_head();

-- One row for each agent. The beat is replaced each time.
CREATE TABLE launch.agents (
  agent text COLLATE "C" PRIMARY KEY,
  version text NOT NULL,
  beat jsonb NOT NULL,
  written_by text NOT NULL DEFAULT session_user,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE TABLE launch.paused_queues (
  queue text COLLATE "C" PRIMARY KEY,
  paused_by text NOT NULL DEFAULT session_user,
  paused_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The last time that runs were folded, for whoever lost the answer.
CREATE TABLE launch.folds (
  queue text COLLATE "C" PRIMARY KEY,
  nonce text NOT NULL,
  folded integer NOT NULL
);

CREATE TABLE launch.definitions (
  name text COLLATE "C" PRIMARY KEY,
  definition text NOT NULL,
  version text NOT NULL,
  changed_by text NOT NULL,
  changed_by_role text NOT NULL DEFAULT session_user,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What definitions were: one row for each change, with none for the definition where it was deleted.
CREATE TABLE launch.definition_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  definition text,
  version text NOT NULL,
  changed_by text NOT NULL,
  changed_by_role text NOT NULL DEFAULT session_user,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX definition_changes_name ON launch.definition_changes (name, id DESC);
`,"1-writes":`
-- Agents that wait hear of the queue's name. Claims and progress are silent: a notification makes commits wait for each other.
CREATE FUNCTION launch.notify_queue(p_queue text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('launch', p_queue)
$$;

CREATE FUNCTION launch.remembered(p_nonces text[], p_nonce text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_nonces || p_nonce)[greatest(1, cardinality(p_nonces) - 14):]
$$;

CREATE FUNCTION launch.create_run(p_nonce text, p_run_id text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO launch.runs (run_id, place, version, nonces, head, record, patch, tail)
    VALUES (p_run_id, 'direct', p_nonce, ARRAY[p_nonce], p_head, p_record, p_patch, p_tail) ON CONFLICT (run_id) DO NOTHING;
  IF FOUND THEN outcome := 'written'; current := p_nonce; RETURN; END IF;
  SELECT f.outcome, f.current INTO outcome, current FROM launch.look(p_run_id, p_nonce) AS f;
END $$;

-- What became of a write: its nonce is there, or another's.
CREATE FUNCTION launch.look(p_run_id text, p_nonce text, OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE plpgsql AS $$
DECLARE
  found_nonces text[];
BEGIN
  SELECT r.version, r.nonces, r.key_time INTO current, found_nonces, key_time FROM launch.runs r WHERE r.run_id = p_run_id;
  IF p_nonce = ANY (found_nonces) THEN outcome := 'written'; current := p_nonce; ELSE outcome := 'conflict'; END IF;
END $$;

-- A run that no queue holds is its owner's: the role that made it, or the tables' owner.
CREATE FUNCTION launch.update_run(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.runs r SET version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce), head = p_head, record = p_record,
      patch = coalesce(p_patch, r.patch), tail = coalesce(p_tail, r.tail), written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_expected AND r.place = 'direct'
      AND (r.owner_role = session_user OR pg_has_role(session_user, current_user, 'MEMBER'));
  IF FOUND THEN outcome := 'written'; current := p_nonce; RETURN; END IF;
  SELECT f.outcome, f.current INTO outcome, current FROM launch.look(p_run_id, p_nonce) AS f;
  IF outcome = 'conflict' AND current = p_expected THEN
    RAISE EXCEPTION 'run % was made by another role, or is in a queue', p_run_id USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- Behind all that wait there: later than the newest, so that a clock that goes back reorders nothing; else now.
CREATE FUNCTION launch.time_behind(p_queue text, p_priority integer) RETURNS bigint LANGUAGE sql AS $$
  SELECT greatest(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, 1 + (
    SELECT r.key_time FROM launch.runs r WHERE r.place = 'waiting' AND r.queue = p_queue AND r.priority = p_priority
    ORDER BY r.key_time DESC LIMIT 1))
$$;

-- Moves a run from one of some places to another, with its document. What was given back keeps its time, what had ended or comes from
-- another queue goes behind. Not granted: what each role may do of it is below.
CREATE FUNCTION launch.move_run(p_nonce text, p_run_id text, p_expected text, p_from text[], p_to text,
  p_head jsonb, p_record json, p_patch bytea, p_tail bytea, OUT outcome text, OUT current text, OUT key_time bigint)
LANGUAGE plpgsql AS $$
DECLARE
  wanted_queue text := p_head -> 'queued' ->> 'queue';
BEGIN
  UPDATE launch.runs r SET place = p_to, version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce), head = p_head,
      record = p_record, patch = coalesce(p_patch, r.patch), tail = coalesce(p_tail, r.tail), written_by = session_user,
      written_at = clock_timestamp(), cancel_requested = r.cancel_requested AND r.place = 'leased',
      key_time = CASE WHEN p_to = 'waiting' AND (r.place = 'ended' OR r.queue <> wanted_queue)
        THEN launch.time_behind(wanted_queue, (p_head -> 'queued' ->> 'priority')::integer) ELSE r.key_time END
    WHERE r.run_id = p_run_id AND r.version = p_expected AND r.place = ANY (p_from)
    RETURNING r.key_time INTO key_time;
  IF FOUND THEN outcome := 'written'; current := p_nonce; RETURN; END IF;
  SELECT f.outcome, f.current, f.key_time INTO outcome, current, key_time FROM launch.look(p_run_id, p_nonce) AS f;
END $$;

-- All of them or none. One whose id is there already is left as it is.
CREATE FUNCTION launch.enqueue(p_max_waiting integer, p_nonces text[], p_run_ids text[], p_heads jsonb[], p_records json[],
  p_patches bytea[], p_tails bytea[]) RETURNS TABLE (nonce text, outcome text, key_time bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  each record;
BEGIN
  IF EXISTS (SELECT FROM unnest(p_heads) AS h WHERE h ->> 'state' IS DISTINCT FROM 'queued' OR h ? 'lease') THEN
    RAISE EXCEPTION 'what is enqueued is queued, and nobody has it' USING ERRCODE = 'check_violation';
  END IF;
  WITH given AS (
    SELECT *, g.head -> 'queued' ->> 'queue' AS queue, (g.head -> 'queued' ->> 'priority')::integer AS priority
    FROM unnest(p_nonces, p_run_ids, p_heads, p_records, p_patches, p_tails)
      WITH ORDINALITY AS g (nonce, id, head, record, patch, tail, place_in_batch)
  ), behind AS MATERIALIZED (
    SELECT d.queue, d.priority, launch.time_behind(d.queue, d.priority) AS first_time
    FROM (SELECT DISTINCT g.queue, g.priority FROM given g) AS d
  )
  INSERT INTO launch.runs AS r (run_id, place, version, nonces, head, record, patch, tail, key_time)
    SELECT g.id, 'waiting', g.nonce, ARRAY[g.nonce], g.head, g.record, g.patch, g.tail,
      b.first_time + row_number() OVER (PARTITION BY g.queue, g.priority ORDER BY g.place_in_batch) - 1
    FROM given g JOIN behind b ON b.queue = g.queue AND b.priority = g.priority ORDER BY g.place_in_batch
    ON CONFLICT ON CONSTRAINT runs_pkey DO NOTHING;
  FOR each IN SELECT r.queue, count(*) AS added FROM launch.runs r
    WHERE r.version = ANY (p_nonces) AND r.run_id = ANY (p_run_ids) AND r.place = 'waiting' GROUP BY r.queue
  LOOP
    IF (SELECT count(*) FROM (SELECT FROM launch.runs r WHERE r.place = 'waiting' AND r.queue = each.queue LIMIT p_max_waiting + 1) AS w)
      > p_max_waiting THEN
      RAISE EXCEPTION 'queue "%": more than % runs would wait', each.queue, p_max_waiting USING ERRCODE = 'LA001';
    END IF;
    PERFORM launch.notify_queue(each.queue);
  END LOOP;
  RETURN QUERY SELECT g.nonce, CASE WHEN g.nonce = ANY (r.nonces) THEN 'enqueued' ELSE 'already' END, r.key_time
    FROM unnest(p_nonces, p_run_ids) AS g (nonce, id) JOIN launch.runs r ON r.run_id = g.id;
END $$;

CREATE FUNCTION launch.progress(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT * FROM launch.move_run(p_nonce, p_run_id, p_expected, ARRAY['leased'], 'leased', p_head, p_record, p_patch, p_tail)
$$;

-- Back to wait, or to wait elsewhere. Whoever waits for a run hears of it.
CREATE FUNCTION launch.put_back(p_nonce text, p_run_id text, p_expected text, p_from text[], p_head jsonb, p_record json,
  p_patch bytea, p_tail bytea, OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE plpgsql AS $$
BEGIN
  IF p_head ->> 'state' IS DISTINCT FROM 'queued' OR p_head ? 'lease' THEN
    RAISE EXCEPTION 'run %: what waits is queued, and nobody has it', p_run_id USING ERRCODE = 'check_violation';
  END IF;
  SELECT f.outcome, f.current, f.key_time INTO outcome, current, key_time
    FROM launch.move_run(p_nonce, p_run_id, p_expected, p_from, 'waiting', p_head, p_record, p_patch, p_tail) AS f;
  IF outcome = 'written' THEN PERFORM launch.notify_queue(p_head -> 'queued' ->> 'queue'); END IF;
END $$;

CREATE FUNCTION launch.release(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT * FROM launch.put_back(p_nonce, p_run_id, p_expected, ARRAY['leased'], p_head, p_record, p_patch, p_tail)
$$;

CREATE FUNCTION launch.requeue(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT * FROM launch.put_back(p_nonce, p_run_id, p_expected, ARRAY['waiting', 'ended'], p_head, p_record, p_patch, p_tail)
$$;

CREATE FUNCTION launch.cancel_waiting(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea,
  p_tail bytea, OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_head ->> 'state' IS DISTINCT FROM 'cancelled' OR p_head ? 'lease' THEN
    RAISE EXCEPTION 'run %: a run that waits can only be cancelled', p_run_id USING ERRCODE = 'check_violation';
  END IF;
  SELECT f.outcome, f.current, f.key_time INTO outcome, current, key_time
    FROM launch.move_run(p_nonce, p_run_id, p_expected, ARRAY['waiting'], 'ended', p_head, p_record, p_patch, p_tail) AS f;
  IF outcome = 'written' THEN PERFORM launch.notify_queue(p_head -> 'queued' ->> 'queue'); END IF;
END $$;

-- Where the run is now; a leased one's holder is asked to end it.
CREATE FUNCTION launch.request_cancel(p_run_id text, OUT place text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.runs r SET cancel_requested = true WHERE r.run_id = p_run_id AND r.place = 'leased' AND NOT r.cancel_requested;
  IF FOUND THEN
    PERFORM launch.notify_queue(r.queue) FROM launch.runs r WHERE r.run_id = p_run_id;
  END IF;
  SELECT r.place INTO place FROM launch.runs r WHERE r.run_id = p_run_id;
END $$;
`,"2-stop-requests":`
ALTER TABLE launch.agents ADD COLUMN stop text CHECK (stop IN ('drain', 'now'));

CREATE OR REPLACE FUNCTION launch.beat(p_nonce text, p_agent text, p_expected text, p_beat jsonb,
  OUT outcome text, OUT current text, OUT present jsonb) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_expected IS NULL THEN
    INSERT INTO launch.agents (agent, version, beat) VALUES (p_agent, p_nonce, p_beat) ON CONFLICT (agent) DO NOTHING;
  ELSE
    UPDATE launch.agents a SET version = p_nonce, beat = p_beat, written_by = session_user, written_at = clock_timestamp(),
        stop = CASE WHEN a.beat -> 'incarnation' = p_beat -> 'incarnation' THEN a.stop END
      WHERE a.agent = p_agent AND a.version = p_expected;
  END IF;
  SELECT a.version, a.beat INTO current, present FROM launch.agents a WHERE a.agent = p_agent;
  outcome := CASE WHEN current = p_nonce THEN 'written' ELSE 'conflict' END;
END $$;

-- "now" stays "now". The agent hears of it by its queues.
CREATE FUNCTION launch.request_stop(p_agent text, p_incarnation text, p_level text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.agents a SET stop = CASE WHEN a.stop = 'now' THEN 'now' ELSE p_level END
    WHERE a.agent = p_agent AND a.beat ->> 'incarnation' = p_incarnation;
  IF FOUND THEN
    PERFORM launch.notify_queue(q.name) FROM launch.agents a, jsonb_array_elements_text(a.beat -> 'queues') AS q (name)
      WHERE a.agent = p_agent;
  END IF;
END $$;

REVOKE ALL ON FUNCTION launch.request_stop FROM PUBLIC;
`,"3-bounds":`
ALTER TABLE launch.runs ADD COLUMN unreadable text;

CREATE FUNCTION launch.is_line(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 4096, false);

CREATE FUNCTION launch.is_text(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 1048576, false);

-- A whole number of this range, and written as one: "1.0" is no integer to a cast of its text.
CREATE FUNCTION launch.is_count(p_value jsonb, p_least numeric, p_most numeric) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'number' AND p_value::text ~ '^-?[0-9]{1,16}$'
  THEN p_value::numeric BETWEEN p_least AND p_most ELSE false END;

-- The version of a schema; null where there is none that any launch writes.
CREATE FUNCTION launch.schema_of(p_value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN CASE WHEN launch.is_count(p_value -> 'schema_version', 1, 1000000) THEN (p_value -> 'schema_version')::integer END;

CREATE FUNCTION launch.is_duration(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'number' THEN p_value::numeric BETWEEN 0 AND 315360000000 ELSE false END;

-- One that can be made a timestamp, whatever its offset.
CREATE FUNCTION launch.is_time(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 64 AND (p_value #>> '{}') ~
  ('^(?:(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))'
  || '|(?:19[7-9][0-9]|[2-9][0-9]{3})-02-29)T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$')
  AND ((p_value #>> '{}') !~ '^(?:9999-12-31|1970-01-01)' OR (p_value #>> '{}') ~ 'Z$')
  AND ((p_value #>> '{}') !~ '^[0-9]{4}-02-29' OR mod(left(p_value #>> '{}', 4)::integer, 4) = 0
    AND (mod(left(p_value #>> '{}', 4)::integer, 100) <> 0 OR mod(left(p_value #>> '{}', 4)::integer, 400) = 0)), false);

-- An object whose members are all of the kind.
CREATE FUNCTION launch.is_counts(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_value = '{}' THEN true WHEN jsonb_typeof(p_value) = 'object'
  THEN NOT EXISTS (SELECT FROM jsonb_each(p_value) AS m WHERE NOT launch.is_count(m.value, 0, 1000000000)) ELSE false END;

CREATE FUNCTION launch.is_numbers(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'object' THEN NOT EXISTS (SELECT FROM jsonb_each(p_value) AS m
  WHERE CASE WHEN jsonb_typeof(m.value) = 'number' THEN abs(m.value::numeric) > 1.7976931348623157e308 ELSE true END) ELSE false END;

CREATE FUNCTION launch.is_lease(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'object' AND launch.is_line(p_value -> 'agent') AND launch.is_line(p_value -> 'incarnation')
  AND launch.is_count(p_value -> 'attempt', 0, 10000) AND launch.is_time(p_value -> 'since'), false);

CREATE FUNCTION launch.is_nested(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN jsonb_path_exists(p_value, 'strict $.**{64 to last} ? (@.type() == "object" || @.type() == "array")');

-- Lists, objects and what is in them, as a reader that makes none of it counts them.
CREATE FUNCTION launch.count_values(p_text text) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN 1 + length(regexp_replace(regexp_replace(p_text, '"(?:[^"\\\\]|\\\\.)*"', '', 'g'), '[^][{,]', '', 'g'))
  - length(regexp_replace(regexp_replace(p_text, '"(?:[^"\\\\]|\\\\.)*"', '', 'g'), '[^]]', '', 'g'));

-- Where a head's part about its queue is wrong; null where it isn't.
CREATE FUNCTION launch.wrong_queued(p_queued jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN jsonb_typeof(p_queued) IS DISTINCT FROM 'object' THEN 'queued'
  WHEN NOT launch.is_line(p_queued -> 'queue') OR (p_queued ->> 'queue') !~ '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$' THEN 'queued.queue'
  WHEN NOT launch.is_count(p_queued -> 'priority', 0, 3) THEN 'queued.priority'
  WHEN NOT launch.is_time(p_queued -> 'enqueued_at') THEN 'queued.enqueued_at'
  WHEN p_queued ? 'not_before' AND NOT launch.is_time(p_queued -> 'not_before') THEN 'queued.not_before'
  WHEN p_queued ? 'timeout_ms' AND NOT launch.is_duration(p_queued -> 'timeout_ms') THEN 'queued.timeout_ms'
  WHEN p_queued ? 'group' AND NOT launch.is_line(p_queued -> 'group') THEN 'queued.group'
  WHEN p_queued ? 'replace' AND NOT launch.is_line(p_queued -> 'replace') THEN 'queued.replace'
  WHEN NOT launch.is_line(p_queued -> 'definition') THEN 'queued.definition'
  WHEN NOT launch.is_count(p_queued -> 'attempts_max', 0, 1000000000) THEN 'queued.attempts_max'
  WHEN NOT launch.is_counts(p_queued -> 'slots') THEN 'queued.slots'
END;

-- The same of the rest.
CREATE FUNCTION launch.wrong_head(p_head jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN NOT launch.is_line(p_head -> 'name') THEN 'name'
  WHEN NOT launch.is_line(p_head -> 'entity') THEN 'entity'
  WHEN NOT launch.is_line(p_head -> 'project') THEN 'project'
  WHEN NOT launch.is_line(p_head -> 'resource') THEN 'resource'
  WHEN NOT launch.is_line(p_head -> 'by') THEN 'by'
  WHEN NOT launch.is_line(p_head -> 'source') THEN 'source'
  WHEN NOT launch.is_count(p_head -> 'attempt', 0, CASE WHEN p_head ->> 'state' = 'queued' THEN 8999 ELSE 10000 END) THEN 'attempt'
  WHEN coalesce(p_head ->> 'state', '') NOT IN ('queued', 'leased', 'building', 'starting', 'running', 'succeeded', 'failed', 'cancelled') THEN 'state'
  WHEN NOT launch.is_time(p_head -> 'created_at') THEN 'created_at'
  WHEN NOT launch.is_time(p_head -> 'updated_at') THEN 'updated_at'
  WHEN p_head ? 'started_at' AND NOT launch.is_time(p_head -> 'started_at') THEN 'started_at'
  WHEN p_head ? 'finished_at' AND NOT launch.is_time(p_head -> 'finished_at') THEN 'finished_at'
  WHEN p_head ? 'nonce' AND NOT launch.is_line(p_head -> 'nonce') THEN 'nonce'
  WHEN p_head ? 'message' AND NOT launch.is_text(p_head -> 'message') THEN 'message'
  WHEN p_head ? 'reason' AND coalesce(p_head ->> 'reason', '') NOT IN ('exit-code', 'signal', 'timeout', 'out-of-memory', 'preempted', 'lost',
    'source-failed', 'build-failed', 'image-pull', 'unschedulable', 'submit-failed', 'refused', 'cancelled') THEN 'reason'
  WHEN p_head ? 'exit_code' AND NOT launch.is_count(p_head -> 'exit_code', -9007199254740991, 9007199254740991) THEN 'exit_code'
  WHEN p_head ? 'nonce' AND NOT launch.is_line(p_head -> 'nonce') THEN 'nonce'
  WHEN p_head ? 'metrics' AND NOT launch.is_numbers(p_head -> 'metrics') THEN 'metrics'
  WHEN p_head ? 'lease' AND NOT launch.is_lease(p_head -> 'lease') THEN 'lease'
  WHEN p_head ? 'moved' AND NOT (launch.is_text(p_head -> 'moved' -> 'from') OR launch.is_text(p_head -> 'moved' -> 'to')) THEN 'moved'
  WHEN p_head ? 'queued' THEN launch.wrong_queued(p_head -> 'queued')
END;

-- A newer launch's is its own business, but for what queues work with.
CREATE FUNCTION launch.head_fault(p_run_id text, p_head jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  wrong text;
BEGIN
  IF jsonb_typeof(p_head) IS DISTINCT FROM 'object' THEN RETURN 'its head is not a JSON object'; END IF;
  IF octet_length(p_head::text) > 524288 THEN RETURN 'its head has more than 262144 bytes'; END IF;
  IF octet_length(p_head::text) > 10000 AND launch.count_values(p_head::text) > 10000 THEN RETURN 'its head has more than 10000 values'; END IF;
  IF launch.is_nested(p_head) THEN RETURN 'its head is nested more than 64 deep'; END IF;
  IF p_head ->> 'run_id' IS DISTINCT FROM p_run_id THEN RETURN 'its head is another run''s'; END IF;
  IF NOT launch.is_count(p_head -> 'schema_version', 1, 1000000) THEN RETURN 'its head is wrong at "schema_version"'; END IF;
  IF launch.schema_of(p_head) = 1 THEN wrong := launch.wrong_head(p_head);
  ELSIF p_head ? 'queued' THEN wrong := launch.wrong_queued(p_head -> 'queued');
  END IF;
  RETURN 'its head is wrong at "' || wrong || '"';
END $$;

-- jsonb has no NUL and no half of a surrogate pair, and what the texts of a record say matters nothing here. Null for what can't be kept.
CREATE FUNCTION launch.record_value(p_record json) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  whole text := p_record::text;
BEGIN
  IF octet_length(whole) > 4194304 OR (octet_length(whole) > 100000 AND launch.count_values(whole) > 100000) THEN RETURN NULL; END IF;
  IF position('\\u' IN whole) > 0 THEN whole := regexp_replace(whole, '\\\\u[0-9a-fA-F]{4}', '\\\\u0020', 'g'); END IF;
  RETURN whole::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

CREATE FUNCTION launch.record_fault(p_run_id text, p_record json, p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN octet_length(p_record::text) > 4194304 THEN 'its record has more than 4194304 bytes'
  WHEN p_value IS NULL AND octet_length(p_record::text) > 100000 AND launch.count_values(p_record::text) > 100000
    THEN 'its record has more than 100000 values'
  WHEN jsonb_typeof(p_value) IS DISTINCT FROM 'object' THEN 'its record is not a JSON object'
  WHEN launch.is_nested(p_value) THEN 'its record is nested more than 64 deep'
  WHEN p_value ->> 'run_id' <> p_run_id THEN 'its record is another run''s'
  WHEN p_value ? 'schema_version' AND NOT launch.is_count(p_value -> 'schema_version', 1, 1000000) THEN 'its record is wrong at "schema_version"'
END;

CREATE FUNCTION launch.parts_fault(p_patch bytea, p_tail bytea) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN octet_length(p_patch) > 1048576 THEN 'its patch has more than 1048576 bytes'
  WHEN octet_length(p_tail) > 131072 THEN 'the end of its log has more than 131072 bytes' END;

CREATE FUNCTION launch.run_fault(p_run launch.runs, p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN coalesce(launch.head_fault(p_run.run_id, p_run.head), launch.record_fault(p_run.run_id, p_run.record, p_value),
  launch.parts_fault(p_run.patch, p_run.tail));

CREATE OR REPLACE FUNCTION launch.copy_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  queued jsonb := NEW.head -> 'queued';
  value jsonb := launch.record_value(NEW.record);
  fault text := launch.run_fault(NEW, value);
BEGIN
  IF fault IS NOT NULL THEN RAISE EXCEPTION 'run "%": %', left(NEW.run_id, 60), fault USING ERRCODE = 'LA002'; END IF;
  NEW.unreadable := NULL;
  -- Newest first: what is of a time that is not yet comes last.
  NEW.created_at := CASE WHEN NEW.head ->> 'created_at' > to_char(clock_timestamp() AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS')
    THEN '' ELSE coalesce(NEW.head ->> 'created_at', '') END;
  NEW.finished_at := NEW.head ->> 'finished_at';
  NEW.submitter := coalesce(NEW.head ->> 'by', '');
  NEW.queue := queued ->> 'queue';
  NEW.priority := (queued ->> 'priority')::smallint;
  NEW.not_before := launch.milliseconds(queued ->> 'not_before');
  NEW.timeout_ms := (queued ->> 'timeout_ms')::numeric;
  NEW.slots := queued -> 'slots';
  -- An agent is given neither a head nor a record that it can't read.
  NEW.schema_version := greatest(launch.schema_of(NEW.head), launch.schema_of(value));
  RETURN NEW;
END $$;

-- Of rows that another hand than ours has written: which are left alone, and why. Gives how many.
CREATE FUNCTION launch.mark_unreadable() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  marked bigint;
BEGIN
  UPDATE launch.runs r SET unreadable = f.fault FROM (
    SELECT o.run_id, coalesce(launch.run_fault(o, launch.record_value(o.record)),
      CASE WHEN o.place <> 'direct' AND o.head -> 'queued' ->> 'queue' IS DISTINCT FROM o.queue THEN 'its head is of another queue' END) AS fault
    FROM launch.runs o) AS f
    WHERE f.run_id = r.run_id AND f.fault IS NOT NULL;
  GET DIAGNOSTICS marked = ROW_COUNT;
  UPDATE launch.runs r SET schema_version = launch.schema_of(launch.record_value(r.record))
    WHERE r.unreadable IS NULL AND launch.schema_of(launch.record_value(r.record)) > r.schema_version;
  RETURN marked;
END $$;
SELECT launch.mark_unreadable();
`,"3-claims":`
CREATE OR REPLACE FUNCTION launch.fits(p_slots jsonb, p_free jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN launch.is_counts(p_slots) THEN NOT EXISTS (SELECT FROM jsonb_each_text(p_slots) AS s (name, wanted)
    WHERE s.wanted::numeric > coalesce((p_free ->> s.name)::numeric, 0)) ELSE false END;
END $$;

CREATE OR REPLACE FUNCTION launch.can_start(p_run launch.runs, p_full text[], p_free jsonb, p_time_left_ms numeric, p_now_ms bigint, p_schema integer)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_run.schema_version <= p_schema AND p_run.unreadable IS NULL
    AND (p_run.not_before IS NULL OR p_run.not_before <= p_now_ms)
    AND (p_full IS NULL OR p_run.submitter <> ALL (p_full))
    AND (p_time_left_ms IS NULL OR p_run.timeout_ms <= p_time_left_ms)
    AND (p_free IS NULL OR p_run.slots = '{}' OR launch.fits(p_run.slots, p_free))
$$;

-- The last attempt that there can be is not taken once more.
CREATE OR REPLACE FUNCTION launch.lease_run(p_nonce text, p_run_id text, p_expected text, p_lease jsonb) RETURNS SETOF launch.runs
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT launch.is_lease(p_lease) THEN RAISE EXCEPTION 'run "%": the lease is none', left(p_run_id, 60) USING ERRCODE = 'LA002'; END IF;
  RETURN QUERY UPDATE launch.runs r SET place = 'leased', version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce),
      head = r.head || jsonb_build_object(
        'state', 'leased', 'attempt', p_lease -> 'attempt', 'updated_at', p_lease -> 'since', 'lease', p_lease),
      written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_expected AND r.unreadable IS NULL AND CASE r.place WHEN 'waiting' THEN true END
    RETURNING r.*;
END $$;

-- The first run that can start, as before; one that could not even be leased is marked and passed over.
CREATE OR REPLACE FUNCTION launch.claim_next(p_pick jsonb) RETURNS SETOF launch.runs LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
  wanted_queue text := p_pick ->> 'queue';
  max_running integer := (p_pick ->> 'running')::integer;
  max_each integer := (p_pick ->> 'running_per_submitter')::integer;
  now_at bigint := coalesce((p_pick ->> 'now_ms')::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  full_submitters text[];
  free jsonb := nullif(p_pick -> 'free', 'null');
  time_left numeric := (p_pick ->> 'time_left_ms')::numeric;
  known integer := (p_pick ->> 'schema')::integer;
  picked record;
  first_ones integer;
  passed integer := 0;
BEGIN
  RETURN QUERY SELECT * FROM launch.runs r WHERE r.version = p_pick ->> 'nonce' AND r.place = 'leased';
  IF FOUND OR EXISTS (SELECT FROM launch.paused_queues q WHERE q.queue = wanted_queue) THEN RETURN; END IF;
  IF max_running IS NOT NULL OR max_each IS NOT NULL THEN
    -- Two that count at the same time would both find the last place free.
    PERFORM pg_advisory_xact_lock(hashtextextended('launch queue ' || wanted_queue, 0));
    IF (SELECT count(*) FROM launch.runs r WHERE r.place = 'leased' AND r.queue = wanted_queue) >= max_running THEN RETURN; END IF;
    full_submitters := ARRAY(SELECT r.submitter FROM launch.runs r WHERE r.place = 'leased' AND r.queue = wanted_queue
      GROUP BY r.submitter HAVING count(*) >= max_each);
  END IF;
  LOOP
    IF p_pick ->> 'mode' = 'priority' AND p_pick -> 'ageing_ms' IS NULL THEN
      -- The usual order is the index's own.
      SELECT r.run_id, r.version, r.head ->> 'attempt' AS attempt INTO picked FROM launch.runs r
        WHERE r.place = 'waiting' AND r.queue = wanted_queue AND launch.can_start(r, full_submitters, free, time_left, now_at, known)
        ORDER BY r.priority, r.key_time, r.run_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    ELSE
      -- Others may hold locks on the first ones: then further ones are looked at, at last all of them.
      FOREACH first_ones IN ARRAY ARRAY[20, 400, NULL] LOOP
        SELECT r.run_id, r.version, r.head ->> 'attempt' AS attempt INTO picked
          FROM launch.startable(wanted_queue, p_pick ->> 'mode', (p_pick ->> 'ageing_ms')::numeric, full_submitters, free, time_left,
            now_at, known, first_ones) AS s
          JOIN launch.runs r ON r.run_id = s.run_id
          WHERE r.place = 'waiting'
          ORDER BY s.effective, s.key_time, s.run_id COLLATE "C" LIMIT 1 FOR UPDATE OF r SKIP LOCKED;
        EXIT WHEN FOUND;
      END LOOP;
    END IF;
    IF picked.run_id IS NULL THEN RETURN; END IF;
    EXIT WHEN picked.attempt ~ '^[0-9]{1,4}$';
    -- Another hand than ours wrote it.
    UPDATE launch.runs r SET unreadable = coalesce(launch.head_fault(r.run_id, r.head), 'its head is wrong at "attempt"') WHERE r.run_id = picked.run_id;
    passed := passed + 1;
    IF passed > 100 THEN RETURN; END IF;
  END LOOP;
  RETURN QUERY SELECT * FROM launch.lease_run(p_pick ->> 'nonce', picked.run_id, picked.version,
    (p_pick -> 'lease') || jsonb_build_object('attempt', picked.attempt::integer + 1));
END $$;

-- What an agent can't read of a run that it was given: it is left alone from now on, where it was.
CREATE FUNCTION launch.set_aside(p_run_id text, p_version text, p_why text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.runs r SET place = 'waiting', unreadable = left(p_why, 1000), written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_version AND r.place = 'leased';
  RETURN FOUND;
END $$;

-- By its id and version alone, whatever is in it: among those that wait, or that have ended. For what can be read there are other ways, unless
-- its head is so long that a list may not hold it; a newer launch's stays with its holder.
CREATE FUNCTION launch.put_unread(p_nonce text, p_run_id text, p_version text, p_place text, OUT outcome text, OUT current text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_queue text;
  comes_in boolean := (SELECT r.place <> 'waiting' FROM launch.runs r WHERE r.run_id = p_run_id);
BEGIN
  IF coalesce(p_place, '') NOT IN ('waiting', 'ended') THEN RAISE EXCEPTION 'no place "%"', left(p_place, 20) USING ERRCODE = 'LA002'; END IF;
  UPDATE launch.runs r SET place = p_place, version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce), cancel_requested = false,
      written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_version AND r.place IN ('waiting', 'leased', 'ended')
      AND (r.unreadable IS NOT NULL OR (r.place <> 'leased' AND (r.schema_version > 1 OR octet_length(r.head::text) > 4096))
        OR launch.run_fault(r, launch.record_value(r.record)) IS NOT NULL)
    RETURNING r.queue INTO of_queue;
  IF FOUND THEN
    outcome := 'written';
    current := p_nonce;
    IF p_place = 'waiting' AND comes_in THEN PERFORM launch.refuse_over(of_queue); END IF;
    PERFORM launch.notify_queue(of_queue);
    RETURN;
  END IF;
  SELECT f.outcome, f.current INTO outcome, current FROM launch.look(p_run_id, p_nonce) AS f;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM PUBLIC;
`,"3-writes":`
ALTER TABLE launch.definitions ADD COLUMN max_waiting integer CHECK (max_waiting > 0);

-- Of the definition that was written with this nonce; null where it has no limit.
CREATE FUNCTION launch.limit_waiting(p_name text, p_version text, p_waiting integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.definitions d SET max_waiting = p_waiting WHERE d.name = p_name AND d.version = p_version;
  RETURN FOUND;
END $$;

-- Later than the newest, unless that is of a time that no clock is off by: one that is so late moves nobody else.
CREATE OR REPLACE FUNCTION launch.time_behind(p_queue text, p_priority integer) RETURNS bigint LANGUAGE sql AS $$
  SELECT greatest(t.now_at, 1 + (SELECT r.key_time FROM launch.runs r
    WHERE r.place = 'waiting' AND r.queue = p_queue AND r.priority = p_priority AND r.key_time <= t.now_at + 86400000
    ORDER BY r.key_time DESC LIMIT 1))
  FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_at) AS t
$$;

-- Raises LA001 when more would wait than there is room for.
CREATE FUNCTION launch.refuse_over(p_queue text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  own_limit integer := (SELECT d.max_waiting FROM launch.definitions d WHERE d.name = p_queue);
  room integer := least(coalesce(own_limit, 100000), 100000);
BEGIN
  IF own_limit IS NOT NULL THEN
    -- Two that count at the same time would both find the last place free.
    PERFORM pg_advisory_xact_lock(hashtextextended('launch waiting ' || p_queue, 0));
  END IF;
  IF (SELECT count(*) FROM (SELECT FROM launch.runs r WHERE r.place = 'waiting' AND r.queue = p_queue LIMIT room + 1) AS w) > room THEN
    RAISE EXCEPTION 'queue "%": more than % runs would wait', p_queue, room USING ERRCODE = 'LA001';
  END IF;
END $$;

-- All of them or none. One whose id is there already is left as it is. p_max_waiting is what callers of before say, and not believed.
CREATE OR REPLACE FUNCTION launch.enqueue(p_max_waiting integer, p_nonces text[], p_run_ids text[], p_heads jsonb[], p_records json[],
  p_patches bytea[], p_tails bytea[]) RETURNS TABLE (nonce text, outcome text, key_time bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  each record;
BEGIN
  IF cardinality(p_nonces) > 100 THEN RAISE EXCEPTION 'more than 100 runs at once' USING ERRCODE = 'LA002'; END IF;
  FOR each IN SELECT g.id, coalesce(launch.head_fault(g.id, g.head), CASE WHEN g.head -> 'queued' IS NULL THEN 'its head is wrong at "queued"' END,
      CASE WHEN octet_length(g.head::text) > 16384 THEN 'its head has more than 8192 bytes' END) AS fault
    FROM unnest(p_run_ids, p_heads) AS g (id, head)
  LOOP
    IF each.fault IS NOT NULL THEN RAISE EXCEPTION 'run "%": %', left(each.id, 60), each.fault USING ERRCODE = 'LA002'; END IF;
  END LOOP;
  IF EXISTS (SELECT FROM unnest(p_heads) AS h WHERE h ->> 'state' IS DISTINCT FROM 'queued' OR h ? 'lease') THEN
    RAISE EXCEPTION 'what is enqueued is queued, and nobody has it' USING ERRCODE = 'check_violation';
  END IF;
  WITH given AS (
    SELECT *, g.head -> 'queued' ->> 'queue' AS queue, (g.head -> 'queued' ->> 'priority')::integer AS priority
    FROM unnest(p_nonces, p_run_ids, p_heads, p_records, p_patches, p_tails)
      WITH ORDINALITY AS g (nonce, id, head, record, patch, tail, place_in_batch)
  ), behind AS MATERIALIZED (
    SELECT d.queue, d.priority, launch.time_behind(d.queue, d.priority) AS first_time
    FROM (SELECT DISTINCT g.queue, g.priority FROM given g) AS d
  )
  INSERT INTO launch.runs AS r (run_id, place, version, nonces, head, record, patch, tail, key_time)
    SELECT g.id, 'waiting', g.nonce, ARRAY[g.nonce], g.head, g.record, g.patch, g.tail,
      b.first_time + row_number() OVER (PARTITION BY g.queue, g.priority ORDER BY g.place_in_batch) - 1
    FROM given g JOIN behind b ON b.queue = g.queue AND b.priority = g.priority ORDER BY g.place_in_batch
    ON CONFLICT ON CONSTRAINT runs_pkey DO NOTHING;
  FOR each IN SELECT r.queue FROM launch.runs r
    WHERE r.version = ANY (p_nonces) AND r.run_id = ANY (p_run_ids) AND r.place = 'waiting' GROUP BY r.queue
  LOOP
    PERFORM launch.refuse_over(each.queue);
    PERFORM launch.notify_queue(each.queue);
  END LOOP;
  RETURN QUERY SELECT g.nonce, CASE WHEN g.nonce = ANY (r.nonces) THEN 'enqueued' ELSE 'already' END, r.key_time
    FROM unnest(p_nonces, p_run_ids) AS g (nonce, id) JOIN launch.runs r ON r.run_id = g.id;
END $$;

-- The same in the place of others: what waits of them is cancelled, all of it or none, and makes room. Nothing is where each of the new ones is
-- there already by another call.
CREATE FUNCTION launch.enqueue_replacing(p_nonces text[], p_run_ids text[], p_heads jsonb[], p_records json[], p_patches bytea[], p_tails bytea[],
  p_old_nonces text[], p_old_ids text[], p_old_versions text[], p_old_heads jsonb[], p_old_records json[])
RETURNS TABLE (nonce text, outcome text, key_time bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  each record;
  did text;
BEGIN
  IF cardinality(p_old_ids) > 100000 THEN RAISE EXCEPTION 'more than 100000 runs at once' USING ERRCODE = 'LA002'; END IF;
  IF EXISTS (SELECT FROM unnest(p_nonces, p_run_ids) AS g (nonce, id) LEFT JOIN launch.runs r ON r.run_id = g.id
    WHERE r.run_id IS NULL OR g.nonce = ANY (r.nonces)) THEN
    FOR each IN SELECT * FROM unnest(p_old_nonces, p_old_ids, p_old_versions, p_old_heads, p_old_records) AS o (nonce, id, version, head, record)
      ORDER BY o.id
    LOOP
      SELECT f.outcome INTO did FROM launch.cancel_waiting(each.nonce, each.id, each.version, each.head, each.record, NULL, NULL) AS f;
      IF did = 'written' THEN RETURN QUERY SELECT each.nonce, 'cancelled', 0::bigint; END IF;
    END LOOP;
  END IF;
  RETURN QUERY SELECT * FROM launch.enqueue(100000, p_nonces, p_run_ids, p_heads, p_records, p_patches, p_tails);
END $$;

-- An ended run that waits again, or one that waits in another queue, needs room as a new one does.
CREATE OR REPLACE FUNCTION launch.requeue(p_nonce text, p_run_id text, p_expected text, p_head jsonb, p_record json, p_patch bytea, p_tail bytea,
  OUT outcome text, OUT current text, OUT key_time bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  comes_in boolean := (SELECT r.place = 'ended' OR r.queue IS DISTINCT FROM p_head -> 'queued' ->> 'queue' FROM launch.runs r WHERE r.run_id = p_run_id);
BEGIN
  SELECT f.outcome, f.current, f.key_time INTO outcome, current, key_time
    FROM launch.put_back(p_nonce, p_run_id, p_expected, ARRAY['waiting', 'ended'], p_head, p_record, p_patch, p_tail) AS f;
  IF outcome = 'written' AND comes_in THEN PERFORM launch.refuse_over(p_head -> 'queued' ->> 'queue'); END IF;
END $$;

CREATE FUNCTION launch.beat_fault(p_agent text, p_beat jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(p_beat) IS DISTINCT FROM 'object' THEN RETURN 'its beat is not a JSON object'; END IF;
  IF octet_length(p_beat::text) > 131072 THEN RETURN 'its beat has more than 65536 bytes'; END IF;
  IF launch.is_nested(p_beat) THEN RETURN 'its beat is nested more than 64 deep'; END IF;
  IF p_agent !~ '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$' OR p_beat ->> 'agent' IS DISTINCT FROM p_agent THEN RETURN 'its beat is another agent''s'; END IF;
  IF NOT launch.is_line(p_beat -> 'incarnation') THEN RETURN 'its beat is wrong at "incarnation"'; END IF;
  IF jsonb_typeof(p_beat -> 'queues') IS DISTINCT FROM 'array' THEN RETURN 'its beat is wrong at "queues"'; END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION launch.beat(p_nonce text, p_agent text, p_expected text, p_beat jsonb,
  OUT outcome text, OUT current text, OUT present jsonb) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fault text := launch.beat_fault(p_agent, p_beat);
BEGIN
  IF fault IS NOT NULL THEN RAISE EXCEPTION 'agent "%": %', left(p_agent, 80), fault USING ERRCODE = 'LA002'; END IF;
  IF p_expected IS NULL THEN
    INSERT INTO launch.agents (agent, version, beat) VALUES (p_agent, p_nonce, p_beat) ON CONFLICT (agent) DO NOTHING;
  ELSE
    UPDATE launch.agents a SET version = p_nonce, beat = p_beat, written_by = session_user, written_at = clock_timestamp(),
        stop = CASE WHEN a.beat -> 'incarnation' = p_beat -> 'incarnation' THEN a.stop END
      WHERE a.agent = p_agent AND a.version = p_expected;
  END IF;
  SELECT a.version, CASE WHEN octet_length(a.beat::text) <= 131072 THEN a.beat END INTO current, present FROM launch.agents a WHERE a.agent = p_agent;
  outcome := CASE WHEN current = p_nonce THEN 'written' ELSE 'conflict' END;
END $$;

-- "now" stays "now". The agent hears of it by its queues.
CREATE OR REPLACE FUNCTION launch.request_stop(p_agent text, p_incarnation text, p_level text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.agents a SET stop = CASE WHEN a.stop = 'now' THEN 'now' ELSE p_level END
    WHERE a.agent = p_agent AND a.beat ->> 'incarnation' = p_incarnation;
  IF FOUND THEN
    PERFORM launch.notify_queue(q.name) FROM launch.agents a,
      jsonb_array_elements_text(CASE WHEN jsonb_typeof(a.beat -> 'queues') = 'array' THEN a.beat -> 'queues' ELSE '[]' END) AS q (name)
      WHERE a.agent = p_agent AND octet_length(q.name) < 200;
  END IF;
END $$;

-- A definition that a person writes has a few hundred bytes.
ALTER TABLE launch.definitions ADD CONSTRAINT definitions_length CHECK (octet_length(definition) <= 262144) NOT VALID;
`,"4-store-id":`
CREATE TABLE launch.store (id uuid NOT NULL, only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one));
INSERT INTO launch.store (id) VALUES (gen_random_uuid());
`},S=[[x[`1-tables`],x[`1-writes`],x[`1-claims`],x[`1-administration`]].join(`
`),x[`2-stop-requests`],[x[`3-bounds`],x[`3-writes`],x[`3-claims`]].join(`
`),x[`4-store-id`]],C=c.Ikc({there:c.zMY(),encoding:c.YjP(),role:c.YjP(),may_make:c.zMY()});async function prepareTables(e,t){let{location:n,database:r,make:a}=e,[o]=await r.query(`SELECT to_regclass('launch.migrations') IS NOT NULL AS there, current_setting('server_encoding') AS encoding,
  current_user AS role, has_database_privilege(current_database(), 'CREATE') AS may_make`,[],t),s=C.parse(o);if(s.encoding!==`UTF8`)throw new i.mE(`store-failed`,`the store ${n}: its database has the encoding ${s.encoding}; give one that has UTF8`);if(!s.there&&!a)return`missing`;let c=s.there?await versionOf(e,t):0;if(c===S.length)return`ready`;if(c===0&&!s.may_make)throw new i.mE(`refused`,`the store ${n} has no tables of launch yet, and the role "${s.role}" may not make them; let the database's owner make them (launch store init), and give the roles their rights (launch store grants)`);return await migrate(r,t),`ready`}async function versionOf({location:e,database:t},n){let[r]=await t.query(`SELECT coalesce(max(version), 0) AS version, pg_has_role(c.relowner, 'MEMBER') AS owned
       FROM pg_class c LEFT JOIN launch.migrations ON true WHERE c.oid = 'launch.migrations'::regclass GROUP BY c.relowner`,[],n),{version:a,owned:o}=c.Ikc({version:c.aig(),owned:c.zMY()}).parse(r);if(a>S.length)throw new i.mE(`refused`,`the store ${e} was made by a newer launch (its tables have version ${a}, this one knows ${S.length}); update launch`);if(a<S.length&&!o)throw new i.mE(`refused`,`the store ${e} has tables of version ${a}, and this launch needs ${S.length}; let their owner bring them up: launch store init, with this version of launch`);return a}let w=`CREATE SCHEMA IF NOT EXISTS launch;
CREATE TABLE IF NOT EXISTS launch.migrations
  (version integer PRIMARY KEY, done_by text NOT NULL DEFAULT session_user, done_at timestamptz NOT NULL DEFAULT clock_timestamp());`;async function migrate(e,t){await e.transaction(async e=>{await e(`SELECT pg_advisory_xact_lock(5499361285019403)`,[]),await e(w,[]);let[t]=await e(`SELECT coalesce(max(version), 0) AS version FROM launch.migrations`,[]),{version:n}=c.Ikc({version:c.aig()}).parse(t);for(let t of stepsAfter(n))await e(t,[]);if(n>0&&n<S.length)for(let t of await grantedRoles(t=>e(t,[])))await e(rightsSql(t),[])},t)}function migrationSql(e){let t=stepsAfter(e);return t.length===0?``:[`BEGIN;`,w,...t,`COMMIT;`].join(`
`)}function stepsAfter(e){return S.flatMap((t,n)=>n<e?[]:[t,`INSERT INTO launch.migrations (version) VALUES (${n+1});`])}function administration_administration({connection:e,url:t},n){let r=openDatabase(e,e=>n.debug((0,s.cv)`store ${t}: a connection was lost: ${e}`)),said=async e=>e.catch(e=>raise(t,e)),query=e=>(t,n=[])=>r.query(t,n,e);return{inspect:e=>said((async()=>{let t=await administration_versionOf(r,e).catch(e=>{if(faultOf(e)!==`denied`)throw e}),[n]=await r.query(`SELECT session_user::text AS login`,[],e),{login:i}=c.Ikc({login:c.YjP()}).parse(n),a=t===0?[]:await rightsOfLogin(query(e)),o=t===0?[]:await grantedRoles(query(e));return{version:t,needed:S.length,login:i,may:a,roles:o}})()),initialise:e=>said((async()=>{let n=await administration_versionOf(r,e);return await prepareTables({location:t,database:r,make:!0},e),n})()),initialisation:e=>said(administration_versionOf(r,e).then(migrationSql)),grantsSql:e=>`BEGIN;\n${grantsSql(e)}\nCOMMIT;`,grant:async(e,n)=>{let i=grantsSql(e);await said((async()=>{if(await administration_versionOf(r,n)===0)throw noTables(t);await r.transaction(async e=>{await e(i,[])},n)})())},close:()=>r.close()}}async function administration_versionOf(e,t){if((await e.query(`SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'launch' AND c.relname = 'migrations'`,[],t)).length===0)return 0;let[n]=await e.query(`SELECT coalesce(max(version), 0) AS version FROM launch.migrations`,[],t);return c.Ikc({version:c.aig()}).parse(n).version}function noTables(e){return new i.mE(`bad-usage`,`the store ${e} has no tables yet; make them first: launch store init`)}function raise(e,t){if(t instanceof i.mE)throw t;let n=faultOf(t)===`denied`?`refused`:`store-failed`,r=n===`refused`?`; the owner of the tables may, or who may make roles`:``;throw new i.mE(n,`the store ${e}: ${(0,i.bD)(t)}${r}`,{cause:t})}var T=n(8500);function listen(e){let t=new AbortController,n=(async()=>{for(let n=0;!t.signal.aborted;n++){await listenOnce(e,t.signal)&&(n=0);let r=Math.min(5e3,100*2**n);await(0,T.setTimeout)(Math.random()*r,void 0,{signal:t.signal,ref:!1}).catch(()=>void 0)}})();return{close:async()=>{t.abort(),await n}}}async function listenOnce(e,t){let n=new r.Ay.Client(connectionSettings(e.connection)),a=Promise.withResolvers();n.on(`error`,e=>a.resolve((0,i.bD)(e))),n.on(`end`,()=>a.resolve(`the connection ended`)),n.on(`notification`,({payload:t=``})=>e.onPayload(t));let stop=()=>a.resolve(``);t.addEventListener(`abort`,stop,{once:!0});let o=!1;try{let t=n.connect().then(()=>n.query(`LISTEN ${r.Ay.escapeIdentifier(e.channel)}`)).then(()=>void 0);await Promise.race([t,a.promise])===void 0?(o=!0,e.onListening()):t.catch(()=>void 0);let i=await a.promise;i!==``&&e.onLost(i)}catch(t){e.onLost((0,i.bD)(t))}finally{t.removeEventListener(`abort`,stop),await Promise.race([n.end().catch(()=>void 0),(0,T.setTimeout)(1e3,void 0,{ref:!1})])}return o}function hearChanges(e,t,n){let r=new Set,i=new Set,a,start=()=>{a??=listen({connection:e,channel:`launch`,onPayload:e=>{r.add(e);for(let{queues:t,wake:n}of i)t.includes(e)&&n()},onListening:()=>{for(let{wake:e}of i)e()},onLost:e=>n.debug((0,s.cv)`store ${t}: the connection that listens was lost: ${e}`)})};return{looking:e=>{if(e===`all`)r.clear();else for(let t of e)r.delete(t)},wait:async(e,t,n)=>{if(n.throwIfAborted(),start(),e.some(e=>r.has(e))){for(let t of e)r.delete(t);return}let{promise:a,resolve:o,reject:s}=Promise.withResolvers(),wake=()=>o(void 0),c={queues:e,wake},l=setTimeout(wake,t),abort=()=>s(n.reason);i.add(c),n.addEventListener(`abort`,abort,{once:!0});try{await a}finally{clearTimeout(l),i.delete(c),n.removeEventListener(`abort`,abort)}},close:async()=>{for(let{wake:e}of i)e();await a?.close()}}}var E=n(7038),D=n(970),O=n(1979),k=n(9567),A=n(3701),j=n(5786),M=n(6790),N=n(8874),P=n(9168),F=n(8386);let I=`head`,L={...A.Kz,bytes:2*A.Kz.bytes},R={...A.Sk,bytes:2*A.Sk.bytes},z=2*A.Nd,te=`CASE WHEN jsonb_typeof(head) = 'object' THEN (
  SELECT ${shortText(`less`,z)} FROM (
    SELECT jsonb_object_agg(part.key, CASE part.key WHEN 'message' THEN to_jsonb(left(part.value #>> '{}', ${A._$})) ELSE part.value END) AS less
      FROM jsonb_each(head) AS part WHERE part.key IN (${E.Fg.map(e=>`'${e}'`).join(`, `)}) AND part.key <> 'metrics') AS parts) END`,B=`CASE WHEN unreadable IS NULL THEN coalesce(${shortText(`head`,z)}, ${te}) END`,V=shortText(`beat`,R.bytes);function shortText(e,t){return`CASE WHEN octet_length(${e}::text) <= ${t} THEN ${e}::text END`}let H=c.YjP().nullable();function readHead(e,t){return t===null?{kind:`unreadable`,why:`its ${I} is too long: queues hold at most ${A.Nd} bytes of it`}:(0,E.yw)(t,{runId:e,called:I},L)}function readBeatColumn(e,t){return t===null?{kind:`unreadable`,why:`its beat has more than ${A.Sk.bytes} bytes`}:(0,P.S9)(e,t,R)}function readQueuedHead(e,t,n){return(0,M.B)(readHead(e,n),t,I)}let U={unreadable:c.YjP().nullable(),schema_version:c.aig().nullable()};function leftAlone({unreadable:e,schema_version:t}){if(e!==null)return{kind:`unreadable`,why:e};let n={schema_version:t};return(0,O.U4)(n)?{kind:`unreadable`,why:(0,O.fO)(n),isNewer:!0}:void 0}let W=c.Ikc({run_id:c.YjP(),version:c.YjP(),head:H,record:H,long:c.zMY(),patch:c.Nlp(Uint8Array).nullable(),tail:c.Nlp(Uint8Array).nullable()});function documentColumns(e){let bytes=(t,n)=>`CASE WHEN octet_length(${e}.${t}) <= ${n} THEN ${e}.${t} END AS ${t}`;return[`${e}.run_id AS run_id`,`${e}.version AS version`,`${shortText(`${e}.head`,L.bytes)} AS head`,`${shortText(`${e}.record`,A.Zw.bytes)} AS record`,`coalesce(octet_length(${e}.patch) > ${A.ys}, false) AS long`,bytes(`patch`,A.ys),bytes(`tail`,A.eZ)].join(`, `)}function readDocument(e){let{run_id:t,version:n,head:r,record:i,patch:a,tail:o,long:s}=W.parse(e),c=readHead(t,r),failed=e=>new O.lJ(t,{why:e});if(c.kind===`unreadable`)throw new O.lJ(t,c);if(i===null)throw failed(`its record has more than ${A.Zw.bytes} bytes`);let l=(0,F.NN)(i);if(l.kind===`other`)throw failed(`its record ${l.why}`);if(s)throw failed(`its patch has more than ${A.ys} bytes`);return{document:{run:c.run,record:l.value,...a===null?{}:{patch:a},...o===null?{}:{tail:Buffer.from(o).toString()}},version:n}}function documentValues({run:e,record:t,patch:n,tail:r}){return[headText(e),JSON.stringify(t),n===void 0?null:Buffer.from(n),r===void 0?null:Buffer.from(r)]}function headText(e){return JSON.stringify(e,(e,t)=>typeof t==`string`?t.toWellFormed().replaceAll(`\0`,`�`):t)}function entryOf({time:e,...t}){let{queue:n,priority:r}=(0,N.d)(t.run);return{queue:n,key:(0,j.TD)({priority:r,time:e,runId:t.run.run_id}),...t}}let G=k.ai(),K=c.Ikc({outcome:c.k5n([`written`,`conflict`]),current:c.YjP().nullable()}),newNonce=()=>crypto.randomUUID();function limitOf(e){return Number.isFinite(e)?e:null}function runStore(e){return{create:(t,n)=>write(e,{call:`create_run($1, $2, $3, $4, $5, $6)`,expected:[],document:t},n),update:(t,n,r)=>write(e,{call:`update_run($1, $2, $3, $4, $5, $6, $7)`,expected:[n],document:t},r),read:async(t,n)=>{let r=`SELECT ${documentColumns(`r`)}, ${q} FROM launch.runs r WHERE r.run_id = $1`,[i]=await e.read(r,[t],n);if(i===void 0)return;let{document:a,version:o}=readDocument(i),{place:s}=J.parse(i);return{...s===null?a:(0,D.placedDocument)(a,s),version:o}},list:async(t,n)=>{let r=`SELECT run_id, version, ${B} AS head, unreadable, schema_version, ${q} FROM launch.runs ORDER BY created_at DESC, run_id DESC LIMIT $1`;return(await e.read(r,[limitOf(t)],n)).map(listed)},remove:async(t,n)=>{let r=t.map(({runId:e})=>e);if((await e.read(`SELECT run_id FROM launch.runs WHERE run_id = ANY ($1) LIMIT 1`,[r],n)).length===0)return r;let i=await e.write(`SELECT removed FROM launch.remove_runs($1, $2) AS removed`,[r,t.map(({version:e})=>e)],n);return i.kind===`unknown`?[]:c.YOg(c.Ikc({removed:c.YjP()})).parse(i.rows).map(({removed:e})=>e)},compact:()=>Promise.resolve()}}async function write(e,{call:t,expected:n,document:r},i){let a=[newNonce(),r.run.run_id,...n,...documentValues(r)],o=await e.write(`SELECT outcome, current FROM launch.${t}`,a,i);if(o.kind===`unknown`)return o;let{outcome:s,current:c}=K.parse(o.rows[0]);return s===`written`&&c!==null?{kind:`written`,version:c}:{kind:`conflict`,current:c??void 0}}let q=`CASE place WHEN 'direct' THEN NULL WHEN 'folded' THEN 'ended' ELSE place END AS place`,J=c.Ikc({place:c.k5n([`waiting`,`leased`,`ended`]).nullable()}),Y=J.extend({...U,run_id:c.YjP(),version:c.YjP(),head:c.YjP().nullable()});function listed(e){let{run_id:t,version:n,head:r,place:i,...a}=Y.parse(e),o=leftAlone(a)??readHead(t,r);return o.kind===`unreadable`?{...o,runId:t,version:n}:{kind:`run`,run:i===null?o.run:(0,D.placed)(o.run,i),version:n}}function queueClaims(e){let take=async(t,n,r)=>{let i=`SELECT ${documentColumns(`r`)}, r.cancel_requested, r.key_time FROM launch.${t}($1) AS r`,a=await e.write(i,[JSON.stringify(n)],r);return a.kind===`unknown`?a:a.rows[0]===void 0?{kind:`lost`}:wonOf(e,a.rows[0],r)};return{claim:(e,t)=>take(`claim`,claimOf(e),t),finish:(t,{document:n,next:r},i)=>finish(e,{entry:t,document:n,next:r===void 0?void 0:claimOf(r)},i),picks:{claimNext:(e,t)=>take(`claim_next`,pickOf(e),t),finishAndClaimNext:(t,{document:n,next:r},i)=>finish(e,{entry:t,document:n,next:pickOf(r)},i)}}}function claimOf({entry:e,lease:t}){return{nonce:newNonce(),run_id:e.run.run_id,version:e.version,lease:t}}function pickOf({queue:e,lease:t,order:n,limits:r,agent:i,nowMs:a}){return{nonce:newNonce(),queue:e,lease:t,mode:n.mode,ageing_ms:n.ageingMs,running:r.running,running_per_submitter:r.runningPerSubmitter,free:i?.free,time_left_ms:i?.timeLeftMs,now_ms:a,schema:E.CZ}}let X=c.Ikc({cancel_requested:c.zMY(),key_time:G}),Z=c.Ikc({run_id:c.YjP(),version:c.YjP()});async function wonOf(e,t,n){try{return readWon(t)}catch(r){if(!(r instanceof O.lJ))throw r;let{run_id:i,version:a}=Z.parse(t);return await e.write(`SELECT launch.set_aside($1, $2, $3)`,[i,a,r.why],n),{kind:`unreadable`,runId:i,why:r.why}}}function readWon(e){let{document:t,version:n}=readDocument(e),{cancel_requested:r,key_time:i}=X.parse(e);return{kind:`won`,entry:entryOf({place:`leased`,version:n,time:i,run:t.run,cancelRequested:r}),document:t}}let ne=`${documentColumns(`(f.next)`)}, (f.next).cancel_requested, (f.next).key_time`;async function finish(e,t,n){let{entry:r,next:i}=t,a=(0,D.heldByNobody)(t.document),o=i===void 0?null:JSON.stringify(i),s=await e.write(`SELECT f.outcome, f.current, ${ne} FROM launch.finish($1, $2, $3, $4, $5, $6, $7, $8) AS f`,[newNonce(),r.run.run_id,r.version,...documentValues(a),o],n);if(s.kind===`unknown`)return{finish:s,next:i===void 0?void 0:s};let[c]=s.rows,{outcome:l,current:u}=K.parse(c);return l===`conflict`||u===null?{finish:{kind:`fenced`},next:i===void 0?void 0:{kind:`lost`}}:{finish:{kind:`written`,entry:{...r,place:`ended`,version:u,run:a.run}},next:i===void 0?void 0:await nextOf(e,c,n)}}async function nextOf(e,t,n){return c.Ikc({run_id:c.YjP().nullable()}).parse(t).run_id===null?{kind:`lost`}:wonOf(e,t,n)}let re=c.Ikc({name:c.YjP(),definition:c.YjP().nullable(),version:c.YjP()}),Q=`SELECT name, version, CASE WHEN octet_length(definition) <= ${A.t$} THEN definition END AS definition
  FROM launch.definitions`;function definitionStore(e){let pathOf=e=>`queue "${e}"`,storedOf=e=>{let{name:t,definition:n,version:r}=re.parse(e),i={name:t,version:r,path:pathOf(t)};return n===null?{...i,text:``,unreadable:`it is longer than ${A.t$} bytes`}:{...i,text:n}};return{read:async(t,n)=>{let r=`${Q} WHERE name = $1`,[i]=await e.read(r,[t],n);return i===void 0?void 0:storedOf(i)},list:async t=>{let n=`${Q} ORDER BY name`;return(await e.read(n,[],t)).map(storedOf)},write:async({name:t,text:n,expected:r,by:i,maxWaiting:a},o)=>{let s=[newNonce(),t,r??null,n??null,i,a??null],c=await e.write(`SELECT d.outcome, d.current,
  CASE WHEN d.outcome = 'written' AND $4::text IS NOT NULL THEN launch.limit_waiting($2, $1, $6) END AS limited
  FROM launch.define($1, $2, $3, $4, $5) AS d`,s,o);if(c.kind===`unknown`)throw e.unreachable(`the definition of "${t}" may be changed or not: ${c.message}`);let{outcome:l}=K.parse(c.rows[0]);return l===`written`?{kind:`written`,path:pathOf(t)}:{kind:`conflict`}}}}let $=1e5;function queueWrites(e){return{enqueue:async(t,n)=>(await enqueueAll(e,{runs:t,old:[]},n)).results,enqueueReplacing:(t,n)=>enqueueAll(e,t,n),load:async(t,n)=>{let r=`SELECT ${documentColumns(`r`)} FROM launch.runs r WHERE r.run_id = $1 AND r.version = $2`,[i]=await e.read(r,[t.run.run_id,t.version],n);return i===void 0?void 0:documentIn(i,t)},progress:(t,n,r)=>changeEntry(e,{name:`progress`,entry:t,document:leasedAs(t,n),place:`leased`},r),release:(t,n,r)=>changeEntry(e,{name:`release`,entry:t,document:(0,D.asWaiting)(n),place:`waiting`},r),move:(t,n,r)=>changeEntry(e,{name:`requeue`,entry:t,document:(0,D.asWaiting)(n),place:`waiting`},r),cancel:(t,n,r)=>cancel(e,{entry:t,document:(0,D.heldByNobody)(n)},r),putUnread:async({key:t,version:n},r,i)=>{let a=(0,j.Do)(t)?.runId;if(a===void 0)return!1;let o=await e.write(`SELECT outcome, current FROM launch.put_unread($1, $2, $3, $4)`,[newNonce(),a,n,r],i);if(o.kind===`unknown`)throw e.unreachable(o.message);return K.parse(o.rows[0]).outcome===`written`}}}function documentIn(e,{place:t}){try{return(0,D.placedDocument)(readDocument(e).document,t)}catch(e){if(e instanceof O.lJ)return;throw e}}function leasedAs({run:e},t){let n=t.run.lease??e.lease;return n===void 0?t:{...t,run:{...t.run,lease:n}}}async function enqueueAll(e,{runs:t,old:n},r){let i=[],a=[];for(let o=0;o<t.length;o+=25){let s=await enqueueBatch(e,{runs:t.slice(o,o+25).map(D.asWaiting),old:o===0?n:[]},r);i.push(...s.results),a.push(...s.cancelled)}return{results:i,cancelled:a}}let ie=c.Ikc({nonce:c.YjP(),outcome:c.k5n([`enqueued`,`already`,`cancelled`]),key_time:G});async function enqueueBatch(e,{runs:t,old:n},r){let i=t.map(newNonce),a=n.map(({entry:e,document:t})=>({entry:e,...(0,D.heldByNobody)(t),nonce:newNonce()}));for(let{run:e}of t)(0,N.d)(e);let o=[i,t.map(({run:e})=>e.run_id),t.map(({run:e})=>headText(e)),t.map(({record:e})=>JSON.stringify(e)),t.map(({patch:e})=>e===void 0?null:Buffer.from(e)),t.map(({tail:e})=>e===void 0?null:Buffer.from(e))],s=[a.map(({nonce:e})=>e),a.map(({entry:e})=>e.run.run_id),a.map(({entry:e})=>e.version),a.map(({run:e})=>headText(e)),a.map(({record:e})=>JSON.stringify(e))],l=`SELECT nonce, outcome, key_time FROM`,u=await(n.length===0?e.write(`${l} launch.enqueue($1, $2, $3, $4, $5, $6, $7)`,[$,...o],r):e.write(`${l} launch.enqueue_replacing($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,[...o,...s],r));if(u.kind===`unknown`)return{results:t.map(({run:{run_id:e}})=>({kind:`unknown`,runId:e,message:u.message})),cancelled:[]};let d=c.YOg(ie).parse(u.rows),f=new Map(d.filter(({outcome:e})=>e!==`already`).map(e=>[e.nonce,e.key_time]));return{results:t.map((e,t)=>resultOf(e,i[t]??``,f)),cancelled:a.filter(({nonce:e})=>f.has(e)).map(({entry:e})=>e.run.run_id)}}function resultOf({run:e},t,n){let r=n.get(t);return r===void 0?{kind:`already`,runId:e.run_id}:{kind:`enqueued`,entry:entryOf({place:`waiting`,version:t,time:r,run:e,cancelRequested:!1})}}let ae=K.extend({key_time:G.nullable()});async function changeEntry(e,t,n){let{name:r,entry:i,document:a,place:o}=t,s=[newNonce(),i.run.run_id,i.version,...documentValues(a)],c=`SELECT outcome, current, key_time FROM launch.${r}($1, $2, $3, $4, $5, $6, $7)`,l=await e.write(c,s,n);if(l.kind===`unknown`)return l;let{outcome:u,current:d,key_time:f}=ae.parse(l.rows[0]);if(u===`conflict`||d===null||f===null)return{kind:`fenced`};let p=r!==`requeue`&&i.cancelRequested;return{kind:`written`,entry:entryOf({place:o,version:d,time:f,run:a.run,cancelRequested:p})}}async function cancel(e,{entry:t,document:n},r){if(t.place===`ended`)return`ended`;if(t.place===`waiting`){let i=await changeEntry(e,{name:`cancel_waiting`,entry:t,document:n,place:`ended`},r);if(i.kind===`written`)return`cancelled`;if(i.kind===`unknown`)throw unsettled(e,t,i.message);return`changed`}let i=await e.write(`SELECT place FROM launch.request_cancel($1)`,[t.run.run_id],r);if(i.kind===`unknown`)throw unsettled(e,t,i.message);let a=oe.safeParse(i.rows[0]).data?.place;return a===`leased`?`requested`:a===`waiting`?`changed`:`ended`}let oe=c.Ikc({place:c.YjP()});function unsettled(e,{run:t},n){return e.unreachable(`run "${t.run_id}" may be cancelled or not: ${n}`)}var se=n(8341);function openSession({location:e,database:t,log:n}){let r=!1,a=!1,settle=async(t,a)=>{let o=performance.now();for(let c=0;;c++)try{let e=await a();return r=!0,e}catch(a){if(t.throwIfAborted(),a instanceof i.mE)throw a;if(faultOf(a)!==`transient`)throw refusal(e,a);let l=(0,i.bD)(a);if(performance.now()-o>(r?2e4:5e3))return{unsettled:l};n.debug((0,s.cv)`store ${e}: ${l}; trying again`);let u=Math.min(1e3,50*2**c);await(0,T.setTimeout)(Math.random()*u,void 0,{signal:t}).catch(()=>t.throwIfAborted())}},prepare=async(n,r)=>{if(a)return!0;let i=await settle(r,()=>prepareTables({location:e,database:t,make:n},r));if(isUnsettled(i))throw unreachable(e,i.unsettled);return a=i===`ready`,a};return{read:async(n,r,i)=>{if(!await prepare(!1,i))return[];let a=await settle(i,()=>t.query(n,r,i));if(isUnsettled(a))throw unreachable(e,a.unsettled);return a},write:async(e,n,r)=>{await prepare(!0,r);let i=await settle(r,()=>t.query(e,n,r));return isUnsettled(i)?{kind:`unknown`,message:i.unsettled}:{kind:`answer`,rows:i}},unreachable:t=>unreachable(e,t),close:()=>t.close()}}function isUnsettled(e){return typeof e==`object`&&!!e&&`unsettled`in e}function unreachable(e,t){return new i.mE(`store-failed`,`the store ${e} could not be reached: ${t}`)}function isOfDocument(e){return e===`LA002`||e.startsWith(`22`)||e===`23502`||e===`23514`||e.startsWith(`54`)}function refusal(e,t){let n=(0,i.bD)(t);if(sqlState(t)===`LA001`)return new i.mE(`refused`,`the store ${e} takes no more: ${n}`,{cause:t});if(isOfDocument(sqlState(t)??``))return new se.k(`the store ${e} keeps no such thing: ${n}`,{cause:t});let r=faultOf(t);if(r===`denied`)return new i.mE(`refused`,`the store ${e} refuses: ${n}; give a role that may (a submitter, an agent, an admin), and its password in PGPASSWORD or ~/.pgpass`,{cause:t});if(r===`untrusted`)return new i.mE(`store-failed`,`the store ${e} can't be trusted: ${n}; its URL names the authority of its certificate with ?sslrootcert=FILE`,{cause:t});let a=r===`missing`?`its tables are damaged`:`it failed`;return new i.mE(`store-failed`,`the store ${e}: ${a}: ${n}`,{cause:t})}var ce=n(7802);let le=`
SELECT 'run' AS kind, run_id AS name, queue, place, version, ${B} AS content, cancel_requested, priority, key_time, unreadable, schema_version
  FROM launch.runs WHERE place IN ('waiting', 'leased', 'ended') AND ($1::text[] IS NULL OR queue = ANY ($1))
UNION ALL SELECT 'agent', agent, NULL, stop, version, ${V}, NULL, NULL, NULL, NULL, NULL FROM launch.agents
UNION ALL SELECT 'paused', queue, queue, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM launch.paused_queues
  WHERE $1::text[] IS NULL OR queue = ANY ($1)`,ue=c.Ikc({kind:c.euz(`run`),name:c.YjP(),queue:c.YjP(),place:c.k5n([`waiting`,`leased`,`ended`]),version:c.YjP(),content:c.YjP().nullable(),...U,cancel_requested:c.zMY(),priority:c.KCZ([c.euz(0),c.euz(1),c.euz(2),c.euz(3)]),key_time:G}),de=c.gMt(`kind`,[ue,c.Ikc({kind:c.euz(`agent`),name:c.YjP(),place:c.k5n([`drain`,`now`]).nullable(),version:c.YjP(),content:c.YjP().nullable()}),c.Ikc({kind:c.euz(`paused`),name:c.YjP()})]);async function readSnapshot(e,t,n){let r=await e.read(le,[t===`all`?null:t],n),i=[],a=new Map,o=[],s=[],c=new Map,l=[];for(let e of r){let t=de.parse(e);if(t.kind===`paused`)l.push(t.name);else if(t.kind===`agent`){let e=readBeatColumn(t.name,t.content),n=t.place===null?{}:{stop:t.place};e.kind===`beat`?s.push({beat:e.beat,version:t.version,...n}):c.set(t.name,{version:t.version,why:e.why})}else{let{queue:e,place:n,version:r,priority:s,key_time:c,cancel_requested:l}=t,u=leftAlone(t)??readQueuedHead(t.name,e,t.content);if(u.kind===`run`){let e=entryOf({place:n,version:r,time:c,run:(0,D.placed)(u.run,n),cancelRequested:l});i.push(e),u.bytes!==void 0&&a.set(e,u.bytes)}else{let i=(0,j.TD)({priority:s,time:c,runId:t.name}),a=u.isNewer===!0?{isNewer:!0}:{};o.push({queue:e,key:i,version:r,why:u.why,place:n,...a})}}}let u=i.sort((e,t)=>e.key<t.key?-1:+(e.key>t.key));return{...(0,ce.C)({entries:u,unreadable:o},a),agents:s,unreadableBeats:c,paused:l}}function postgresStore({connection:e,location:t,database:n,log:r}){let i=openSession({location:t,database:n,log:r}),a=hearChanges(e,t,r);return{location:t,capabilities:{order:`ours`,leases:`ours`,wakes:!0,maxWaiting:$,leastHeartbeatMs:0},identify:e=>identify(i,e),...runStore(i),...queueWrites(i),...queueClaims(i),definitions:definitionStore(i),snapshot:(e,t)=>(a.looking(e),readSnapshot(i,e,t)),...agents(i),pause:async(e,t,n)=>{settled(i,await i.write(`SELECT launch.pause($1, $2)`,[e,t],n))},history:(e,t,n)=>postgres_store_history(i,{queue:e,limit:t},n),fold:async(e,t,n)=>{let r=settled(i,await i.write(`SELECT launch.fold($1, $2, $3) AS folded`,[newNonce(),e,t],n));return c.Ikc({folded:c.aig()}).parse(r[0]).folded},wait:(e,t,n)=>a.wait(e,t,n),close:async()=>{await a.close(),await i.close()}}}function agents(e){return{beat:(t,n,r)=>writeBeat(e,{beat:t,expected:n},r),requestStop:async({beat:t},n,r)=>{settled(e,await e.write(`SELECT launch.request_stop($1, $2, $3)`,[t.agent,t.incarnation,n],r))},forget:async({agent:t,version:n},r)=>{settled(e,await e.write(`SELECT launch.forget_agent($1, $2)`,[t,n],r))}}}async function identify(e,t){let n=settled(e,await e.write(`SELECT id::text AS id FROM launch.store`,[],t));return c.Ikc({id:c.YjP()}).parse(n[0]).id}function settled(e,t){if(t.kind===`unknown`)throw e.unreachable(t.message);return t.rows}async function writeBeat(e,{beat:t,expected:n},r){let i=await e.write(`SELECT outcome, current, present::text AS present FROM launch.beat($1, $2, $3, $4)`,[newNonce(),t.agent,n??null,headText(t)],r);if(i.kind===`unknown`)return i;let{outcome:a,current:o}=K.parse(i.rows[0]);return a===`written`&&o!==null?{kind:`written`,version:o}:{kind:`conflict`,current:seenOf(t.agent,i.rows[0])}}function seenOf(e,t){let n=c.Ikc({current:c.YjP(),present:c.YjP().nullable()}).safeParse(t),r=readBeatColumn(e,n.data?.present??null);return n.success&&r.kind===`beat`?{beat:r.beat,version:n.data.current}:void 0}async function postgres_store_history(e,{queue:t,limit:n},r){let i=await e.read(`SELECT run_id, ${B} AS head FROM launch.runs WHERE queue = $1 AND place IN ('ended', 'folded') AND unreadable IS NULL AND schema_version <= ${E.CZ}
       ORDER BY finished_at DESC NULLS LAST, run_id DESC LIMIT $2`,[t,limitOf(n)],r);return c.YOg(c.Ikc({run_id:c.YjP(),head:c.YjP().nullable()})).parse(i).flatMap(({run_id:e,head:t})=>{let n=readHead(e,t);return n.kind===`run`?[(0,D.placed)(n.run,`ended`)]:[]})}let fe={open:({connection:e,url:t},{log:n})=>{let r=openDatabase(e,e=>n.debug((0,s.cv)`store ${t}: a connection was lost: ${e}`));return Promise.resolve(postgresStore({connection:e,location:t,database:r,log:n}))},administer:(e,{log:t})=>administration_administration(e,t)}}),6790:((e,t,n)=>{n.d(t,{B:()=>readInQueue});var r=n(3701);function readInQueue(e,t,n){return e.kind===`unreadable`?e:e.run.state===`queued`&&e.run.attempt>=r.kq?{kind:`unreadable`,why:`its ${n} has had ${e.run.attempt} attempts, and there are no more`}:e.run.queued?.queue===t?e:{kind:`unreadable`,why:`its ${n} ${e.run.queued===void 0?`says nothing of a queue`:`is of another queue at "queued.queue"`}`}}}),8874:((e,t,n)=>{n.d(t,{d:()=>queuedOf,k:()=>checkRoom});var r=n(2807);function queuedOf(e){if(e.queued!==void 0)return e.queued;throw new r.mE(`store-failed`,`run "${e.run_id}" has nothing about a queue in its head, and can't be put into one`)}function checkRoom(e,{waiting:t,added:n,limit:i}){if(!(t+n<=i))throw new r.mE(`refused`,`queue "${e}": ${t} runs wait and ${n} more would be over ${i}, which is what a git store is made for; use a Postgres store, and take along what waits: launch store migrate <this store> postgres://…`)}}),8341:((e,t,n)=>{n.d(t,{k:()=>RefusedDocument});var r=n(2807);class RefusedDocument extends r.mE{constructor(e,t={}){super(`refused`,e,t)}}})};