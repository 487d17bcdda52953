-- One row never fails the claims of the others: what is wrong is passed over, as what can't be read is.

CREATE OR REPLACE FUNCTION launch.fits(p_slots jsonb, p_free jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN launch.is_counts(p_slots) AND NOT EXISTS (SELECT FROM jsonb_each_text(p_slots) AS s (name, wanted)
    WHERE s.wanted::numeric > coalesce((p_free ->> s.name)::numeric, 0));
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

-- What an agent can't read of a run that it was given: it is left alone from now on, where it was.
CREATE FUNCTION launch.set_aside(p_run_id text, p_version text, p_why text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE launch.runs r SET place = 'waiting', unreadable = left(p_why, 1000), written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_version AND r.place = 'leased';
  RETURN FOUND;
END $$;

-- By its id and version alone, whatever is in it: among those that wait, or that have ended. For what can be read there are other ways; a
-- newer launch's stays with its holder.
CREATE FUNCTION launch.put_unread(p_nonce text, p_run_id text, p_version text, p_place text, OUT outcome text, OUT current text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_queue text;
BEGIN
  IF coalesce(p_place, '') NOT IN ('waiting', 'ended') THEN RAISE EXCEPTION 'no place "%"', left(p_place, 20) USING ERRCODE = 'LA002'; END IF;
  UPDATE launch.runs r SET place = p_place, version = p_nonce, nonces = launch.remembered(r.nonces, p_nonce), cancel_requested = false,
      written_by = session_user, written_at = clock_timestamp()
    WHERE r.run_id = p_run_id AND r.version = p_version AND r.place IN ('waiting', 'leased', 'ended')
      AND (r.unreadable IS NOT NULL OR (r.place <> 'leased' AND r.schema_version > 1)
        OR coalesce(launch.head_fault(r.run_id, r.head), launch.record_fault(r.run_id, r.record), launch.parts_fault(r.patch, r.tail)) IS NOT NULL)
    RETURNING r.queue INTO of_queue;
  IF FOUND THEN
    outcome := 'written';
    current := p_nonce;
    PERFORM launch.notify_queue(of_queue);
    RETURN;
  END IF;
  SELECT f.outcome, f.current INTO outcome, current FROM launch.look(p_run_id, p_nonce) AS f;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA launch FROM PUBLIC;
