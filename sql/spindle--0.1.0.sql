/* sql/spindle--0.1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION spindle" to load this file. \quit

--
-- Foreign tables
--

CREATE FUNCTION @extschema@.spindle_fdw_handler()
RETURNS fdw_handler
LANGUAGE C STRICT
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_fdw_handler() IS
'callbacks of the foreign-data wrapper spindle_fdw';

CREATE FUNCTION @extschema@.spindle_fdw_validator(options text[], catalog oid)
RETURNS void
LANGUAGE C STRICT
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_fdw_validator(text[], oid) IS
'checks the options of foreign tables of spindle_fdw';

CREATE FOREIGN DATA WRAPPER spindle_fdw
  HANDLER @extschema@.spindle_fdw_handler
  VALIDATOR @extschema@.spindle_fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER spindle_fdw IS
'generated tables of any size, computed when they are read';

CREATE SERVER spindle FOREIGN DATA WRAPPER spindle_fdw;

COMMENT ON SERVER spindle IS
'the generated domains; use IMPORT FOREIGN SCHEMA domain FROM SERVER spindle';

-- generated data belongs to nobody
GRANT USAGE ON FOREIGN SERVER spindle TO PUBLIC;
GRANT USAGE ON FOREIGN DATA WRAPPER spindle_fdw TO PUBLIC;

--
-- What there is
--

CREATE FUNCTION @extschema@.spindle_domains(
  OUT domain text,
  OUT description text,
  OUT tables integer,
  OUT columns integer,
  OUT scales text[])
RETURNS SETOF record
LANGUAGE C STRICT STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_domains() IS
'the domains that can be generated, with their scales';

CREATE FUNCTION @extschema@.spindle_tables(
  domain text,
  scale text DEFAULT 'small',
  OUT table_name text,
  OUT description text,
  OUT row_count bigint,
  OUT key_column text,
  OUT event_time text)
RETURNS SETOF record
LANGUAGE C STRICT STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_tables(text, text) IS
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
  OUT description text)
RETURNS SETOF record
LANGUAGE C STRICT STABLE PARALLEL SAFE
ROWS 10
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_columns(text, text) IS
'the columns of a table, with types, keys and the rule of each in words';

CREATE FUNCTION @extschema@.spindle_check_domain(definition text)
RETURNS void
LANGUAGE C STRICT STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_check_domain(text) IS
'raises an error if a domain definition is not valid';

--
-- Rows
--

CREATE FUNCTION @extschema@.spindle_rows(
  domain text,
  table_name text,
  scale text DEFAULT 'small',
  seed bigint DEFAULT 42,
  first_row bigint DEFAULT 0,
  max_rows bigint DEFAULT NULL)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 1000
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_rows(text, text, text, bigint, bigint, bigint) IS
'rows of a generated table, typed by a column definition list';

--
-- Streams
--

CREATE FUNCTION @extschema@.spindle_stream(
  domain text,
  table_name text,
  scale text DEFAULT 'small',
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  skip_events bigint DEFAULT 0,
  OUT delivery_seq bigint,
  OUT seq bigint,
  OUT table_name text,
  OUT event_time timestamptz,
  OUT event json)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
ROWS 1000
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.spindle_stream(text, text, text, bigint, bigint, bigint) IS
'events of a generated table, one row each, in the order of delivery';

CREATE FUNCTION @extschema@.spindle_to_file(
  path text,
  domain text,
  table_name text,
  scale text DEFAULT 'small',
  seed bigint DEFAULT 42,
  max_events bigint DEFAULT NULL,
  skip_events bigint DEFAULT 0,
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

COMMENT ON FUNCTION @extschema@.spindle_to_file(text, text, text, text, bigint, bigint, bigint, text) IS
'writes events to a file of the server, one JSON object per line';
