-- The store's own id: by it runs of its queues are told from those of other stores on one machine. It goes wherever the tables go.

CREATE TABLE launch.store (id uuid NOT NULL, only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one));
INSERT INTO launch.store (id) VALUES (gen_random_uuid());

-- A run has a nonce now, which must be one that can be read.
CREATE OR REPLACE FUNCTION launch.wrong_head(p_head jsonb) RETURNS text LANGUAGE sql IMMUTABLE
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
