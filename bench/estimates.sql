-- What the planner expects of conditions on single columns, of all columns of
-- some tables: once by what the definition says, once by ANALYZE of stored copies
-- of the same names.  Needs a schema "estimates".
CREATE TABLE estimates.condition (relation text, condition text, expected float8, analyzed float8, truth float8);

-- the planner's number of rows of a query
CREATE FUNCTION estimates.rows_of(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;

-- how many times one number is the other
CREATE FUNCTION estimates.q(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  'SELECT greatest(greatest(a, 1) / greatest(b, 1), greatest(b, 1) / greatest(a, 1))';

-- Conditions on a column: that it is null, its two most common values, and parts of
-- its order, as far as its type has = and <.
-- They are looked for in a share of the table, in percent.
CREATE FUNCTION estimates.conditions(relation regclass, name text, type text, share float8) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  source text := format('%s TABLESAMPLE SYSTEM (%s) REPEATABLE (1)', relation, share);
BEGIN
  RETURN NEXT format('%I IS NULL', name);
  IF type = ANY ('{json,xml,point}') THEN
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format('SELECT format(''%%I = %%L::%%s'', %1$L, v, %2$L) FROM (SELECT %1$I AS v FROM %3$s WHERE %1$I IS NOT NULL'
    ' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2) s', name, type, source);
  RETURN QUERY EXECUTE format('SELECT format(''%%I < %%L::%%s'', %1$L, v, %2$L) FROM (SELECT unnest(percentile_disc(ARRAY[0.1, 0.5, 0.9])'
    ' WITHIN GROUP (ORDER BY %1$I)) AS v FROM %3$s) s WHERE v IS NOT NULL', name, type, source);
END
$$;

-- All of that for the tables of two schemas.
CREATE PROCEDURE estimates.compare(generated text, stored text, share float8 DEFAULT 100) LANGUAGE plpgsql AS $$
DECLARE
  relation text;
  conditions text[];
  truth bigint[];
BEGIN
  FOR relation IN SELECT relname FROM pg_class WHERE relnamespace = stored::regnamespace AND relkind = 'r' ORDER BY 1 LOOP
    SELECT array_agg(c ORDER BY attnum, c) INTO conditions
    FROM pg_attribute, estimates.conditions(attrelid::regclass, attname, format_type(atttypid, atttypmod), share) c
    WHERE attrelid = format('%I.%I', stored, relation)::regclass AND attnum > 0;
    EXECUTE (SELECT format('SELECT ARRAY[%s] FROM %I.%I', string_agg(format('count(*) FILTER (WHERE %s)', c), ', ' ORDER BY i), stored, relation)
      FROM unnest(conditions) WITH ORDINALITY u (c, i)) INTO truth;
    INSERT INTO estimates.condition
    SELECT relation, c, estimates.rows_of(format('SELECT 1 FROM %I.%I WHERE %s', generated, relation, c)),
      estimates.rows_of(format('SELECT 1 FROM %I.%I WHERE %s', stored, relation, c)), t
    FROM unnest(conditions, truth) u (c, t);
  END LOOP;
END
$$;

-- What is further from the truth than ANALYZE's estimate, and differs from that by
-- more than the factor.
CREATE FUNCTION estimates.beyond(factor float8) RETURNS SETOF estimates.condition LANGUAGE sql AS
  'SELECT * FROM estimates.condition WHERE estimates.q(expected, analyzed) > factor
     AND estimates.q(expected, truth) > estimates.q(analyzed, truth)';
