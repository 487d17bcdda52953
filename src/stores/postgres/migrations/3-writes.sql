-- Limits are the store's own: what a queue has room for stands with its definition, and no caller says it.

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
