export const id=9606;export const ids=[9606];export const modules={5786:((e,t,n)=>{n.d(t,{Do:()=>parseKey,Ox:()=>nextKeyTime,TD:()=>formatKey});var r=n(8461);function formatKey({priority:e,time:t,runId:n}){return`${e}-${(0,r.timeText)(t)}-${n}`}function parseKey(e){let[,t=``,n=``,i=``]=/^([0-3])-([0-9a-z]{10})-(.+)$/.exec(e)??[],a=(0,r.parseTimeText)(n);if(a!==void 0&&r.runIdPattern.test(i))return{priority:priorityOf(t),time:a,runId:i}}function priorityOf(e){return e===`0`?0:e===`1`?1:e===`2`?2:3}function nextKeyTime(e,t,n){let r=n;for(let n of e)n.priority===t&&n.time>=r&&(r=n.time+1);return r}}),9168:((e,t,n)=>{n.d(t,{n:()=>readBeat});var r=n(2857),i=n(8314),a=n(4841),o=n(1979);let s=r.Ikc({schema_version:r.euz(1),agent:a.Lj,incarnation:a.Lj,sequence:a.QT,host:a.Lj,state:r.k5n([`working`,`draining`,`stopping`]),queues:(0,a.c3)(a.Lj),max_jobs:r.Whr().min(-1),runs:(0,a.c3)(a.Lj),slots:(0,a.A7)(r.Ikc({total:a.QT,free:a.QT,elsewhere:a.QT.exactOptional()}).readonly()),lease:r.Ikc({ttl_ms:a.hZ,heartbeat_ms:a.hZ}).readonly(),job:a._u.exactOptional(),at:a.kv}).readonly();function readBeat(e,t){let n=(0,i.F4)(t);if(n.kind===`other`)return{kind:`unreadable`,why:`its beat ${n.why}`};if((0,o.U4)(t))return{kind:`unreadable`,why:(0,o.fO)(t)};let r=s.safeParse(t);return r.success?r.data.agent===e?{kind:`beat`,beat:r.data}:{kind:`unreadable`,why:`its beat is another agent's at "agent"`}:{kind:`unreadable`,why:(0,o._p)(r.error,`beat`)}}}),4841:((e,t,n)=>{n.d(t,{A7:()=>mapOf,Lj:()=>a,M8:()=>o,QT:()=>c,_u:()=>u,c3:()=>listOf,hZ:()=>l,kv:()=>s});var r=n(2857),i=n(4377);let a=r.YjP().max(4096),o=r.YjP().max(1048576),s=i.w$({offset:!0}).max(64),c=r.Whr().min(0),l=r.aig().min(0);function listOf(e){return r.YOg(e).max(1e6).readonly()}function mapOf(e){return r.g1P(o,e).readonly()}let u=mapOf(r.IeY())}),7038:((e,t,n)=>{n.d(t,{CZ:()=>s.CZ,U4:()=>s.U4,ZV:()=>d,ov:()=>readRunHead});var r=n(2857),i=n(4841),a=n(8461),o=n(7970),s=n(1979);let c=r.Ikc({queue:i.Lj,priority:r.euz([0,1,2,3]),enqueued_at:i.kv,not_before:i.kv.exactOptional(),slots:(0,i.A7)(i.QT),timeout_ms:i.hZ.exactOptional(),group:i.Lj.exactOptional(),replace:i.Lj.exactOptional(),definition:i.Lj,attempts_max:i.QT}).readonly(),l=r.Ikc({agent:i.Lj,incarnation:i.Lj,attempt:i.QT,since:i.kv}).readonly(),u=r.KCZ([r.Ikc({from:i.M8}).readonly(),r.Ikc({to:i.M8}).readonly()]),d=r.Ikc({schema_version:r.euz(s.CZ),run_id:r.YjP().regex(a.runIdPattern),name:i.Lj,entity:i.Lj,project:i.Lj,state:r.k5n(o.OU),reason:r.k5n(o.jA).exactOptional(),message:i.M8.exactOptional(),exit_code:r.Whr().exactOptional(),resource:i.Lj,attempt:i.QT,by:i.Lj,created_at:i.kv,updated_at:i.kv,started_at:i.kv.exactOptional(),finished_at:i.kv.exactOptional(),source:i.Lj,metrics:(0,i.A7)(r.aig()).exactOptional(),queued:c.exactOptional(),lease:l.exactOptional(),moved:u.exactOptional()}).readonly();function readRunHead(e,t){if((0,s.U4)(e))return{kind:`unreadable`,why:(0,s.fO)(e)};let n=d.safeParse(e);return n.success?{kind:`run`,run:n.data}:{kind:`unreadable`,why:(0,s._p)(n.error,t)}}}),1979:((e,t,n)=>{n.d(t,{CZ:()=>i,U4:()=>isNewer,_p:()=>whyUnreadable,fO:()=>newerWords});var r=n(8314);let i=1;function isNewer(e){if(!(0,r.OW)(e))return!1;let{schema_version:t}=e;return typeof t==`number`&&t>1}function newerWords({schema_version:e}){return`it was written by a newer launch (schema_version ${e}, this one reads 1)`}function whyUnreadable({issues:e},t){let[n]=e,r=(n?.path??[]).map(e=>clipped(String(e))).join(`.`);return`its ${t} is wrong${r===``?``:` at ${JSON.stringify(r)}`}: ${clipped(n?.message??``)}`}function clipped(e){return e.length>200?`${e.slice(0,200)}…`:e}}),7513:((e,t,n)=>{n.d(t,{E:()=>r,H:()=>i});let r=[`submitter`,`agent`,`admin`],i={submitter:`launch_submitter`,agent:`launch_agent`,admin:`launch_admin`}}),9606:((e,t,n)=>{n.r(t),n.d(t,{plugin:()=>X});var r=n(3849),i=n(2807),a=n(9729);let o=[`require`,`verify-ca`];function connectionSettings(e){let t=new URL(e),n=t.searchParams.get(`sslmode`);return(n===null?!isOnThisMachine(t):o.includes(n))&&t.searchParams.set(`sslmode`,`verify-full`),{connectionString:t.href,application_name:t.searchParams.get(`application_name`)??`launch`,statement_timeout:15e3,query_timeout:2e4,connectionTimeoutMillis:1e4,keepAlive:!0,keepAliveInitialDelayMillis:1e4}}function isOnThisMachine(e){let t=e.searchParams.get(`host`)??e.hostname;return t.startsWith(`/`)||(0,a.U)(t)}function openDatabase(e,t){let n=new r.Ay.Pool({...connectionSettings(e),max:4,idleTimeoutMillis:3e4,allowExitOnIdle:!0});n.on(`error`,e=>t((0,i.bD)(e)));let withClient=async(e,a)=>{let o=await connect(n,e),s=!0,onError=e=>t((0,i.bD)(e));o.on(`error`,onError);try{let t=await abortable(e,a(o));return s=!1,t}catch(e){throw s=!(e instanceof r.Ay.DatabaseError),e}finally{o.off(`error`,onError),o.release(s)}};return{query:(e,t,n)=>withClient(n,n=>rowsOf(n,e,t)),transaction:(e,t)=>withClient(t,async t=>{await t.query(`BEGIN`);try{await e((e,n)=>rowsOf(t,e,n)),await t.query(`COMMIT`)}catch(e){throw await t.query(`ROLLBACK`).catch(()=>void 0),e}}),close:()=>n.end()}}async function rowsOf(e,t,n){return(await e.query(t,[...n])).rows}async function connect(e,t){t.throwIfAborted();let n=e.connect();try{return await abortable(t,n)}catch(e){throw n.then(e=>e.release(),()=>void 0),e}}async function abortable(e,t){let n=Promise.withResolvers(),abort=()=>n.reject(e.reason);e.addEventListener(`abort`,abort,{once:!0}),t.catch(()=>void 0);try{return await Promise.race([t,n.promise])}finally{e.removeEventListener(`abort`,abort)}}var s=n(2857);let c=[`08`,`40`,`53`,`57`,`58`],l=[`55P03`,`23505`],u=[`42501`,`28000`,`28P01`,`25006`,`3D000`],d=[`42P01`,`42883`,`3F000`],f=/^(?:CERT_|UNABLE_TO_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_CA$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_)/;function isUntrusted(e){return!(e instanceof Error)||!(`code`in e)||typeof e.code!=`string`?!1:f.test(e.code)||`syscall`in e&&e.syscall===`open`}function faultOf(e){let t=sqlState(e);return t===void 0?isUntrusted(e)?`untrusted`:`transient`:u.includes(t)?`denied`:d.includes(t)?`missing`:l.includes(t)||c.includes(t.slice(0,2))?`transient`:`failed`}function sqlState(e){return e instanceof r.Ay.DatabaseError?e.code:void 0}var p=n(7513);let m=[`create_run`,`update_run`,`enqueue`,`requeue`,`cancel_waiting`,`request_cancel`],h=[`claim`,`claim_next`,`progress`,`finish`,`release`,`beat`,`request_stop`,`forget_agent`,`fold`],g=[`pause`,`define`,`remove_runs`],_={submitter:m,agent:h,admin:[...new Set([...m,...h,...g])]},v={submitter:`enqueue`,agent:`claim`,admin:`define`},y=p.E.map(e=>({kind:e,role:p.H[e],members:[]}));function grantsSql(e=y){return e.map(e=>[roleSql(e.role),rightsSql(e),...membersSql(e)].join(`
`)).join(`

`)}function roleSql(e){return`DO $$ BEGIN IF NOT EXISTS (${`SELECT FROM pg_roles WHERE rolname = '${e.replaceAll(`'`,`''`)}'`}) THEN CREATE ROLE ${identifier(e)} NOLOGIN; END IF; END $$;`}function rightsSql({kind:e,role:t}){let n=identifier(t);return[`REVOKE ALL ON ALL TABLES IN SCHEMA launch FROM ${n};`,`REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM ${n};`,`GRANT USAGE ON SCHEMA launch TO ${n};`,`GRANT SELECT ON ${[`migrations`,`runs`,`agents`,`paused_queues`,`definitions`,`definition_changes`].map(e=>`launch.${e}`).join(`, `)} TO ${n};`,`GRANT EXECUTE ON FUNCTION ${_[e].map(e=>`launch.${e}`).join(`, `)} TO ${n};`].join(`
`)}function membersSql({role:e,members:t}){return t.length===0?[]:[`GRANT ${identifier(e)} TO ${t.map(identifier).join(`, `)};`]}function identifier(e){if(e===``||/[$\0]/.test(e))throw new i.mE(`bad-usage`,`"${e}" can't be a role's name`);return`"${e.replaceAll(`"`,`""`)}"`}let b=s.Ikc({role:s.YjP(),functions:s.YOg(s.YjP()),members:s.YOg(s.YjP())});async function grantedRoles(e){return(await e(`
SELECT r.rolname AS role, array_agg(DISTINCT p.proname::text) AS functions,
  ARRAY(SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE a.roleid = r.oid ORDER BY 1) AS members
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
  CROSS JOIN LATERAL aclexplode(p.proacl) AS x JOIN pg_roles r ON r.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> p.proowner
GROUP BY r.oid, r.rolname ORDER BY r.rolname`)).flatMap(e=>{let{role:t,functions:n,members:r}=b.parse(e),i=p.E.findLast(e=>n.includes(v[e]));return i===void 0?[]:[{kind:i,role:t,members:r}]})}async function rightsOfLogin(e){let t=await e(`SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'launch'
       WHERE p.proname = ANY ($1) AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')`,[Object.values(v)]),n=s.YOg(s.Ikc({name:s.YjP()})).parse(t).map(({name:e})=>e);return p.E.filter(e=>n.includes(v[e]))}let x={"1-administration":`
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
`},S=[[x[`1-tables`],x[`1-writes`],x[`1-claims`],x[`1-administration`]].join(`
`),x[`2-stop-requests`]],C=s.Ikc({there:s.zMY(),encoding:s.YjP(),role:s.YjP(),may_make:s.zMY()});async function prepareTables(e,t){let{location:n,database:r,make:a}=e,[o]=await r.query(`SELECT to_regclass('launch.migrations') IS NOT NULL AS there, current_setting('server_encoding') AS encoding,
  current_user AS role, has_database_privilege(current_database(), 'CREATE') AS may_make`,[],t),s=C.parse(o);if(s.encoding!==`UTF8`)throw new i.mE(`store-failed`,`the store ${n}: its database has the encoding ${s.encoding}; give one that has UTF8`);if(!s.there&&!a)return`missing`;let c=s.there?await versionOf(e,t):0;if(c===S.length)return`ready`;if(c===0&&!s.may_make)throw new i.mE(`refused`,`the store ${n} has no tables of launch yet, and the role "${s.role}" may not make them; let the database's owner make them (launch store init), and give the roles their rights (launch store grants)`);return await migrate(r,t),`ready`}async function versionOf({location:e,database:t},n){let[r]=await t.query(`SELECT coalesce(max(version), 0) AS version, pg_has_role(c.relowner, 'MEMBER') AS owned
       FROM pg_class c LEFT JOIN launch.migrations ON true WHERE c.oid = 'launch.migrations'::regclass GROUP BY c.relowner`,[],n),{version:a,owned:o}=s.Ikc({version:s.aig(),owned:s.zMY()}).parse(r);if(a>S.length)throw new i.mE(`refused`,`the store ${e} was made by a newer launch (its tables have version ${a}, this one knows ${S.length}); update launch`);if(a<S.length&&!o)throw new i.mE(`refused`,`the store ${e} has tables of version ${a}, and this launch needs ${S.length}; let their owner bring them up: launch store init, with this version of launch`);return a}let w=`CREATE SCHEMA IF NOT EXISTS launch;
CREATE TABLE IF NOT EXISTS launch.migrations
  (version integer PRIMARY KEY, done_by text NOT NULL DEFAULT session_user, done_at timestamptz NOT NULL DEFAULT clock_timestamp());`;async function migrate(e,t){await e.transaction(async e=>{await e(`SELECT pg_advisory_xact_lock(5499361285019403)`,[]),await e(w,[]);let[t]=await e(`SELECT coalesce(max(version), 0) AS version FROM launch.migrations`,[]),{version:n}=s.Ikc({version:s.aig()}).parse(t);for(let t of stepsAfter(n))await e(t,[]);if(n>0&&n<S.length)for(let t of await grantedRoles(t=>e(t,[])))await e(rightsSql(t),[])},t)}function migrationSql(e){let t=stepsAfter(e);return t.length===0?``:[`BEGIN;`,w,...t,`COMMIT;`].join(`
`)}function stepsAfter(e){return S.flatMap((t,n)=>n<e?[]:[t,`INSERT INTO launch.migrations (version) VALUES (${n+1});`])}function administration_administration({connection:e,url:t},n){let r=openDatabase(e,e=>n.debug(`store ${t}: a connection was lost: ${e}`)),said=async e=>e.catch(e=>raise(t,e)),query=e=>(t,n=[])=>r.query(t,n,e);return{inspect:e=>said((async()=>{let t=await administration_versionOf(r,e).catch(e=>{if(faultOf(e)!==`denied`)throw e}),[n]=await r.query(`SELECT session_user::text AS login`,[],e),{login:i}=s.Ikc({login:s.YjP()}).parse(n),a=t===0?[]:await rightsOfLogin(query(e)),o=t===0?[]:await grantedRoles(query(e));return{version:t,needed:S.length,login:i,may:a,roles:o}})()),initialise:e=>said((async()=>{let n=await administration_versionOf(r,e);return await prepareTables({location:t,database:r,make:!0},e),n})()),initialisation:e=>said(administration_versionOf(r,e).then(migrationSql)),grantsSql:e=>`BEGIN;\n${grantsSql(e)}\nCOMMIT;`,grant:async(e,n)=>{let i=grantsSql(e);await said((async()=>{if(await administration_versionOf(r,n)===0)throw noTables(t);await r.transaction(async e=>{await e(i,[])},n)})())},close:()=>r.close()}}async function administration_versionOf(e,t){if((await e.query(`SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'launch' AND c.relname = 'migrations'`,[],t)).length===0)return 0;let[n]=await e.query(`SELECT coalesce(max(version), 0) AS version FROM launch.migrations`,[],t);return s.Ikc({version:s.aig()}).parse(n).version}function noTables(e){return new i.mE(`bad-usage`,`the store ${e} has no tables yet; make them first: launch store init`)}function raise(e,t){if(t instanceof i.mE)throw t;let n=faultOf(t)===`denied`?`refused`:`store-failed`,r=n===`refused`?`; the owner of the tables may, or who may make roles`:``;throw new i.mE(n,`the store ${e}: ${(0,i.bD)(t)}${r}`,{cause:t})}var T=n(9168),E=n(8500);function listen(e){let t=new AbortController,n=(async()=>{for(let n=0;!t.signal.aborted;n++){await listenOnce(e,t.signal)&&(n=0);let r=Math.min(5e3,100*2**n);await(0,E.setTimeout)(Math.random()*r,void 0,{signal:t.signal,ref:!1}).catch(()=>void 0)}})();return{close:async()=>{t.abort(),await n}}}async function listenOnce(e,t){let n=new r.Ay.Client(connectionSettings(e.connection)),a=Promise.withResolvers();n.on(`error`,e=>a.resolve((0,i.bD)(e))),n.on(`end`,()=>a.resolve(`the connection ended`)),n.on(`notification`,({payload:t=``})=>e.onPayload(t));let stop=()=>a.resolve(``);t.addEventListener(`abort`,stop,{once:!0});let o=!1;try{let t=n.connect().then(()=>n.query(`LISTEN ${r.Ay.escapeIdentifier(e.channel)}`)).then(()=>void 0);await Promise.race([t,a.promise])===void 0?(o=!0,e.onListening()):t.catch(()=>void 0);let i=await a.promise;i!==``&&e.onLost(i)}catch(t){e.onLost((0,i.bD)(t))}finally{t.removeEventListener(`abort`,stop),await Promise.race([n.end().catch(()=>void 0),(0,E.setTimeout)(1e3,void 0,{ref:!1})])}return o}function hearChanges(e,t,n){let r=new Set,i=new Set,a,start=()=>{a??=listen({connection:e,channel:`launch`,onPayload:e=>{r.add(e);for(let{queues:t,wake:n}of i)t.includes(e)&&n()},onListening:()=>{for(let{wake:e}of i)e()},onLost:e=>n.debug(`store ${t}: the connection that listens was lost: ${e}`)})};return{looking:e=>{if(e===`all`)r.clear();else for(let t of e)r.delete(t)},wait:async(e,t,n)=>{if(n.throwIfAborted(),start(),e.some(e=>r.has(e))){for(let t of e)r.delete(t);return}let{promise:a,resolve:o,reject:s}=Promise.withResolvers(),wake=()=>o(void 0),c={queues:e,wake},l=setTimeout(wake,t),abort=()=>s(n.reason);i.add(c),n.addEventListener(`abort`,abort,{once:!0});try{await a}finally{clearTimeout(l),i.delete(c),n.removeEventListener(`abort`,abort)}},close:async()=>{for(let{wake:e}of i)e();await a?.close()}}}var D=n(7038),O=n(970),k=n(9567),A=n(8314),j=n(5786),M=n(6790),N=n(8874);let P=`head`;function readHead(e,t){let n=(0,D.ov)(t,P);return n.kind===`unreadable`||n.run.run_id===e?n:{kind:`unreadable`,why:`its ${P} is another run's: "${n.run.run_id}"`}}function readQueuedHead(e,t,n){return(0,M.B)(readHead(e,n),t,P)}let F=s.Ikc({run_id:s.YjP(),version:s.YjP(),head:s.L5J(),record:s.L5J(),patch:s.Nlp(Uint8Array).nullable(),tail:s.Nlp(Uint8Array).nullable()}),I=`run_id, version, head, record, patch, tail`;function readDocument(e){let{run_id:t,version:n,head:r,record:a,patch:o,tail:s}=F.parse(e),c=readHead(t,r);if(c.kind===`unreadable`)throw new i.mE((0,D.U4)(r)?`unsupported`:`store-failed`,`run "${t}" can't be read: ${c.why}`);let l=(0,A.F4)(a);if(l.kind===`other`)throw new i.mE(`store-failed`,`run "${t}" can't be read: its record ${l.why}`);return{document:{run:c.run,record:l.value,...o===null?{}:{patch:o},...s===null?{}:{tail:Buffer.from(s).toString()}},version:n}}function documentValues({run:e,record:t,patch:n,tail:r}){return[headText(e),JSON.stringify(t),n===void 0?null:Buffer.from(n),r===void 0?null:Buffer.from(r)]}function headText(e){return JSON.stringify(e,(e,t)=>typeof t==`string`?t.toWellFormed().replaceAll(`\0`,`�`):t)}function entryOf({time:e,...t}){let{queue:n,priority:r}=(0,N.d)(t.run);return{queue:n,key:(0,j.TD)({priority:r,time:e,runId:t.run.run_id}),...t}}let L=k.ai(),R=s.Ikc({outcome:s.k5n([`written`,`conflict`]),current:s.YjP().nullable()}),newNonce=()=>crypto.randomUUID();function limitOf(e){return Number.isFinite(e)?e:null}function runStore(e){return{create:(t,n)=>write(e,{call:`create_run($1, $2, $3, $4, $5, $6)`,expected:[],document:t},n),update:(t,n,r)=>write(e,{call:`update_run($1, $2, $3, $4, $5, $6, $7)`,expected:[n],document:t},r),read:async(t,n)=>{let r=`SELECT ${I}, ${z} FROM launch.runs WHERE run_id = $1`,[i]=await e.read(r,[t],n);if(i===void 0)return;let{document:a,version:o}=readDocument(i),{place:s}=B.parse(i);return{...s===null?a:(0,O.placedDocument)(a,s),version:o}},list:async(t,n)=>{let r=`SELECT run_id, version, head, ${z} FROM launch.runs ORDER BY created_at DESC, run_id DESC LIMIT $1`;return(await e.read(r,[limitOf(t)],n)).map(listed)},remove:async(t,n)=>{let r=t.map(({runId:e})=>e);if((await e.read(`SELECT run_id FROM launch.runs WHERE run_id = ANY ($1) LIMIT 1`,[r],n)).length===0)return r;let i=await e.write(`SELECT removed FROM launch.remove_runs($1, $2) AS removed`,[r,t.map(({version:e})=>e)],n);return i.kind===`unknown`?[]:s.YOg(s.Ikc({removed:s.YjP()})).parse(i.rows).map(({removed:e})=>e)},compact:()=>Promise.resolve()}}async function write(e,{call:t,expected:n,document:r},i){let a=[newNonce(),r.run.run_id,...n,...documentValues(r)],o=await e.write(`SELECT outcome, current FROM launch.${t}`,a,i);if(o.kind===`unknown`)return o;let{outcome:s,current:c}=R.parse(o.rows[0]);return s===`written`&&c!==null?{kind:`written`,version:c}:{kind:`conflict`,current:c??void 0}}let z=`CASE place WHEN 'direct' THEN NULL WHEN 'folded' THEN 'ended' ELSE place END AS place`,B=s.Ikc({place:s.k5n([`waiting`,`leased`,`ended`]).nullable()}),V=B.extend({run_id:s.YjP(),version:s.YjP(),head:s.L5J()});function listed(e){let{run_id:t,version:n,head:r,place:i}=V.parse(e),a=readHead(t,r);return a.kind===`unreadable`?{...a,runId:t,version:n}:{kind:`run`,run:i===null?a.run:(0,O.placed)(a.run,i),version:n}}function queueClaims(e){let take=async(t,n,r)=>{let i=`SELECT ${I}, cancel_requested, key_time FROM launch.${t}($1)`,a=await e.write(i,[JSON.stringify(n)],r);return a.kind===`unknown`?a:a.rows[0]===void 0?{kind:`lost`}:wonOf(a.rows[0])};return{claim:(e,t)=>take(`claim`,claimOf(e),t),finish:(t,{document:n,next:r},i)=>finish(e,{entry:t,document:n,next:r===void 0?void 0:claimOf(r)},i),picks:{claimNext:(e,t)=>take(`claim_next`,pickOf(e),t),finishAndClaimNext:(t,{document:n,next:r},i)=>finish(e,{entry:t,document:n,next:pickOf(r)},i)}}}function claimOf({entry:e,lease:t}){return{nonce:newNonce(),run_id:e.run.run_id,version:e.version,lease:t}}function pickOf({queue:e,lease:t,order:n,limits:r,agent:i,nowMs:a}){return{nonce:newNonce(),queue:e,lease:t,mode:n.mode,ageing_ms:n.ageingMs,running:r.running,running_per_submitter:r.runningPerSubmitter,free:i?.free,time_left_ms:i?.timeLeftMs,now_ms:a,schema:D.CZ}}let H=s.Ikc({cancel_requested:s.zMY(),key_time:L});function wonOf(e){let{document:t,version:n}=readDocument(e),{cancel_requested:r,key_time:i}=H.parse(e);return{kind:`won`,entry:entryOf({place:`leased`,version:n,time:i,run:t.run,cancelRequested:r}),document:t}}let U=[...I.split(`, `),`cancel_requested`,`key_time`].map(e=>`(f.next).${e} AS ${e}`).join(`, `);async function finish(e,t,n){let{entry:r,next:i}=t,a=(0,O.heldByNobody)(t.document),o=i===void 0?null:JSON.stringify(i),s=await e.write(`SELECT f.outcome, f.current, ${U} FROM launch.finish($1, $2, $3, $4, $5, $6, $7, $8) AS f`,[newNonce(),r.run.run_id,r.version,...documentValues(a),o],n);if(s.kind===`unknown`)return{finish:s,next:i===void 0?void 0:s};let[c]=s.rows,{outcome:l,current:u}=R.parse(c);return l===`conflict`||u===null?{finish:{kind:`fenced`},next:i===void 0?void 0:{kind:`lost`}}:{finish:{kind:`written`,entry:{...r,place:`ended`,version:u,run:a.run}},next:i===void 0?void 0:nextOf(c)}}function nextOf(e){return s.Ikc({run_id:s.YjP().nullable()}).parse(e).run_id===null?{kind:`lost`}:wonOf(e)}let W=s.Ikc({name:s.YjP(),definition:s.YjP(),version:s.YjP()});function definitionStore(e){let pathOf=e=>`queue "${e}"`,storedOf=e=>{let{name:t,definition:n,version:r}=W.parse(e);return{name:t,text:n,version:r,path:pathOf(t)}};return{read:async(t,n)=>{let[r]=await e.read(`SELECT name, definition, version FROM launch.definitions WHERE name = $1`,[t],n);return r===void 0?void 0:storedOf(r)},list:async t=>(await e.read(`SELECT name, definition, version FROM launch.definitions ORDER BY name`,[],t)).map(storedOf),write:async({name:t,text:n,expected:r,by:i},a)=>{let o=[newNonce(),t,r??null,n??null,i],s=await e.write(`SELECT outcome, current FROM launch.define($1, $2, $3, $4, $5)`,o,a);if(s.kind===`unknown`)throw e.unreachable(`the definition of "${t}" may be changed or not: ${s.message}`);let{outcome:c}=R.parse(s.rows[0]);return c===`written`?{kind:`written`,path:pathOf(t)}:{kind:`conflict`}}}}let G=1e5;function queueWrites(e){return{enqueue:async(t,n)=>{let r=[];for(let i=0;i<t.length;i+=25)r.push(...await enqueueBatch(e,t.slice(i,i+25).map(O.asWaiting),n));return r},load:async(t,n)=>{let r=`SELECT ${I} FROM launch.runs WHERE run_id = $1 AND version = $2`,[i]=await e.read(r,[t.run.run_id,t.version],n);return i===void 0?void 0:(0,O.placedDocument)(readDocument(i).document,t.place)},progress:(t,n,r)=>changeEntry(e,{name:`progress`,entry:t,document:leasedAs(t,n),place:`leased`},r),release:(t,n,r)=>changeEntry(e,{name:`release`,entry:t,document:(0,O.asWaiting)(n),place:`waiting`},r),move:(t,n,r)=>changeEntry(e,{name:`requeue`,entry:t,document:(0,O.asWaiting)(n),place:`waiting`},r),cancel:(t,n,r)=>cancel(e,{entry:t,document:(0,O.heldByNobody)(n)},r)}}function leasedAs({run:e},t){let n=t.run.lease??e.lease;return n===void 0?t:{...t,run:{...t.run,lease:n}}}let K=s.Ikc({nonce:s.YjP(),outcome:s.k5n([`enqueued`,`already`]),key_time:L});async function enqueueBatch(e,t,n){let r=t.map(newNonce);for(let{run:e}of t)(0,N.d)(e);let i=await e.write(`SELECT nonce, outcome, key_time FROM launch.enqueue($1, $2, $3, $4, $5, $6, $7)`,[G,r,t.map(({run:e})=>e.run_id),t.map(({run:e})=>headText(e)),t.map(({record:e})=>JSON.stringify(e)),t.map(({patch:e})=>e===void 0?null:Buffer.from(e)),t.map(({tail:e})=>e===void 0?null:Buffer.from(e))],n);if(i.kind===`unknown`)return t.map(({run:e})=>({kind:`unknown`,runId:e.run_id,message:i.message}));let a=s.YOg(K).parse(i.rows),o=new Map(a.filter(({outcome:e})=>e===`enqueued`).map(e=>[e.nonce,e.key_time]));return t.map(({run:e},t)=>{let n=r[t]??``,i=o.get(n);return i===void 0?{kind:`already`,runId:e.run_id}:{kind:`enqueued`,entry:entryOf({place:`waiting`,version:n,time:i,run:e,cancelRequested:!1})}})}let q=R.extend({key_time:L.nullable()});async function changeEntry(e,t,n){let{name:r,entry:i,document:a,place:o}=t,s=[newNonce(),i.run.run_id,i.version,...documentValues(a)],c=`SELECT outcome, current, key_time FROM launch.${r}($1, $2, $3, $4, $5, $6, $7)`,l=await e.write(c,s,n);if(l.kind===`unknown`)return l;let{outcome:u,current:d,key_time:f}=q.parse(l.rows[0]);if(u===`conflict`||d===null||f===null)return{kind:`fenced`};let p=r!==`requeue`&&i.cancelRequested;return{kind:`written`,entry:entryOf({place:o,version:d,time:f,run:a.run,cancelRequested:p})}}async function cancel(e,{entry:t,document:n},r){if(t.place===`ended`)return`ended`;if(t.place===`waiting`){let i=await changeEntry(e,{name:`cancel_waiting`,entry:t,document:n,place:`ended`},r);if(i.kind===`written`)return`cancelled`;if(i.kind===`unknown`)throw unsettled(e,t,i.message);return`changed`}let i=await e.write(`SELECT place FROM launch.request_cancel($1)`,[t.run.run_id],r);if(i.kind===`unknown`)throw unsettled(e,t,i.message);let a=J.safeParse(i.rows[0]).data?.place;return a===`leased`?`requested`:a===`waiting`?`changed`:`ended`}let J=s.Ikc({place:s.YjP()});function unsettled(e,{run:t},n){return e.unreachable(`run "${t.run_id}" may be cancelled or not: ${n}`)}function openSession({location:e,database:t,log:n}){let r=!1,a=!1,settle=async(t,a)=>{let o=performance.now();for(let s=0;;s++)try{let e=await a();return r=!0,e}catch(a){if(t.throwIfAborted(),a instanceof i.mE)throw a;if(faultOf(a)!==`transient`)throw refusal(e,a);let c=(0,i.bD)(a);if(performance.now()-o>(r?2e4:5e3))return{unsettled:c};n.debug(`store ${e}: ${c}; trying again`);let l=Math.min(1e3,50*2**s);await(0,E.setTimeout)(Math.random()*l,void 0,{signal:t}).catch(()=>t.throwIfAborted())}},prepare=async(n,r)=>{if(a)return!0;let i=await settle(r,()=>prepareTables({location:e,database:t,make:n},r));if(isUnsettled(i))throw unreachable(e,i.unsettled);return a=i===`ready`,a};return{read:async(n,r,i)=>{if(!await prepare(!1,i))return[];let a=await settle(i,()=>t.query(n,r,i));if(isUnsettled(a))throw unreachable(e,a.unsettled);return a},write:async(e,n,r)=>{await prepare(!0,r);let i=await settle(r,()=>t.query(e,n,r));return isUnsettled(i)?{kind:`unknown`,message:i.unsettled}:{kind:`answer`,rows:i}},unreachable:t=>unreachable(e,t),close:()=>t.close()}}function isUnsettled(e){return typeof e==`object`&&!!e&&`unsettled`in e}function unreachable(e,t){return new i.mE(`store-failed`,`the store ${e} could not be reached: ${t}`)}function refusal(e,t){let n=(0,i.bD)(t);if(sqlState(t)===`LA001`)return new i.mE(`refused`,`the store ${e} takes no more: ${n}`,{cause:t});let r=faultOf(t);if(r===`denied`)return new i.mE(`refused`,`the store ${e} refuses: ${n}; give a role that may (a submitter, an agent, an admin), and its password in PGPASSWORD or ~/.pgpass`,{cause:t});if(r===`untrusted`)return new i.mE(`store-failed`,`the store ${e} can't be trusted: ${n}; its URL names the authority of its certificate with ?sslrootcert=FILE`,{cause:t});let a=r===`missing`?`its tables are damaged`:`it failed`;return new i.mE(`store-failed`,`the store ${e}: ${a}: ${n}`,{cause:t})}let Y=s.gMt(`kind`,[s.Ikc({kind:s.euz(`run`),name:s.YjP(),queue:s.YjP(),place:s.k5n([`waiting`,`leased`,`ended`]),version:s.YjP(),content:s.L5J(),cancel_requested:s.zMY(),priority:s.KCZ([s.euz(0),s.euz(1),s.euz(2),s.euz(3)]),key_time:L}),s.Ikc({kind:s.euz(`agent`),name:s.YjP(),place:s.k5n([`drain`,`now`]).nullable(),version:s.YjP(),content:s.L5J()}),s.Ikc({kind:s.euz(`paused`),name:s.YjP()})]);async function readSnapshot(e,t,n){let r=await e.read(`
SELECT 'run' AS kind, run_id AS name, queue, place, version, head AS content, cancel_requested, priority, key_time FROM launch.runs
  WHERE place IN ('waiting', 'leased', 'ended') AND ($1::text[] IS NULL OR queue = ANY ($1))
UNION ALL SELECT 'agent', agent, NULL, stop, version, beat, NULL, NULL, NULL FROM launch.agents
UNION ALL SELECT 'paused', queue, queue, NULL, NULL, NULL, NULL, NULL, NULL FROM launch.paused_queues
  WHERE $1::text[] IS NULL OR queue = ANY ($1)`,[t===`all`?null:t],n),i=[],a=[],o=[],s=new Map,c=[];for(let e of r){let t=Y.parse(e);if(t.kind===`paused`)c.push(t.name);else if(t.kind===`agent`){let e=(0,T.n)(t.name,t.content),n=t.place===null?{}:{stop:t.place};e.kind===`beat`?o.push({beat:e.beat,version:t.version,...n}):s.set(t.name,{version:t.version,why:e.why})}else{let{queue:e,place:n,version:r,priority:o,key_time:s,cancel_requested:c}=t,l=readQueuedHead(t.name,e,t.content);if(l.kind===`run`)i.push(entryOf({place:n,version:r,time:s,run:(0,O.placed)(l.run,n),cancelRequested:c}));else{let i=(0,j.TD)({priority:o,time:s,runId:t.name});a.push({queue:e,key:i,version:r,why:l.why,place:n})}}}return{entries:i.sort((e,t)=>e.key<t.key?-1:+(e.key>t.key)),unreadable:a,agents:o,unreadableBeats:s,paused:c}}function postgresStore({connection:e,location:t,database:n,log:r}){let i=openSession({location:t,database:n,log:r}),a=hearChanges(e,t,r);return{location:t,capabilities:{order:`ours`,leases:`ours`,wakes:!0,maxWaiting:G,leastHeartbeatMs:0},...runStore(i),...queueWrites(i),...queueClaims(i),definitions:definitionStore(i),snapshot:(e,t)=>(a.looking(e),readSnapshot(i,e,t)),...agents(i),pause:async(e,t,n)=>{settled(i,await i.write(`SELECT launch.pause($1, $2)`,[e,t],n))},history:(e,t,n)=>postgres_store_history(i,{queue:e,limit:t},n),fold:async(e,t,n)=>{let r=settled(i,await i.write(`SELECT launch.fold($1, $2, $3) AS folded`,[newNonce(),e,t],n));return s.Ikc({folded:s.aig()}).parse(r[0]).folded},wait:(e,t,n)=>a.wait(e,t,n),close:async()=>{await a.close(),await i.close()}}}function agents(e){return{beat:(t,n,r)=>writeBeat(e,{beat:t,expected:n},r),requestStop:async({beat:t},n,r)=>{settled(e,await e.write(`SELECT launch.request_stop($1, $2, $3)`,[t.agent,t.incarnation,n],r))},forget:async({beat:t,version:n},r)=>{settled(e,await e.write(`SELECT launch.forget_agent($1, $2)`,[t.agent,n],r))}}}function settled(e,t){if(t.kind===`unknown`)throw e.unreachable(t.message);return t.rows}async function writeBeat(e,{beat:t,expected:n},r){let i=await e.write(`SELECT outcome, current, present FROM launch.beat($1, $2, $3, $4)`,[newNonce(),t.agent,n??null,headText(t)],r);if(i.kind===`unknown`)return i;let{outcome:a,current:o}=R.parse(i.rows[0]);return a===`written`&&o!==null?{kind:`written`,version:o}:{kind:`conflict`,current:seenOf(t.agent,i.rows[0])}}function seenOf(e,t){let n=s.Ikc({current:s.YjP(),present:s.L5J()}).safeParse(t),r=(0,T.n)(e,n.data?.present);return n.success&&r.kind===`beat`?{beat:r.beat,version:n.data.current}:void 0}async function postgres_store_history(e,{queue:t,limit:n},r){let i=await e.read(`SELECT run_id, head FROM launch.runs WHERE queue = $1 AND place IN ('ended', 'folded')
       ORDER BY finished_at DESC NULLS LAST, run_id DESC LIMIT $2`,[t,limitOf(n)],r);return s.YOg(s.Ikc({run_id:s.YjP(),head:s.L5J()})).parse(i).flatMap(({run_id:e,head:t})=>{let n=readHead(e,t);return n.kind===`run`?[(0,O.placed)(n.run,`ended`)]:[]})}let X={open:({connection:e,url:t},{log:n})=>{let r=openDatabase(e,e=>n.debug(`store ${t}: a connection was lost: ${e}`));return Promise.resolve(postgresStore({connection:e,location:t,database:r,log:n}))},administer:(e,{log:t})=>administration_administration(e,t)}}),6790:((e,t,n)=>{n.d(t,{B:()=>readInQueue});function readInQueue(e,t,n){return e.kind===`unreadable`||e.run.queued?.queue===t?e:{kind:`unreadable`,why:`its ${n} ${e.run.queued===void 0?`says nothing of a queue`:`is of another queue at "queued.queue"`}`}}}),8874:((e,t,n)=>{n.d(t,{d:()=>queuedOf,k:()=>checkRoom});var r=n(2807);function queuedOf(e){if(e.queued!==void 0)return e.queued;throw new r.mE(`store-failed`,`run "${e.run_id}" has nothing about a queue in its head, and can't be put into one`)}function checkRoom(e,{waiting:t,added:n,limit:i}){if(!(t+n<=i))throw new r.mE(`refused`,`queue "${e}": ${t} runs wait and ${n} more would be over ${i}, which is what a git store is made for; use a Postgres store, and take along what waits: launch store migrate <this store> postgres://…`)}})};