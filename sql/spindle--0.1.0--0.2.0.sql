/* sql/spindle--0.1.0--0.2.0.sql */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION spindle UPDATE TO '0.2.0'" to load this file. \quit

-- Functions whose arguments or columns changed are made anew.  A view over one of
-- them has to be dropped before, and made again.
DROP FUNCTION @extschema@.spindle_domains();
DROP FUNCTION @extschema@.spindle_tables(text, text);
DROP FUNCTION @extschema@.spindle_columns(text, text);
DROP FUNCTION @extschema@.spindle_rows(text, text, text, bigint, bigint, bigint);
DROP PROCEDURE @extschema@.spindle_seed(text, text, text, bigint, text[], boolean, boolean, boolean, boolean, integer, text, integer, bigint, bigint, double precision);
DROP FUNCTION @extschema@.spindle_fill(regclass, text, text, text, bigint, text[], bigint, bigint);
DROP FUNCTION @extschema@.spindle_point_anomaly(text, text, jsonb, double precision);
DROP FUNCTION @extschema@.spindle_contextual_anomaly(text, text, text, jsonb, jsonb, double precision);
DROP FUNCTION @extschema@.spindle_stream(text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer);
DROP FUNCTION @extschema@.spindle_stream(regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer);
DROP FUNCTION @extschema@.spindle_to_file(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, text);
DROP FUNCTION @extschema@.spindle_to_file(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, text);
DROP FUNCTION @extschema@.spindle_to_program(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer);
DROP FUNCTION @extschema@.spindle_to_program(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer);
DROP PROCEDURE @extschema@.spindle_to_channel(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, text, bigint, bigint, bigint, bigint, double precision, double precision);
DROP PROCEDURE @extschema@.spindle_to_channel(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, text, text, bigint, bigint, bigint, bigint, double precision, double precision);
DROP PROCEDURE @extschema@.spindle_to_wal(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, boolean, bigint, bigint, bigint, bigint, double precision, double precision);
DROP PROCEDURE @extschema@.spindle_to_wal(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, boolean, text, bigint, bigint, bigint, bigint, double precision, double precision);
DROP PROCEDURE @extschema@.spindle_to_table(regclass, text, text, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, bigint, bigint, bigint, bigint, double precision, double precision);
DROP PROCEDURE @extschema@.spindle_to_table(regclass, regclass, text, bigint, bigint, interval, double precision, boolean, text, jsonb, jsonb, timestamptz, double precision, integer, jsonb, boolean, name, bigint, integer, text, bigint, bigint, bigint, bigint, double precision, double precision);

REVOKE USAGE ON FOREIGN DATA WRAPPER spindle_fdw FROM PUBLIC;

CREATE FUNCTION @extschema@.spindle_domains(
  OUT domain text,
  OUT description text,
  OUT tables integer,
  OUT columns integer,
  OUT scales text[],
  OUT error text,
  OUT owner text)
RETURNS SETOF record
LANGUAGE C STRICT STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_domains() IS
'the domains that can be generated, with their scales, and what is wrong with those that cannot';

CREATE FUNCTION @extschema@.spindle_tables(
  domain text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL,
  OUT table_name text,
  OUT description text,
  OUT row_count bigint,
  OUT key_column text,
  OUT event_time text,
  OUT relation_name text)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_tables(text, text, bigint, timestamptz, text) IS
'the tables of a domain, with their row counts at a scale';

CREATE FUNCTION @extschema@.spindle_columns(
  domain text,
  table_name text,
  OUT ordinal_position integer,
  OUT column_name text,
  OUT data_type text,
  OUT not_null boolean,
  OUT is_key boolean,
  OUT references_table text,
  OUT rule text,
  OUT description text,
  OUT definition_name text,
  OUT unique_sets text[])
RETURNS SETOF record
LANGUAGE C STRICT STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_columns(text, text) IS
'the columns of a table, with types, keys and the rule of each in words';

