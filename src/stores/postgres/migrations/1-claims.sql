-- A claim's plan is made once for a connection: making it for each takes longer than the claim. It must hold for a queue of any length, so
-- that it reads off an index what is first, and neither reads all nor sorts. What is switched off counts as dear where there is no other way
-- (ageing sorts a few), and a dear plan would be compiled for a second.
--
-- Taking runs. `startable` is queues/order.ts in SQL, and a test holds the two equal. Within one priority the effective priority never
-- grows along the time of enqueueing, so the first n of each of the four priorities hold the first n of all; each is read off the index.

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
