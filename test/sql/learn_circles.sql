--
-- spindle_learn where foreign keys lead round in a circle: copies are filled with all constraints in force.
--
SET client_min_messages = warning;
-- Fill a schema by what its declarations say, or what is in it, at some scales; which tables stay empty, and what is noted.
CREATE FUNCTION fill_circles(source text, reading text, target text DEFAULT NULL, scales text[] DEFAULT '{tenth,as_is,ten}') RETURNS TABLE (scale text, rows bigint, empty text[]) LANGUAGE plpgsql AS $$
DECLARE
  definition json := spindle_learn(ARRAY[source], read => reading);
  names text[] := (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = source::regnamespace AND relkind = 'r');
  name text;
  n bigint;
BEGIN
  PERFORM spindle_create_domain('circles', definition, replace => true);
  FOREACH scale IN ARRAY scales LOOP
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I.%I', coalesce(target, source), x), ', ') FROM unnest(names) x);
    CALL spindle_fill_schema('circles', coalesce(target, source), scale => scale, report => false);
    rows := 0;
    empty := '{}';
    FOREACH name IN ARRAY names LOOP
      EXECUTE format('SELECT count(*) FROM %I.%I', coalesce(target, source), name) INTO n;
      rows := rows + n;
      empty := empty || CASE WHEN n = 0 THEN ARRAY[name] ELSE '{}' END;
    END LOOP;
    RETURN NEXT;
  END LOOP;
  PERFORM spindle_drop_domain('circles');
END
$$;
-- The rules of foreign keys that lead to a row's own children.
CREATE FUNCTION children_of(definition json) RETURNS TABLE (column_name text, rule text) LANGUAGE sql AS $$
  SELECT t.key || '.' || c.key, concat_ws(' ', c.value #>> '{rule,pick}', c.value #>> '{rule,child}', c.value #>> '{rule,column}') FROM json_each(definition -> 'tables') t, json_each(t.value -> 'columns') c
  WHERE c.value #>> '{rule,kind}' = 'child' ORDER BY 1
$$;

-- By declarations: a composite and a simple key, of which neither can be null.
CREATE SCHEMA circle_tenant;
CREATE TABLE circle_tenant.tenant (id uuid PRIMARY KEY, owner_id uuid NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE circle_tenant.member (id uuid NOT NULL UNIQUE, tenant_id uuid NOT NULL REFERENCES circle_tenant.tenant, deputy_id uuid, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, deputy_id) REFERENCES circle_tenant.member);
CREATE TABLE circle_tenant.label (tenant_id uuid NOT NULL REFERENCES circle_tenant.tenant, id int NOT NULL UNIQUE, PRIMARY KEY (tenant_id, id));
ALTER TABLE circle_tenant.tenant ADD FOREIGN KEY (id, owner_id) REFERENCES circle_tenant.member (tenant_id, id);
SELECT * FROM children_of(spindle_learn('{circle_tenant}'));
SELECT t.value ->> 'unique' AS declared FROM json_each(spindle_learn('{circle_tenant}') -> 'tables') t WHERE key = 'tenant';
SELECT * FROM fill_circles('circle_tenant', 'catalog');
SELECT count(*) > 0 AS rows, count(*) FILTER (WHERE m.tenant_id = t.id) = count(*) AS own FROM circle_tenant.tenant t JOIN circle_tenant.member m ON m.id = t.owner_id;

-- The same with a number within the tenant, and the other way by the names and rows that there are.
CREATE SCHEMA circle_number;
CREATE TABLE circle_number.team (id int PRIMARY KEY, captain smallint NOT NULL);
CREATE TABLE circle_number.player (team_id int REFERENCES circle_number.team ON DELETE CASCADE, number smallint, PRIMARY KEY (team_id, number));
ALTER TABLE circle_number.team ADD FOREIGN KEY (id, captain) REFERENCES circle_number.player DEFERRABLE INITIALLY DEFERRED;
SELECT * FROM children_of(spindle_learn('{circle_number}'));
SELECT * FROM fill_circles('circle_number', 'statistics');

-- Three tables, each of which needs the next one; two circles that share one; a circle within a tenant.
CREATE SCHEMA circle_three;
CREATE TABLE circle_three.area (id int PRIMARY KEY, main_street int NOT NULL);
CREATE TABLE circle_three.district (id int PRIMARY KEY, area_id int NOT NULL REFERENCES circle_three.area);
CREATE TABLE circle_three.street (id int PRIMARY KEY, district_id int NOT NULL REFERENCES circle_three.district);
ALTER TABLE circle_three.area ADD FOREIGN KEY (main_street) REFERENCES circle_three.street;
CREATE TABLE circle_three.keeper (id int PRIMARY KEY, area_id int NOT NULL REFERENCES circle_three.area);
ALTER TABLE circle_three.area ADD first_keeper int NOT NULL REFERENCES circle_three.keeper;
SELECT * FROM children_of(spindle_learn('{circle_three}'));
SELECT * FROM fill_circles('circle_three', 'catalog');
SELECT count(*) = count(*) FILTER (WHERE d.area_id = a.id AND k.area_id = a.id) AS own FROM circle_three.area a
  JOIN circle_three.street s ON s.id = a.main_street JOIN circle_three.district d ON d.id = s.district_id JOIN circle_three.keeper k ON k.id = a.first_keeper;
CREATE SCHEMA circle_inner;
CREATE TABLE circle_inner.tenant (id int PRIMARY KEY);
CREATE TABLE circle_inner.box (tenant_id int REFERENCES circle_inner.tenant, id int, lid_id int NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE circle_inner.side (tenant_id int, id int, box_id int NOT NULL, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, box_id) REFERENCES circle_inner.box);
CREATE TABLE circle_inner.lid (tenant_id int, id int, side_id int NOT NULL, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, side_id) REFERENCES circle_inner.side);
ALTER TABLE circle_inner.box ADD FOREIGN KEY (tenant_id, lid_id) REFERENCES circle_inner.lid;
SELECT * FROM children_of(spindle_learn('{circle_inner}'));
SELECT * FROM fill_circles('circle_inner', 'catalog');

