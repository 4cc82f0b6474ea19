--
-- Rules inside, above and beside each other: whatever they are combined with, and
-- however rows are asked for, a value stays the same.  test/data/combinations.json has
-- the rules.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA combinations;
SET search_path = combinations, public;
CREATE FUNCTION deflist(d text, tb text) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(quote_ident(column_name) || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM spindle_columns(d, tb)$$;
CREATE FUNCTION rows_of(d text, tb text, f bigint, m bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE r text[]; BEGIN
EXECUTE format('SELECT array_agg(x::text) FROM spindle_rows(%L,%L,first_row=>%s,max_rows=>%s) AS x (%s)', d, tb, f, m, deflist(d,tb)) INTO r; RETURN r; END $$;
CREATE FUNCTION sliced(d text, tb text, f bigint, tot bigint, sz bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE r text[] := '{}'; i bigint := 0; BEGIN
WHILE i < tot LOOP r := r || rows_of(d, tb, f+i, least(sz, tot-i)); i := i + sz; END LOOP; RETURN r; END $$;
CREATE FUNCTION differences(d text) RETURNS TABLE(tab text, what text, bad bigint, ex text) LANGUAGE plpgsql AS $$
DECLARE t record; base text[]; other text[]; sz int; c record; n bigint; q text; nrows bigint; ok bool; k int;
BEGIN
FOR t IN SELECT table_name AS n, row_count FROM spindle_tables(d) LOOP
  nrows := least(t.row_count, 520);
  base := rows_of(d, t.n, 1, nrows);
  FOREACH sz IN ARRAY ARRAY[1,7,512] LOOP
    other := sliced(d, t.n, 1, CASE WHEN sz=1 THEN least(nrows,60) ELSE nrows END, sz);
    SELECT count(*), min(i || ': ' || base[i] || ' <> ' || other[i]) INTO bad, ex FROM generate_subscripts(other,1) i WHERE base[i] IS DISTINCT FROM other[i];
    tab := t.n; what := 'slice ' || sz; RETURN NEXT;
  END LOOP;
  -- column by column alone
  FOR c IN SELECT column_name, data_type FROM spindle_columns(d, t.n) LOOP
    EXECUTE format('SELECT count(*), min(a.n || '' '' || a.v || '' <> '' || b.v) FROM (SELECT row_number() over () n, %1$I::text v FROM spindle_rows(%2$L,%3$L,max_rows=>%4$s) x (%5$s)) a JOIN (SELECT row_number() over () n, %1$I::text v FROM spindle_rows(%2$L,%3$L,max_rows=>%4$s) x (%1$I %6$s)) b USING (n) WHERE a.v IS DISTINCT FROM b.v', c.column_name, d, t.n, nrows, deflist(d,t.n), c.data_type) INTO bad, ex;
    IF bad > 0 THEN tab := t.n; what := 'alone ' || c.column_name; RETURN NEXT; END IF;
    -- WHERE = value vs scan
    BEGIN
    EXECUTE format('SELECT sum(abs(f.k - s.k)), min(s.v::text) FROM (SELECT v, count(*) k FROM (SELECT %1$I v FROM %2$I.%3$I OFFSET 0) z WHERE v IS NOT NULL GROUP BY 1 ORDER BY md5(v::text) LIMIT 15) s, LATERAL (SELECT count(*) k FROM %2$I.%3$I WHERE %1$I = s.v) f WHERE f.k <> s.k', c.column_name, d || '_generated', t.n) INTO bad, ex;
    IF bad > 0 THEN tab := t.n; what := 'param = ' || c.column_name; RETURN NEXT; END IF;
    FOR q, n IN EXECUTE format('SELECT v::text, count(*) FROM (SELECT %1$I v FROM %2$I.%3$I OFFSET 0) z WHERE v IS NOT NULL GROUP BY v ORDER BY md5(v::text) LIMIT 3', c.column_name, d || '_generated', t.n) LOOP
      EXECUTE format('SELECT count(*) FROM %2$I.%3$I WHERE %1$I = %4$L', c.column_name, d || '_generated', t.n, q) INTO bad;
      IF bad <> n THEN tab := t.n; what := 'const = ' || c.column_name; ex := q || ' ' || n; RETURN NEXT; END IF;
      EXECUTE format('SELECT count(*) - (SELECT count(*) FROM (SELECT %1$I v FROM %2$I.%3$I OFFSET 0) z WHERE v > %4$L) FROM %2$I.%3$I WHERE %1$I > %4$L', c.column_name, d || '_generated', t.n, q) INTO bad;
      IF bad <> 0 THEN tab := t.n; what := 'const > ' || c.column_name; ex := q || ' ' || n; RETURN NEXT; END IF;
    END LOOP;
    EXCEPTION WHEN undefined_function OR ambiguous_function THEN NULL; END;
  END LOOP;
  -- stream
  EXECUTE format('SELECT count(*), min(v) FROM ((SELECT x::text v FROM %4$I.%2$I x EXCEPT ALL SELECT r::text FROM spindle_stream(%1$L,%2$L) s, json_to_record(s.event) AS r (%3$s)) UNION ALL (SELECT r::text FROM spindle_stream(%1$L,%2$L) s, json_to_record(s.event) AS r (%3$s) EXCEPT ALL SELECT x::text FROM %4$I.%2$I x)) z', d, t.n, deflist(d,t.n), d || '_generated') INTO bad, ex;
  tab := t.n; what := 'stream'; RETURN NEXT;
  EXECUTE format('SELECT count(*), min(v) FROM ((SELECT x::text v FROM %1$I.%2$I x EXCEPT ALL SELECT x::text FROM %3$I.%2$I x) UNION ALL (SELECT x::text FROM %3$I.%2$I x EXCEPT ALL SELECT x::text FROM %1$I.%2$I x)) z', d || '_generated', t.n, d || '_seed') INTO bad, ex;
  tab := t.n; what := 'seed'; RETURN NEXT;
END LOOP; END $$;

\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';
CREATE SCHEMA combinations_generated;
IMPORT FOREIGN SCHEMA combinations FROM SERVER spindle INTO combinations_generated;
CALL spindle_seed('combinations', 'combinations_seed', workers => 2, report => false);

-- slices, columns by themselves, equality and order, streams, seeded tables
SELECT * FROM differences('combinations') WHERE bad > 0 OR bad IS NULL;
SELECT count(*) > 60 AS columns, count(DISTINCT split_part(rule, ' ', 1)) > 15 AS rules
FROM spindle_tables('combinations') t, spindle_columns('combinations', t.table_name);

DROP SCHEMA combinations_generated CASCADE;
DROP SCHEMA combinations_seed CASCADE;
DROP SCHEMA combinations CASCADE;
