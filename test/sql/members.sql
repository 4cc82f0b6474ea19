--
-- What CREATE EXTENSION makes: every member has a comment, functions have the labels
-- that fit what they do, and nothing more is granted than use needs.
--
CREATE TEMP VIEW member AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spindle');
CREATE TEMP VIEW function AS
SELECT p.* FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid;

-- nothing without a comment
SELECT name FROM member
WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '' AND classid <> 'pg_cast'::regclass
  AND NOT EXISTS (SELECT FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid AND (t.typelem <> 0 OR t.typrelid <> 0))
ORDER BY name;

-- volatility, parallel safety, strictness; overloads have the same
SELECT proname, prokind AS kind, count(*) AS n, string_agg(DISTINCT provolatile::text, '') AS volatile,
  string_agg(DISTINCT proparallel::text, '') AS parallel, bool_and(proisstrict) AS strict, bool_or(prosecdef) AS definer,
  bool_or(proleakproof) AS leakproof, bool_or(proconfig IS NOT NULL) AS config
FROM function GROUP BY proname, prokind ORDER BY proname, prokind;

-- all in C, all of the extension's library, but input and output of jsonb and regrole, and one that only shows JSON; all arguments named but for internal ones and conversions
SELECT oid::regprocedure FROM function
WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND prosrc !~ '^(jsonb_|regrole)' AND proname <> 'spindle_learn_report' OR probin NOT LIKE '%spindle';
SELECT oid::regprocedure FROM function
WHERE pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames)) AND proname !~ '^spindle_(json|owner)' ORDER BY 1;

-- the stream arguments are those of the list wherever a source is streamed: names, types and defaults, behind the source and
-- what a delivery goes to; one form is there for its error
SELECT argument_name, data_type, default_value, legal_values, null_means FROM spindle_stream_arguments();
CREATE TEMP VIEW argument AS
SELECT f.oid, n, f.proargnames[n] AS name, format_type(t, NULL) AS type, pg_get_function_arg_default(f.oid, n::int) AS default_value
FROM function f, unnest(coalesce(f.proallargtypes, f.proargtypes::oid[])) WITH ORDINALITY a (t, n)
WHERE proname ~ '^spindle_(stream|to_)' AND prosrc NOT IN ('spindle_stream_seed_third', 'spindle_stream_arguments', 'spindle_to_tables')
  AND coalesce(f.proargmodes[n], 'i') IN ('i', 'b');
SELECT count(DISTINCT oid) FROM argument;
SELECT a.oid::regprocedure, s.argument_name, a.type, a.default_value
FROM (SELECT oid, min(n) AS first FROM argument WHERE name = 'scale' GROUP BY oid) f
  CROSS JOIN spindle_stream_arguments() s
  LEFT JOIN argument a ON a.oid = f.oid AND a.n = f.first + s.ordinal_position - 1
WHERE (a.name, a.type) IS DISTINCT FROM (s.argument_name, s.data_type)
  OR regexp_replace(coalesce(a.default_value, 'none'), $r$^(NULL)::.*$|^'(.*)'::.*$|^\((.*)\)::.*$$r$, '\1\2\3') IS DISTINCT FROM coalesce(s.default_value, 'NULL');

-- privileges: those that the server gives everybody, and the use of the server
SELECT DISTINCT proacl FROM function;
SELECT 'server' AS object, replace(srvacl::text, srvowner::regrole::text, 'owner') AS acl FROM pg_foreign_server WHERE srvname = 'spindle'
UNION ALL SELECT 'wrapper', fdwacl::text FROM pg_foreign_data_wrapper WHERE fdwname = 'spindle_fdw';