CREATE FUNCTION @extschema@.spindle_rows(
  domain text,
  table_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  first_row bigint DEFAULT 0,
  max_rows bigint DEFAULT NULL,
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 1000
SUPPORT @extschema@.spindle_scan_support
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_rows(text, text, text, bigint, bigint, bigint, timestamptz, text) IS
'rows of a generated table, typed by a column definition list';

CREATE PROCEDURE @extschema@.spindle_seed(
  domain text,
  schema_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  tables text[] DEFAULT NULL,
  logged boolean DEFAULT true,
  keys boolean DEFAULT true,
  indexes boolean DEFAULT true,
  statistics boolean DEFAULT true,
  workers integer DEFAULT 0,
  if_exists text DEFAULT 'error',
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL,
  INOUT tables_created integer DEFAULT NULL,
  INOUT rows_inserted bigint DEFAULT NULL,
  INOUT bytes_stored bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

CREATE FUNCTION @extschema@.spindle_fill(
  target regclass,
  domain text,
  table_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  columns text[] DEFAULT NULL,
  first_row bigint DEFAULT 0,
  max_rows bigint DEFAULT NULL,
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL)
RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_fill IS
'inserts generated rows into an existing table, with all that INSERT does';

--
-- Domains and data sets that are registered in the database
--
-- Rows are written by the functions below, which ask who may; whoever owns the
-- extension has privileges on the tables, for the sake of a restore.
--

CREATE TYPE @extschema@.spindle_owner;

CREATE FUNCTION @extschema@.spindle_owner_in(cstring)
RETURNS @extschema@.spindle_owner
LANGUAGE C STRICT STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_owner_in(cstring) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_owner_out(@extschema@.spindle_owner)
RETURNS cstring
LANGUAGE internal STRICT STABLE PARALLEL SAFE
AS 'regroleout';

COMMENT ON FUNCTION @extschema@.spindle_owner_out(@extschema@.spindle_owner) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_owner_recv(internal)
RETURNS @extschema@.spindle_owner
LANGUAGE internal STRICT IMMUTABLE PARALLEL SAFE
AS 'regrolerecv';

COMMENT ON FUNCTION @extschema@.spindle_owner_recv(internal) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_owner_send(@extschema@.spindle_owner)
RETURNS bytea
LANGUAGE internal STRICT IMMUTABLE PARALLEL SAFE
AS 'regrolesend';

COMMENT ON FUNCTION @extschema@.spindle_owner_send(@extschema@.spindle_owner) IS
'I/O';

CREATE TYPE @extschema@.spindle_owner (
  INPUT = @extschema@.spindle_owner_in,
  OUTPUT = @extschema@.spindle_owner_out,
  RECEIVE = @extschema@.spindle_owner_recv,
  SEND = @extschema@.spindle_owner_send,
  LIKE = pg_catalog.regrole);

COMMENT ON TYPE @extschema@.spindle_owner IS
'a role, or none: a dump is restored also where the role is not there';

CREATE CAST (@extschema@.spindle_owner AS regrole) WITHOUT FUNCTION AS IMPLICIT;

CREATE TABLE @extschema@.spindle_domain (
  name name PRIMARY KEY,
  owner @extschema@.spindle_owner NOT NULL,
  definition json NOT NULL,
  data_sets name[] NOT NULL);

COMMENT ON TABLE @extschema@.spindle_domain IS
'domains that are registered in this database';
COMMENT ON COLUMN @extschema@.spindle_domain.name IS
'what the domain is called';
COMMENT ON COLUMN @extschema@.spindle_domain.owner IS
'the role that may replace and drop it';
COMMENT ON COLUMN @extschema@.spindle_domain.definition IS
'the definition, as it was given';
COMMENT ON COLUMN @extschema@.spindle_domain.data_sets IS
'the data sets that it uses, registered or installed';

CREATE TABLE @extschema@.spindle_data_set (
  name name PRIMARY KEY,
  owner @extschema@.spindle_owner NOT NULL,
  definition json NOT NULL);

COMMENT ON TABLE @extschema@.spindle_data_set IS
'data sets that are registered in this database';
COMMENT ON COLUMN @extschema@.spindle_data_set.name IS
'what the data set is called';
COMMENT ON COLUMN @extschema@.spindle_data_set.owner IS
'the role that may replace and drop it';
COMMENT ON COLUMN @extschema@.spindle_data_set.definition IS
'the definition, as it was given';

CREATE FUNCTION @extschema@.spindle_registry_changed()
RETURNS trigger
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_registry_changed() IS
'lets sessions know that the tables of what is registered have changed';

CREATE TRIGGER spindle_changed AFTER INSERT OR UPDATE OR DELETE ON @extschema@.spindle_domain
  FOR EACH ROW EXECUTE FUNCTION @extschema@.spindle_registry_changed();
CREATE TRIGGER spindle_changed AFTER INSERT OR UPDATE OR DELETE ON @extschema@.spindle_data_set
  FOR EACH ROW EXECUTE FUNCTION @extschema@.spindle_registry_changed();

COMMENT ON TRIGGER spindle_changed ON @extschema@.spindle_domain IS
'lets sessions know of changes by statements, as a restore makes them';
COMMENT ON TRIGGER spindle_changed ON @extschema@.spindle_data_set IS
'lets sessions know of changes by statements, as a restore makes them';

-- also where rows are replicated
ALTER TABLE @extschema@.spindle_domain ENABLE ALWAYS TRIGGER spindle_changed;
ALTER TABLE @extschema@.spindle_data_set ENABLE ALWAYS TRIGGER spindle_changed;

GRANT SELECT ON @extschema@.spindle_domain, @extschema@.spindle_data_set TO PUBLIC;
GRANT INSERT, UPDATE, DELETE ON @extschema@.spindle_domain, @extschema@.spindle_data_set TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.spindle_domain', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.spindle_data_set', '');

CREATE FUNCTION @extschema@.spindle_create_domain(
  name text,
  definition json,
  replace boolean DEFAULT false)
RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_create_domain(text, json, boolean) IS
'registers a domain in the database, or replaces its definition';

CREATE FUNCTION @extschema@.spindle_drop_domain(name text)
RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_drop_domain(text) IS
'drops a domain that is registered in the database';

CREATE FUNCTION @extschema@.spindle_domain_definition(name text)
RETURNS json
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_domain_definition(text) IS
'the definition of a domain, registered or installed, as it was given';

CREATE FUNCTION @extschema@.spindle_create_data_set(
  name text,
  definition json DEFAULT NULL,
  replace boolean DEFAULT false,
  query text DEFAULT NULL)
RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_create_data_set(text, json, boolean, text) IS
'registers a data set in the database, or replaces it, from its definition or the rows of a query';

CREATE FUNCTION @extschema@.spindle_drop_data_set(name text)
RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_drop_data_set(text) IS
'drops a data set that is registered in the database';

CREATE FUNCTION @extschema@.spindle_data_set_definition(name text)
RETURNS json
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_data_set_definition(text) IS
'a data set, registered or installed, as it was given';

CREATE FUNCTION @extschema@.spindle_merge(definition json, overrides json)
RETURNS json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_merge(json, json) IS
'a JSON document with changes merged in: members of objects are merged, null removes, all else replaces';

CREATE FUNCTION @extschema@.spindle_stream_arguments(
  OUT ordinal_position integer,
  OUT argument_name text,
  OUT data_type text,
  OUT default_value text,
  OUT legal_values text,
  OUT null_means text,
  OUT description text)
RETURNS SETOF record
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
ROWS 18
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_stream_arguments() IS
'the arguments that all streaming functions share, with their defaults and legal values';

CREATE TYPE @extschema@.spindle_json;

CREATE FUNCTION @extschema@.spindle_json_in(cstring)
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_json_in(cstring) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_json_out(@extschema@.spindle_json)
RETURNS cstring
LANGUAGE internal STRICT IMMUTABLE PARALLEL SAFE
AS 'jsonb_out';

COMMENT ON FUNCTION @extschema@.spindle_json_out(@extschema@.spindle_json) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_json_recv(internal)
RETURNS @extschema@.spindle_json
LANGUAGE internal STRICT IMMUTABLE PARALLEL SAFE
AS 'jsonb_recv';

COMMENT ON FUNCTION @extschema@.spindle_json_recv(internal) IS
'I/O';

CREATE FUNCTION @extschema@.spindle_json_send(@extschema@.spindle_json)
RETURNS bytea
LANGUAGE internal STRICT IMMUTABLE PARALLEL SAFE
AS 'jsonb_send';

COMMENT ON FUNCTION @extschema@.spindle_json_send(@extschema@.spindle_json) IS
'I/O';

CREATE TYPE @extschema@.spindle_json (
  INPUT = @extschema@.spindle_json_in,
  OUTPUT = @extschema@.spindle_json_out,
  RECEIVE = @extschema@.spindle_json_recv,
  SEND = @extschema@.spindle_json_send,
  LIKE = pg_catalog.jsonb);

COMMENT ON TYPE @extschema@.spindle_json IS
'jsonb as an argument: bare names, arrays and numrange convert to it';

CREATE FUNCTION @extschema@.spindle_json(text)
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_text';

COMMENT ON FUNCTION @extschema@.spindle_json(text) IS
'text as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(json)
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_text';

COMMENT ON FUNCTION @extschema@.spindle_json(json) IS
'json as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(jsonb[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(jsonb[]) IS
'jsonb[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(text[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(text[]) IS
'text[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(varchar[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(varchar[]) IS
'varchar[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(integer[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(integer[]) IS
'integer[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(bigint[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(bigint[]) IS
'bigint[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(numeric[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(numeric[]) IS
'numeric[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(double precision[])
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_array';

COMMENT ON FUNCTION @extschema@.spindle_json(double precision[]) IS
'double precision[] as an argument that is JSON';

CREATE FUNCTION @extschema@.spindle_json(numrange)
RETURNS @extschema@.spindle_json
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spindle_json_from_range';

COMMENT ON FUNCTION @extschema@.spindle_json(numrange) IS
'numrange as an argument that is JSON';
CREATE CAST (jsonb AS @extschema@.spindle_json) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(text) AS IMPLICIT;
CREATE CAST (text AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(text) AS IMPLICIT;
CREATE CAST (json AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(json) AS IMPLICIT;
CREATE CAST (jsonb[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(jsonb[]) AS IMPLICIT;
CREATE CAST (text[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(text[]) AS IMPLICIT;
CREATE CAST (varchar[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(varchar[]) AS IMPLICIT;
CREATE CAST (integer[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(integer[]) AS IMPLICIT;
CREATE CAST (bigint[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(bigint[]) AS IMPLICIT;
CREATE CAST (numeric[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(numeric[]) AS IMPLICIT;
CREATE CAST (double precision[] AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(double precision[]) AS IMPLICIT;
CREATE CAST (numrange AS @extschema@.spindle_json) WITH FUNCTION @extschema@.spindle_json(numrange) AS IMPLICIT;

CREATE FUNCTION @extschema@.spindle_point_anomaly(
  name text,
  column_name text,
  multiplier_range @extschema@.spindle_json DEFAULT '[10, 100]',
  fraction double precision DEFAULT 0.01)
RETURNS jsonb
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_point_anomaly(text, text, @extschema@.spindle_json, double precision) IS
'single values far from the mean of their column';

CREATE FUNCTION @extschema@.spindle_contextual_anomaly(
  name text,
  column_name text,
  condition_column text,
  normal_values @extschema@.spindle_json,
  anomalous_values @extschema@.spindle_json,
  fraction double precision DEFAULT 0.01)
RETURNS jsonb
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_contextual_anomaly(text, text, text, @extschema@.spindle_json, @extschema@.spindle_json, double precision) IS
'values that do not fit another column of the event';

CREATE FUNCTION @extschema@.spindle_stream(
  domain text,
  table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  OUT delivery_seq bigint,
  OUT seq bigint,
  OUT table_name text,
  OUT event_time timestamptz,
  OUT arrival interval,
  OUT is_anomaly boolean,
  OUT anomaly_type text,
  OUT event json)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000
SUPPORT @extschema@.spindle_scan_support
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_stream(text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb) IS
'events of a domain, or of one of its tables, one row each, in the order of delivery';

CREATE FUNCTION @extschema@.spindle_stream(
  domain text,
  table_name text,
  seed_not_scale bigint,
  OUT delivery_seq bigint,
  OUT seq bigint,
  OUT table_name text,
  OUT event_time timestamptz,
  OUT arrival interval,
  OUT is_anomaly boolean,
  OUT anomaly_type text,
  OUT event json)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'spindle_stream_seed_third';

COMMENT ON FUNCTION @extschema@.spindle_stream(text, text, bigint) IS
'an error that tells how to give a seed';

CREATE FUNCTION @extschema@.spindle_stream(
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  OUT delivery_seq bigint,
  OUT seq bigint,
  OUT table_name text,
  OUT event_time timestamptz,
  OUT arrival interval,
  OUT is_anomaly boolean,
  OUT anomaly_type text,
  OUT event json)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
ROWS 1000
SUPPORT @extschema@.spindle_scan_support
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_stream(regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb) IS
'events of a relation, one row each, in the order of delivery';

--
-- Changes: what happens to rows in the course of time
--

CREATE FUNCTION @extschema@.spindle_changes(
  domain text,
  table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  speed double precision DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  OUT delivery_seq bigint,
  OUT "position" pg_lsn,
  OUT txn_seq integer,
  OUT txn_last boolean,
  OUT table_name text,
  OUT op "char",
  OUT key json,
  OUT before json,
  OUT after json,
  OUT changed text[],
  OUT event_time timestamptz,
  OUT arrival interval,
  OUT version integer)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000
SUPPORT @extschema@.spindle_scan_support
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_changes(text, text, text, bigint, text, timestamptz, timestamptz, pg_lsn, boolean, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, double precision, integer) IS
'inserts, updates and deletes of a domain, or of one of its tables, one row each, in the order of their times';

CREATE FUNCTION @extschema@.spindle_change_counts(
  domain text,
  table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  OUT table_name text,
  OUT op "char",
  OUT n bigint)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 20
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_change_counts(text, text, text, bigint, text, timestamptz, timestamptz, pg_lsn, boolean) IS
'how many changes there are, per table and operation';

CREATE FUNCTION @extschema@.spindle_history(
  domain text,
  table_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  first_row bigint DEFAULT 0,
  max_rows bigint DEFAULT NULL)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 1000
SUPPORT @extschema@.spindle_scan_support
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_history(text, text, text, bigint, text, bigint, bigint) IS
'all versions of the rows of a generated table, with the times from and until which they are there, typed by a column definition list';

CREATE FUNCTION @extschema@.spindle_to_file(
  path text,
  domain text,
  table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  mode text DEFAULT 'w',
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL,
  OUT table_name text,
  OUT events_sent bigint,
  OUT anomaly_count bigint,
  OUT out_of_order_count bigint,
  OUT bytes_sent bigint,
  OUT duration_seconds double precision,
  OUT events_per_second_actual double precision)
RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_to_file(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text) IS
'writes events to a file of the server, one JSON object per line';

CREATE FUNCTION @extschema@.spindle_to_file(
  path text,
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  mode text DEFAULT 'w',
  OUT table_name text,
  OUT events_sent bigint,
  OUT anomaly_count bigint,
  OUT out_of_order_count bigint,
  OUT bytes_sent bigint,
  OUT duration_seconds double precision,
  OUT events_per_second_actual double precision)
RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_to_file(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text) IS
'writes events to a file of the server, one JSON object per line, from a relation';

CREATE FUNCTION @extschema@.spindle_to_program(
  command text,
  domain text,
  table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL,
  OUT table_name text,
  OUT events_sent bigint,
  OUT anomaly_count bigint,
  OUT out_of_order_count bigint,
  OUT bytes_sent bigint,
  OUT duration_seconds double precision,
  OUT events_per_second_actual double precision)
RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_to_program(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text) IS
'writes events to the standard input of a program on the server, one JSON object per line';

CREATE FUNCTION @extschema@.spindle_to_program(
  command text,
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  OUT table_name text,
  OUT events_sent bigint,
  OUT anomaly_count bigint,
  OUT out_of_order_count bigint,
  OUT bytes_sent bigint,
  OUT duration_seconds double precision,
  OUT events_per_second_actual double precision)
RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_to_program(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb) IS
'writes events to the standard input of a program on the server, one JSON object per line, from a relation';

CREATE PROCEDURE @extschema@.spindle_to_channel(
  channel text,
  domain text,
  INOUT table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  oversize text DEFAULT 'error',
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_channel(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text, bigint, bigint, bigint, bigint, double precision, double precision) IS
'sends events by NOTIFY, one JSON object per notification, with a commit per batch';

CREATE PROCEDURE @extschema@.spindle_to_channel(
  channel text,
  domain text,
  table_name text,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  oversize text DEFAULT 'error',
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_channel(text, text, text, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text) IS
'sends events by NOTIFY, one JSON object per notification, with a commit per batch, without output arguments';

CREATE PROCEDURE @extschema@.spindle_to_channel(
  channel text,
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  oversize text DEFAULT 'error',
  INOUT table_name text DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_channel(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, text, bigint, bigint, bigint, bigint, double precision, double precision) IS
'sends events by NOTIFY, one JSON object per notification, with a commit per batch, from a relation';

CREATE PROCEDURE @extschema@.spindle_to_channel(
  channel text,
  source regclass,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  oversize text DEFAULT 'error')
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_channel(text, regclass, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text) IS
'sends events by NOTIFY, one JSON object per notification, with a commit per batch, from a relation, without output arguments';

CREATE PROCEDURE @extschema@.spindle_to_wal(
  prefix text,
  domain text,
  INOUT table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  transactional boolean DEFAULT false,
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_wal(text, text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, boolean, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text, bigint, bigint, bigint, bigint, double precision, double precision) IS
'writes events to the WAL as messages for logical decoding, with a commit per batch';

CREATE PROCEDURE @extschema@.spindle_to_wal(
  prefix text,
  domain text,
  table_name text,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  transactional boolean DEFAULT false,
  format text DEFAULT 'event',
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT true,
  speed double precision DEFAULT NULL,
  before text DEFAULT 'full',
  tombstones boolean DEFAULT false,
  transaction_metadata boolean DEFAULT false,
  key_separator text DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_wal(text, text, text, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, boolean, text, text, timestamptz, timestamptz, pg_lsn, boolean, double precision, text, boolean, boolean, text) IS
'writes events to the WAL as messages for logical decoding, with a commit per batch, without output arguments';

CREATE PROCEDURE @extschema@.spindle_to_wal(
  prefix text,
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  transactional boolean DEFAULT false,
  INOUT table_name text DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_wal(text, regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, boolean, text, bigint, bigint, bigint, bigint, double precision, double precision) IS
'writes events to the WAL as messages for logical decoding, with a commit per batch, from a relation';

CREATE PROCEDURE @extschema@.spindle_to_wal(
  prefix text,
  source regclass,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  transactional boolean DEFAULT false)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_wal(text, regclass, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, boolean) IS
'writes events to the WAL as messages for logical decoding, with a commit per batch, from a relation, without output arguments';

CREATE PROCEDURE @extschema@.spindle_to_table(
  target regclass,
  domain text,
  INOUT table_name text DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_table(regclass, text, text, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, bigint, bigint, bigint, bigint, double precision, double precision) IS
'inserts events into a table, with a commit per batch';

CREATE PROCEDURE @extschema@.spindle_to_table(
  target regclass,
  domain text,
  table_name text,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_table(regclass, text, text, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb) IS
'inserts events into a table, with a commit per batch, without output arguments';

CREATE PROCEDURE @extschema@.spindle_to_table(
  target regclass,
  source regclass,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL,
  INOUT table_name text DEFAULT NULL,
  INOUT events_sent bigint DEFAULT NULL,
  INOUT anomaly_count bigint DEFAULT NULL,
  INOUT out_of_order_count bigint DEFAULT NULL,
  INOUT bytes_sent bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT events_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_table(regclass, regclass, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb, text, bigint, bigint, bigint, bigint, double precision, double precision) IS
'inserts events into a table, with a commit per batch, from a relation';

CREATE PROCEDURE @extschema@.spindle_to_table(
  target regclass,
  source regclass,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  out_of_order_fraction double precision DEFAULT 0,
  out_of_order_max_delay_slots integer DEFAULT 10,
  anomalies @extschema@.spindle_json DEFAULT NULL,
  label_anomalies boolean DEFAULT true,
  timestamp_column name DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  batch_size integer DEFAULT NULL,
  options jsonb DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_table(regclass, regclass, boolean, text, bigint, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, integer, @extschema@.spindle_json, boolean, name, bigint, integer, jsonb) IS
'inserts events into a table, with a commit per batch, from a relation, without output arguments';

COMMENT ON PROCEDURE @extschema@.spindle_seed(text, text, text, bigint, text[], boolean, boolean, boolean, boolean, integer, text, timestamptz, text, integer, bigint, bigint, double precision) IS
'creates the tables of a domain in a schema, fills them, and adds keys, indexes and statistics';

CREATE PROCEDURE @extschema@.spindle_seed(
  domain text,
  schema_name text,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  tables text[] DEFAULT NULL,
  logged boolean DEFAULT true,
  keys boolean DEFAULT true,
  indexes boolean DEFAULT true,
  statistics boolean DEFAULT true,
  workers integer DEFAULT 0,
  if_exists text DEFAULT 'error',
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_seed(text, text, boolean, text, bigint, text[], boolean, boolean, boolean, boolean, integer, text, timestamptz, text) IS
'creates the tables of a domain in a schema, fills them, and adds keys, indexes and statistics, without output arguments';

CREATE PROCEDURE @extschema@.spindle_fill_schema(
  domain text,
  schema_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  tables text[] DEFAULT NULL,
  dry_run boolean DEFAULT false,
  append boolean DEFAULT false,
  sequences boolean DEFAULT true,
  INOUT tables_filled integer DEFAULT NULL,
  INOUT rows_inserted bigint DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT lines json DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_fill_schema(text, text, text, bigint, text[], boolean, boolean, boolean, integer, bigint, double precision, json) IS
'inserts the rows of a domain into the existing tables of a schema, with all that INSERT does';

CREATE PROCEDURE @extschema@.spindle_fill_schema(
  domain text,
  schema_name text,
  report boolean,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  tables text[] DEFAULT NULL,
  dry_run boolean DEFAULT false,
  append boolean DEFAULT false,
  sequences boolean DEFAULT true)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_fill_schema(text, text, boolean, text, bigint, text[], boolean, boolean, boolean) IS
'inserts the rows of a domain into the existing tables of a schema, with all that INSERT does, without output arguments';

CREATE FUNCTION @extschema@.spindle_fill_schema_check(
  domain text,
  schema_name text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  tables text[] DEFAULT NULL,
  append boolean DEFAULT false,
  sequences boolean DEFAULT true,
  max_rows bigint DEFAULT 1000)
RETURNS TABLE (
  table_name text,
  relation text,
  status text,
  row_count bigint,
  failed_rows bigint,
  sqlstate text,
  constraint_name text,
  column_name text,
  message text,
  detail text,
  hint text)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_fill_schema_check IS
'tries some rows of each table that spindle_fill_schema would fill, undoes that, and tells what fails';

CREATE FUNCTION @extschema@.spindle_compare(
  schema_name text,
  domain text,
  tables text[] DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  as_of timestamptz DEFAULT NULL,
  profile text DEFAULT NULL)
RETURNS TABLE (
  table_name text,
  expected bigint,
  found bigint,
  missing bigint,
  extra bigint,
  different bigint,
  first_missing json,
  first_extra json,
  first_different json)
LANGUAGE C VOLATILE PARALLEL UNSAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_compare IS
'compares the tables of a schema with the generated ones, and tells the first rows that are missing, extra or different';

CREATE FUNCTION @extschema@.spindle_dml_modes(
  transaction_size integer DEFAULT NULL,
  rollback_fraction double precision DEFAULT NULL,
  savepoint_fraction double precision DEFAULT NULL,
  empty_fraction double precision DEFAULT NULL,
  noop_fraction double precision DEFAULT NULL,
  delete_insert_fraction double precision DEFAULT NULL,
  replica_identity text DEFAULT NULL,
  sessions integer DEFAULT NULL,
  hold integer DEFAULT NULL)
RETURNS jsonb
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_dml_modes(integer, double precision, double precision, double precision, double precision, double precision, text, integer, integer) IS
'habits of real writers, for the argument dml of spindle_to_tables';

CREATE PROCEDURE @extschema@.spindle_to_tables(
  schema_name text,
  domain text,
  tables text[] DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT NULL,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  speed double precision DEFAULT NULL,
  transactions text DEFAULT 'business',
  batch_size integer DEFAULT 1,
  "position" text DEFAULT 'auto',
  resume boolean DEFAULT false,
  dml jsonb DEFAULT NULL,
  INOUT transactions_committed bigint DEFAULT NULL,
  INOUT inserts bigint DEFAULT NULL,
  INOUT updates bigint DEFAULT NULL,
  INOUT deletes bigint DEFAULT NULL,
  INOUT last_position pg_lsn DEFAULT NULL,
  INOUT duration_seconds double precision DEFAULT NULL,
  INOUT transactions_per_second_actual double precision DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_tables(text, text, text[], text, bigint, text, timestamptz, timestamptz, pg_lsn, boolean, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, text, integer, text, boolean, jsonb, bigint, bigint, bigint, bigint, pg_lsn, double precision, double precision) IS
'plays changes into tables as INSERT, UPDATE and DELETE, with a commit per transaction';

CREATE PROCEDURE @extschema@.spindle_to_tables(
  schema_name text,
  domain text,
  report boolean,
  tables text[] DEFAULT NULL,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  from_time timestamptz DEFAULT '-infinity',
  to_time timestamptz DEFAULT 'infinity',
  after_position pg_lsn DEFAULT NULL,
  include_initial boolean DEFAULT NULL,
  max_events bigint DEFAULT NULL,
  duration interval DEFAULT NULL,
  events_per_second double precision DEFAULT 10,
  realtime boolean DEFAULT false,
  arrivals text DEFAULT 'poisson',
  burst_windows @extschema@.spindle_json DEFAULT NULL,
  time_pattern @extschema@.spindle_json DEFAULT NULL,
  clock_start timestamptz DEFAULT NULL,
  speed double precision DEFAULT NULL,
  transactions text DEFAULT 'business',
  batch_size integer DEFAULT 1,
  "position" text DEFAULT 'auto',
  resume boolean DEFAULT false,
  dml jsonb DEFAULT NULL)
LANGUAGE C
AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.spindle_to_tables(text, text, boolean, text[], text, bigint, text, timestamptz, timestamptz, pg_lsn, boolean, bigint, interval, double precision, boolean, text, @extschema@.spindle_json, @extschema@.spindle_json, timestamptz, double precision, text, integer, text, boolean, jsonb) IS
'plays changes into tables as INSERT, UPDATE and DELETE, with a commit per transaction; for PL/pgSQL, which then needs no variables';

CREATE FUNCTION @extschema@.spindle_last_position(
  schema_name text,
  domain text,
  scale text DEFAULT NULL,
  seed bigint DEFAULT 42,
  profile text DEFAULT NULL,
  OUT kept_in text,
  OUT session integer,
  OUT sessions integer,
  OUT "position" pg_lsn,
  OUT changes integer,
  OUT event_time timestamptz)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
ROWS 2
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_last_position IS
'how far spindle_to_tables has come, and each of its sessions, by what it kept in an origin or a table';

--
-- Learning
--

CREATE FUNCTION @extschema@.spindle_learn(
  schema_names text[],
  tables text[] DEFAULT NULL,
  read text DEFAULT 'statistics',
  carry text DEFAULT 'safe',
  k integer DEFAULT 20,
  sensitive text[] DEFAULT NULL,
  harmless text[] DEFAULT NULL,
  sample_rows integer DEFAULT 30000,
  guess_references boolean DEFAULT true)
RETURNS json
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_learn IS
'a definition that fills tables like those of some schemas, from their catalogue, statistics, aggregates and rows; writes nothing';

CREATE FUNCTION @extschema@.spindle_learn_report(definition json)
RETURNS TABLE (
  table_name text,
  column_name text,
  rule text,
  source text,
  confidence text,
  carried bigint,
  least_rows bigint,
  withheld text,
  note text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH tables AS (
    SELECT row_number() OVER () AS place, t.key, t.value FROM json_each(definition -> 'tables') t),
  lines AS (
    SELECT t.place, 1 AS part, t.key AS table_name, coalesce(c.value ->> 'name', c.key) AS column_name, c.value #>> '{rule,kind}' AS rule,
      c.value #> '{learned}' AS learned, c.value #>> '{learned,note}' AS note
    FROM tables t, json_each(t.value -> 'columns') c WHERE coalesce(c.value ->> 'hidden', 'false') = 'false'
    UNION ALL
    SELECT t.place, 2, t.key, l.key, NULL, NULL, l.value FROM tables t, json_each_text(t.value #> '{learned,left_out}') l
    UNION ALL
    SELECT t.place, 3, t.key, NULL, NULL, NULL, n.value FROM tables t, json_array_elements_text(t.value #> '{learned,notes}') n
    UNION ALL
    SELECT 0, 0, s.key, NULL, NULL, NULL, s.value FROM json_each_text(definition #> '{learned,skipped}') s),
  numbered AS (
    SELECT row_number() OVER () AS line, l.* FROM lines l)
  SELECT n.table_name, n.column_name, n.rule, n.learned ->> 'source',
    CASE n.learned ->> 'source' WHEN 'declared' THEN 'declared' WHEN 'statistics' THEN 'measured' WHEN 'aggregates' THEN 'measured' WHEN 'data' THEN 'measured' WHEN 'name' THEN 'guessed' WHEN 'type' THEN 'guessed' END,
    CASE WHEN n.learned IS NOT NULL THEN coalesce((n.learned ->> 'carried')::bigint, 0) END, (n.learned ->> 'least_rows')::bigint,
    n.learned ->> 'withheld', n.note
  FROM numbered n ORDER BY n.place, n.part, n.line;
END;

COMMENT ON FUNCTION @extschema@.spindle_learn_report(json) IS
'what a learned definition says about where its rules are from, which values of the database it has, and what it does not do';

CREATE FUNCTION @extschema@.spindle_leak_check(definition json, schema_name text)
RETURNS TABLE (
  table_name text,
  column_name text,
  literal text,
  found_in text,
  row_count bigint,
  is_reported boolean)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_leak_check(json, text) IS
'the literals of a definition that are texts in a schema, as far as the caller may read it';

CREATE FUNCTION @extschema@.spindle_profile(
  schema_name text,
  tables text[] DEFAULT NULL,
  sample_rows integer DEFAULT 100000,
  like_profile json DEFAULT NULL)
RETURNS json
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_profile IS
'what the rows of a schema are like: distributions of columns, of rows per row, of pairs of columns, and what the planner expects';

CREATE FUNCTION @extschema@.spindle_compare_schemas(
  source_schema text,
  target_schema text,
  sample_rows integer DEFAULT 100000,
  at_level text DEFAULT 'all',
  tables text[] DEFAULT NULL)
RETURNS TABLE (
  level text,
  table_name text,
  column_name text,
  measure text,
  value double precision,
  target double precision,
  passes boolean)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_compare_schemas IS
'how like each other the rows of two schemas are, by measures with targets';

CREATE FUNCTION @extschema@.spindle_compare_profiles(
  source_profile json,
  target_profile json,
  at_level text DEFAULT 'all')
RETURNS TABLE (
  level text,
  table_name text,
  column_name text,
  measure text,
  value double precision,
  target double precision,
  passes boolean)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_compare_profiles IS
'how like each other two schemas are of which spindle_profile has made profiles, perhaps in different databases';
