-- Agents can be asked to stop. What is asked is of one incarnation: the beat of another takes it away.

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
