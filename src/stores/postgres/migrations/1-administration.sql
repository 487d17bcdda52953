-- Agents' beats, pausing, folding, removing, and definitions with their history.

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
