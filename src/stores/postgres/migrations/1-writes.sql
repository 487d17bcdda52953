-- Every write is a function, done with the owner's rights and granted by role; nobody writes tables. Each takes the nonce of the write,
-- which becomes the row's version. Called again with the same nonce (its answer was lost) it changes nothing and answers the same.

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
