-- What is written is held against what its readers bear, in src/run/bounds.ts and the schemas beside it: what nobody could read is refused with
-- the reason (LA002). `unreadable` says why a row is left alone that is there all the same, from before, or by another hand than ours.

ALTER TABLE launch.runs ADD COLUMN unreadable text;

CREATE FUNCTION launch.is_line(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 4096, false);

CREATE FUNCTION launch.is_text(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 1048576, false);

-- A whole number of this range, and written as one: "1.0" is no integer to a cast of its text.
CREATE FUNCTION launch.is_count(p_value jsonb, p_least numeric, p_most numeric) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'number' AND p_value::text ~ '^-?[0-9]{1,16}$'
  THEN p_value::numeric BETWEEN p_least AND p_most ELSE false END;

-- The version of a schema; null where there is none that any launch writes.
CREATE FUNCTION launch.schema_of(p_value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN CASE WHEN launch.is_count(p_value -> 'schema_version', 1, 1000000) THEN (p_value -> 'schema_version')::integer END;

CREATE FUNCTION launch.is_duration(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'number' THEN p_value::numeric BETWEEN 0 AND 315360000000 ELSE false END;

-- One that can be made a timestamp, whatever its offset.
CREATE FUNCTION launch.is_time(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') <= 64 AND (p_value #>> '{}') ~
  ('^(?:(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))'
  || '|(?:19[7-9][0-9]|[2-9][0-9]{3})-02-29)T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$')
  AND ((p_value #>> '{}') !~ '^(?:9999-12-31|1970-01-01)' OR (p_value #>> '{}') ~ 'Z$')
  AND ((p_value #>> '{}') !~ '^[0-9]{4}-02-29' OR mod(left(p_value #>> '{}', 4)::integer, 4) = 0
    AND (mod(left(p_value #>> '{}', 4)::integer, 100) <> 0 OR mod(left(p_value #>> '{}', 4)::integer, 400) = 0)), false);

-- An object whose members are all of the kind.
CREATE FUNCTION launch.is_counts(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_value = '{}' THEN true WHEN jsonb_typeof(p_value) = 'object'
  THEN NOT EXISTS (SELECT FROM jsonb_each(p_value) AS m WHERE NOT launch.is_count(m.value, 0, 1000000000)) ELSE false END;

CREATE FUNCTION launch.is_numbers(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_value) = 'object' THEN NOT EXISTS (SELECT FROM jsonb_each(p_value) AS m
  WHERE CASE WHEN jsonb_typeof(m.value) = 'number' THEN abs(m.value::numeric) > 1.7976931348623157e308 ELSE true END) ELSE false END;

CREATE FUNCTION launch.is_lease(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(jsonb_typeof(p_value) = 'object' AND launch.is_line(p_value -> 'agent') AND launch.is_line(p_value -> 'incarnation')
  AND launch.is_count(p_value -> 'attempt', 0, 10000) AND launch.is_time(p_value -> 'since'), false);

CREATE FUNCTION launch.is_nested(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN jsonb_path_exists(p_value, 'strict $.**{64 to last} ? (@.type() == "object" || @.type() == "array")');

-- Lists, objects and what is in them, as a reader that makes none of it counts them.
CREATE FUNCTION launch.count_values(p_text text) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN 1 + length(regexp_replace(regexp_replace(p_text, '"(?:[^"\\]|\\.)*"', '', 'g'), '[^][{,]', '', 'g'))
  - length(regexp_replace(regexp_replace(p_text, '"(?:[^"\\]|\\.)*"', '', 'g'), '[^]]', '', 'g'));

-- Where a head's part about its queue is wrong; null where it isn't.
CREATE FUNCTION launch.wrong_queued(p_queued jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN jsonb_typeof(p_queued) IS DISTINCT FROM 'object' THEN 'queued'
  WHEN NOT launch.is_line(p_queued -> 'queue') OR (p_queued ->> 'queue') !~ '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$' THEN 'queued.queue'
  WHEN NOT launch.is_count(p_queued -> 'priority', 0, 3) THEN 'queued.priority'
  WHEN NOT launch.is_time(p_queued -> 'enqueued_at') THEN 'queued.enqueued_at'
  WHEN p_queued ? 'not_before' AND NOT launch.is_time(p_queued -> 'not_before') THEN 'queued.not_before'
  WHEN p_queued ? 'timeout_ms' AND NOT launch.is_duration(p_queued -> 'timeout_ms') THEN 'queued.timeout_ms'
  WHEN p_queued ? 'group' AND NOT launch.is_line(p_queued -> 'group') THEN 'queued.group'
  WHEN p_queued ? 'replace' AND NOT launch.is_line(p_queued -> 'replace') THEN 'queued.replace'
  WHEN NOT launch.is_line(p_queued -> 'definition') THEN 'queued.definition'
  WHEN NOT launch.is_count(p_queued -> 'attempts_max', 0, 1000000000) THEN 'queued.attempts_max'
  WHEN NOT launch.is_counts(p_queued -> 'slots') THEN 'queued.slots'
END;

-- The same of the rest.
CREATE FUNCTION launch.wrong_head(p_head jsonb) RETURNS text LANGUAGE sql IMMUTABLE
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
  WHEN p_head ? 'nonce' AND NOT launch.is_line(p_head -> 'nonce') THEN 'nonce'
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

-- A newer launch's is its own business, but for what queues work with.
CREATE FUNCTION launch.head_fault(p_run_id text, p_head jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  wrong text;
BEGIN
  IF jsonb_typeof(p_head) IS DISTINCT FROM 'object' THEN RETURN 'its head is not a JSON object'; END IF;
  IF octet_length(p_head::text) > 524288 THEN RETURN 'its head has more than 262144 bytes'; END IF;
  IF octet_length(p_head::text) > 10000 AND launch.count_values(p_head::text) > 10000 THEN RETURN 'its head has more than 10000 values'; END IF;
  IF launch.is_nested(p_head) THEN RETURN 'its head is nested more than 64 deep'; END IF;
  IF p_head ->> 'run_id' IS DISTINCT FROM p_run_id THEN RETURN 'its head is another run''s'; END IF;
  IF NOT launch.is_count(p_head -> 'schema_version', 1, 1000000) THEN RETURN 'its head is wrong at "schema_version"'; END IF;
  IF launch.schema_of(p_head) = 1 THEN wrong := launch.wrong_head(p_head);
  ELSIF p_head ? 'queued' THEN wrong := launch.wrong_queued(p_head -> 'queued');
  END IF;
  RETURN 'its head is wrong at "' || wrong || '"';
END $$;

-- jsonb has no NUL and no half of a surrogate pair, and what the texts of a record say matters nothing here. Null for what can't be kept.
CREATE FUNCTION launch.record_value(p_record json) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  whole text := p_record::text;
BEGIN
  IF octet_length(whole) > 4194304 OR (octet_length(whole) > 100000 AND launch.count_values(whole) > 100000) THEN RETURN NULL; END IF;
  IF position('\u' IN whole) > 0 THEN whole := regexp_replace(whole, '\\u[0-9a-fA-F]{4}', '\\u0020', 'g'); END IF;
  RETURN whole::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

CREATE FUNCTION launch.record_fault(p_run_id text, p_record json, p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN octet_length(p_record::text) > 4194304 THEN 'its record has more than 4194304 bytes'
  WHEN p_value IS NULL AND octet_length(p_record::text) > 100000 AND launch.count_values(p_record::text) > 100000
    THEN 'its record has more than 100000 values'
  WHEN jsonb_typeof(p_value) IS DISTINCT FROM 'object' THEN 'its record is not a JSON object'
  WHEN launch.is_nested(p_value) THEN 'its record is nested more than 64 deep'
  WHEN p_value ->> 'run_id' <> p_run_id THEN 'its record is another run''s'
  WHEN p_value ? 'schema_version' AND NOT launch.is_count(p_value -> 'schema_version', 1, 1000000) THEN 'its record is wrong at "schema_version"'
END;

CREATE FUNCTION launch.parts_fault(p_patch bytea, p_tail bytea) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN octet_length(p_patch) > 1048576 THEN 'its patch has more than 1048576 bytes'
  WHEN octet_length(p_tail) > 131072 THEN 'the end of its log has more than 131072 bytes' END;

CREATE FUNCTION launch.run_fault(p_run launch.runs, p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN coalesce(launch.head_fault(p_run.run_id, p_run.head), launch.record_fault(p_run.run_id, p_run.record, p_value),
  launch.parts_fault(p_run.patch, p_run.tail));

CREATE OR REPLACE FUNCTION launch.copy_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  queued jsonb := NEW.head -> 'queued';
  value jsonb := launch.record_value(NEW.record);
  fault text := launch.run_fault(NEW, value);
BEGIN
  IF fault IS NOT NULL THEN RAISE EXCEPTION 'run "%": %', left(NEW.run_id, 60), fault USING ERRCODE = 'LA002'; END IF;
  NEW.unreadable := NULL;
  -- Newest first: what is of a time that is not yet comes last.
  NEW.created_at := CASE WHEN NEW.head ->> 'created_at' > to_char(clock_timestamp() AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS')
    THEN '' ELSE coalesce(NEW.head ->> 'created_at', '') END;
  NEW.finished_at := NEW.head ->> 'finished_at';
  NEW.submitter := coalesce(NEW.head ->> 'by', '');
  NEW.queue := queued ->> 'queue';
  NEW.priority := (queued ->> 'priority')::smallint;
  NEW.not_before := launch.milliseconds(queued ->> 'not_before');
  NEW.timeout_ms := (queued ->> 'timeout_ms')::numeric;
  NEW.slots := queued -> 'slots';
  -- An agent is given neither a head nor a record that it can't read.
  NEW.schema_version := greatest(launch.schema_of(NEW.head), launch.schema_of(value));
  RETURN NEW;
END $$;

-- Of rows that another hand than ours has written: which are left alone, and why. Gives how many.
CREATE FUNCTION launch.mark_unreadable() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  marked bigint;
BEGIN
  UPDATE launch.runs r SET unreadable = f.fault FROM (
    SELECT o.run_id, coalesce(launch.run_fault(o, launch.record_value(o.record)),
      CASE WHEN o.place <> 'direct' AND o.head -> 'queued' ->> 'queue' IS DISTINCT FROM o.queue THEN 'its head is of another queue' END) AS fault
    FROM launch.runs o) AS f
    WHERE f.run_id = r.run_id AND f.fault IS NOT NULL;
  GET DIAGNOSTICS marked = ROW_COUNT;
  UPDATE launch.runs r SET schema_version = launch.schema_of(launch.record_value(r.record))
    WHERE r.unreadable IS NULL AND launch.schema_of(launch.record_value(r.record)) > r.schema_version;
  RETURN marked;
END $$;
SELECT launch.mark_unreadable();
