-- A run is one row from its first write to its removal. `place` says where it is: `direct` (no queue holds it), `waiting`, `leased`,
-- `ended`, or `folded` (ended, and out of the queue's sight). `version` is the nonce of the write that made the row what it is: each
-- change names the version that it replaces. `nonces` are those of the last writes, so that a writer whose answer was lost finds its
-- own. What queues work with is copied from the head into columns by a trigger, so that the two can't differ; `key_time` alone is ours:
-- by the server's clock, in ms, it orders the runs of one priority.

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