-- What is no such circle: a row of its own table; each of each; names on the way that are not these.
CREATE SCHEMA circle_none;
CREATE TABLE circle_none.node (id int PRIMARY KEY, next_id int NOT NULL REFERENCES circle_none.node);
CREATE TABLE circle_none.tree (tenant int, id int, up int NOT NULL, PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, up) REFERENCES circle_none.tree);
-- a row that is its own: checks of its key are of itself
CREATE TABLE circle_none.bough (tenant int, id int, up int NOT NULL, size int NOT NULL, PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, up) REFERENCES circle_none.bough, CHECK (up <> 0 AND size > up AND id <= up));
CREATE TABLE circle_none.twig (tenant int, id int, up int NOT NULL CHECK (up <> id), PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, up) REFERENCES circle_none.twig);
CREATE TABLE circle_none.left_hand (id int PRIMARY KEY, other int NOT NULL UNIQUE);
CREATE TABLE circle_none.right_hand (id int PRIMARY KEY, other int NOT NULL UNIQUE REFERENCES circle_none.left_hand);
ALTER TABLE circle_none.left_hand ADD FOREIGN KEY (other) REFERENCES circle_none.right_hand;
SELECT * FROM children_of(spindle_learn('{circle_none}'));
SELECT * FROM fill_circles('circle_none', 'catalog');

-- By rows: who is owned by strangers, who can be null, what repeats.
CREATE SCHEMA circle_rows;
CREATE TABLE circle_rows.account (id int PRIMARY KEY, owner_id int NOT NULL, best_note int, contact int NOT NULL, judge int NOT NULL);
CREATE TABLE circle_rows.person (id int PRIMARY KEY, account_id int NOT NULL REFERENCES circle_rows.account);
CREATE TABLE circle_rows.note (id int PRIMARY KEY, account_id int NOT NULL REFERENCES circle_rows.account);
INSERT INTO circle_rows.account SELECT i, 2 * i, CASE WHEN i % 4 = 0 THEN 3 * i + 2 END, 2 * i - 1, 1 + (i + 7) % 600 FROM generate_series(1, 300) i;
INSERT INTO circle_rows.person SELECT i, (i + 1) / 2 FROM generate_series(1, 600) i;
INSERT INTO circle_rows.note SELECT i, Greatest((i - 1) / 3, 1) FROM generate_series(1, 905) i WHERE i / 3 <= 300;
ALTER TABLE circle_rows.account ADD FOREIGN KEY (owner_id) REFERENCES circle_rows.person, ADD FOREIGN KEY (contact) REFERENCES circle_rows.person,
  ADD FOREIGN KEY (judge) REFERENCES circle_rows.person, ADD FOREIGN KEY (best_note) REFERENCES circle_rows.note;
ANALYZE circle_rows.account, circle_rows.person, circle_rows.note;
SELECT * FROM children_of(spindle_learn('{circle_rows}', read => 'aggregates'));
SELECT column_name, rule, source, note FROM spindle_learn_report(spindle_learn('{circle_rows}', read => 'data')) WHERE table_name = 'account' AND rule IS NOT NULL;
SELECT spindle_learn('{circle_rows}')::text = spindle_learn('{circle_rows}')::text AS same_again;
CREATE SCHEMA circle_copy;
CREATE TABLE circle_copy.account (LIKE circle_rows.account INCLUDING ALL);
CREATE TABLE circle_copy.person (LIKE circle_rows.person INCLUDING ALL, FOREIGN KEY (account_id) REFERENCES circle_copy.account);
CREATE TABLE circle_copy.note (LIKE circle_rows.note INCLUDING ALL, FOREIGN KEY (account_id) REFERENCES circle_copy.account);
ALTER TABLE circle_copy.account ADD FOREIGN KEY (owner_id) REFERENCES circle_copy.person, ADD FOREIGN KEY (contact) REFERENCES circle_copy.person,
  ADD FOREIGN KEY (judge) REFERENCES circle_copy.person, ADD FOREIGN KEY (best_note) REFERENCES circle_copy.note;
