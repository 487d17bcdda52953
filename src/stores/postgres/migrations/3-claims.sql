-- One row never fails the claims of the others: what is wrong is passed over, as what can't be read is.

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