SELECT * FROM fill_circles('circle_rows', 'aggregates', 'circle_copy', '{as_is,ten}');
SELECT bool_and(p.account_id = a.id) AS owns, bool_and(c.account_id = a.id) AS contacts, bool_and(j.account_id = a.id) AS judges, bool_and(n.account_id = a.id) AS notes, abs(avg((best_note IS NULL)::int) - 0.75) < 0.1 AS nulls
FROM circle_copy.account a JOIN circle_copy.person p ON p.id = owner_id JOIN circle_copy.person c ON c.id = contact JOIN circle_copy.person j ON j.id = judge LEFT JOIN circle_copy.note n ON n.id = best_note;

-- Keys of a type whose operators no name in search_path leads to; the owner is the row's own by these.
CREATE SCHEMA circle_type;
CREATE TYPE circle_type.code;
CREATE FUNCTION circle_type.code_in(cstring) RETURNS circle_type.code LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION circle_type.code_out(circle_type.code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE circle_type.code (INPUT = circle_type.code_in, OUTPUT = circle_type.code_out, LIKE = bytea);
SELECT string_agg(format('CREATE FUNCTION circle_type.code_%s(circle_type.code, circle_type.code) RETURNS %s LANGUAGE internal IMMUTABLE STRICT AS %L', name, result, source), '; ')
FROM (VALUES ('lt', 'bool', 'bytealt'), ('le', 'bool', 'byteale'), ('eq', 'bool', 'byteaeq'), ('ge', 'bool', 'byteage'), ('gt', 'bool', 'byteagt'), ('cmp', 'int', 'byteacmp')) f (name, result, source) \gset
:string_agg;
SELECT string_agg(format('CREATE OPERATOR circle_type.%s (LEFTARG = circle_type.code, RIGHTARG = circle_type.code, FUNCTION = circle_type.code_%s)', operator, name), '; ')
FROM (VALUES ('lt', '<'), ('le', '<='), ('eq', '='), ('ge', '>='), ('gt', '>')) f (name, operator) \gset
:string_agg;
CREATE OPERATOR CLASS circle_type.code_ops DEFAULT FOR TYPE circle_type.code USING btree AS OPERATOR 1 circle_type.<, OPERATOR 2 circle_type.<=, OPERATOR 3 circle_type.=, OPERATOR 4 circle_type.>=, OPERATOR 5 circle_type.>, FUNCTION 1 circle_type.code_cmp(circle_type.code, circle_type.code);
CREATE TABLE circle_type.account (id circle_type.code PRIMARY KEY, owner circle_type.code NOT NULL);
CREATE TABLE circle_type.person (id circle_type.code PRIMARY KEY, account circle_type.code NOT NULL REFERENCES circle_type.account);
CREATE TABLE circle_type.visit (id int PRIMARY KEY, person circle_type.code NOT NULL REFERENCES circle_type.person, account circle_type.code NOT NULL REFERENCES circle_type.account);
INSERT INTO circle_type.account SELECT ('a' || i)::text::circle_type.code, ('p' || i)::text::circle_type.code FROM generate_series(1, 50) i;
INSERT INTO circle_type.person SELECT ('p' || i)::text::circle_type.code, ('a' || 1 + (i - 1) % 50)::text::circle_type.code FROM generate_series(1, 200) i;
INSERT INTO circle_type.visit SELECT i, ('p' || 1 + (i - 1) % 200)::text::circle_type.code, ('a' || 1 + (i - 1) % 50)::text::circle_type.code FROM generate_series(1, 1000) i;
ALTER TABLE circle_type.account ADD FOREIGN KEY (owner) REFERENCES circle_type.person;
ANALYZE circle_type.account, circle_type.person, circle_type.visit;
SELECT * FROM children_of(spindle_learn('{circle_type}', read => 'aggregates'));
SELECT * FROM fill_circles('circle_type', 'aggregates', NULL, '{as_is}');
SELECT count(*) FILTER (WHERE p.account OPERATOR(circle_type.=) a.id) = count(*) AS own FROM circle_type.account a JOIN circle_type.person p ON p.id OPERATOR(circle_type.=) a.owner;
SELECT count(*) FILTER (WHERE p.account OPERATOR(circle_type.=) v.account) = count(*) AS agree FROM circle_type.visit v JOIN circle_type.person p ON p.id OPERATOR(circle_type.=) v.person;

-- Our own.
CREATE DOMAIN citext AS text;
CALL spindle_seed('saas', 'circle_saas', scale => 'demo', report => false);
ALTER TABLE circle_saas.tenant ADD FOREIGN KEY (id, owner_id) REFERENCES circle_saas.user_account (tenant_id, id);
SELECT reading, f.scale, f.empty FROM unnest('{catalog,data}'::text[]) reading, fill_circles('circle_saas', reading, NULL, '{as_is}') f;

DROP FUNCTION fill_circles, children_of;
DROP SCHEMA circle_tenant, circle_number, circle_three, circle_inner, circle_none, circle_rows, circle_copy, circle_type, circle_saas CASCADE;
DROP DOMAIN citext;
