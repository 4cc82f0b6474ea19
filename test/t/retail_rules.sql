-- The rules of the retail domain as queries, shared by the pg_regress test
-- retail_keys and the TAP test 001_retail_medium.pl.
--
-- Each query reads the tables of the first schema of search_path and gives two
-- numbers: how many things it looked at, and how many of them break the rule.
-- violations(schema) runs all of them; a rule that found nothing to look at
-- proves nothing and is reported, too.

CREATE TABLE retail_rule (rule text PRIMARY KEY, query text);

-- The reference data, as installed.
CREATE FUNCTION data_rows(data_set text) RETURNS SETOF json
LANGUAGE sql AS $$
  SELECT json_array_elements(pg_read_file(setting || '/extension/spindle/data/' || data_set || '.json')::json -> 'rows')
  FROM pg_config WHERE name = 'SHAREDIR'
$$;
CREATE TABLE given_name AS
  SELECT r ->> 0 AS name, r ->> 1 AS gender FROM data_rows('given_names') r;
CREATE TABLE surname AS
  SELECT r ->> 0 AS name FROM data_rows('surnames') r;
CREATE TABLE place AS
  SELECT r ->> 0 AS city, r ->> 1 AS state, r ->> 2 AS zip,
         (r ->> 3)::numeric AS lat, (r ->> 4)::numeric AS lng
  FROM data_rows('us_places') r;
CREATE TABLE noun AS
  SELECT r ->> 0 AS category, r ->> 1 AS name FROM data_rows('product_names') r;
CREATE TABLE quality AS
  SELECT r ->> 0 AS name FROM data_rows('product_qualities') r;

-- References resolve: the nine foreign keys, and the two columns beside them
-- that refer to another table.  "checked" counts those that are not null.
INSERT INTO retail_rule
SELECT format('%s.%s refers to %s', child, col, parent),
       format('SELECT count(*), count(*) FILTER (WHERE p.%4$I IS NULL)
               FROM %1$I c LEFT JOIN %3$I p ON p.%4$I = c.%2$I WHERE c.%2$I IS NOT NULL',
              child, col, parent, key)
FROM (VALUES
  ('address', 'customer_id', 'customer', 'customer_id'),
  ('product', 'category_id', 'product_category', 'category_id'),
  ('product_category', 'parent_category_id', 'product_category', 'category_id'),
  ('order', 'customer_id', 'customer', 'customer_id'),
  ('order', 'store_id', 'store', 'store_id'),
  ('order', 'shipping_address_id', 'address', 'address_id'),
  ('order', 'promotion_id', 'promotion', 'promotion_id'),
  ('order_line', 'order_id', 'order', 'order_id'),
  ('order_line', 'product_id', 'product', 'product_id'),
  ('order_line', 'promotion_id', 'promotion', 'promotion_id'),
  ('return', 'order_id', 'order', 'order_id')) AS r (child, col, parent, key);

-- Keys are 1, 2, 3, ... without gap or repetition.
INSERT INTO retail_rule
SELECT format('%s.%s numbers the rows', t, key),
       format('SELECT count(*), (count(*) <> count(DISTINCT %1$I) OR min(%1$I) <> 1 OR max(%1$I) <> count(*))::int FROM %2$I',
              key, t)
FROM (VALUES ('customer', 'customer_id'), ('address', 'address_id'),
  ('product_category', 'category_id'), ('product', 'product_id'), ('store', 'store_id'),
  ('promotion', 'promotion_id'), ('order', 'order_id'), ('order_line', 'order_line_id'),
  ('return', 'return_id')) AS k (t, key);

INSERT INTO retail_rule VALUES
('an order is not before its customer''s signup',
 'SELECT count(*), count(*) FILTER (WHERE o.order_date < c.signup_date)
  FROM "order" o JOIN customer c USING (customer_id)'),
('a promotion is used between its start and end',
 'SELECT count(*), count(*) FILTER (WHERE o.order_date < p.start_date OR o.order_date > p.end_date)
  FROM "order" o JOIN promotion p USING (promotion_id)'),
('a promotion lasts 3 to 30 whole days',
 'SELECT count(*), count(*) FILTER (WHERE d NOT BETWEEN 3 AND 30 OR d <> floor(d))
  FROM (SELECT extract(epoch FROM end_date - start_date) / 86400 AS d FROM promotion) s'),
('a return is 1 to 90 whole days after the order',
 'SELECT count(*), count(*) FILTER (WHERE d NOT BETWEEN 1 AND 90 OR d <> floor(d))
  FROM (SELECT extract(epoch FROM r.return_date - o.order_date) / 86400 AS d
        FROM "return" r JOIN "order" o USING (order_id)) s'),
('order_id rises with order_date',
 'SELECT count(*), count(*) FILTER (WHERE order_date < before)
  FROM (SELECT order_date, lag(order_date) OVER (ORDER BY order_id) AS before FROM "order") s'),
('customer_id rises with signup_date, from the first moment of the range',
 'SELECT count(*), count(*) FILTER (WHERE signup_date < coalesce(before, ''2022-01-01 00:00+00'')
                                    OR before IS NULL AND signup_date > ''2022-01-01 00:00+00'')
  FROM (SELECT signup_date, lag(signup_date) OVER (ORDER BY customer_id) AS before FROM customer) s'),
('promotion_id rises with start_date',
 'SELECT count(*), count(*) FILTER (WHERE start_date < before)
  FROM (SELECT start_date, lag(start_date) OVER (ORDER BY promotion_id) AS before FROM promotion) s'),
('drawn times lie in the range of the model',
 'SELECT count(*), count(*) FILTER (WHERE t < ''2022-01-01 00:00+00'' OR t >= ''2026-01-01 00:00+00'')
  FROM (SELECT signup_date AS t FROM customer UNION ALL SELECT order_date FROM "order"
        UNION ALL SELECT start_date FROM promotion) s'),
('every customer has one or more addresses, exactly one of them primary',
 'SELECT count(*), count(*) FILTER (WHERE n < 1 OR n_primary <> 1)
  FROM (SELECT count(a.address_id) AS n, count(*) FILTER (WHERE a.is_primary) AS n_primary
        FROM customer c LEFT JOIN address a USING (customer_id) GROUP BY c.customer_id) s'),
('there are 1.5 addresses per customer, cut to a whole number',
 'SELECT c, (a <> c * 3 / 2)::int
  FROM (SELECT count(*) AS c FROM customer) x, (SELECT count(*) AS a FROM address) y'),
('there are 2.5 lines per order, cut to a whole number',
 'SELECT o, (l <> o * 5 / 2)::int
  FROM (SELECT count(*) AS o FROM "order") x, (SELECT count(*) AS l FROM order_line) y'),
('an order ships to an address of its customer',
 'SELECT count(*), count(*) FILTER (WHERE a.customer_id IS DISTINCT FROM o.customer_id)
  FROM "order" o LEFT JOIN address a ON a.address_id = o.shipping_address_id'),
('every order has a line, and order_total is the sum of its lines',
 'SELECT count(*), count(*) FILTER (WHERE o.order_total IS DISTINCT FROM l.total)
  FROM "order" o LEFT JOIN (SELECT order_id, sum(line_total) AS total FROM order_line GROUP BY 1) l USING (order_id)'),
-- round(numeric, 2) rounds half away from zero, which is half up here
('line_total follows from its row, rounded half up, and is above 0',
 'SELECT count(*), count(*) FILTER (WHERE line_total <= 0 OR line_total IS DISTINCT FROM
                                    round(quantity * unit_price * (1 - discount_percent / 100), 2))
  FROM order_line'),
('unit_price of a line is the product''s',
 'SELECT count(*), count(*) FILTER (WHERE l.unit_price IS DISTINCT FROM p.unit_price)
  FROM order_line l LEFT JOIN product p USING (product_id)'),
('promotion of a line is the order''s',
 'SELECT count(*), count(*) FILTER (WHERE l.promotion_id IS DISTINCT FROM o.promotion_id)
  FROM order_line l LEFT JOIN "order" o USING (order_id)'),
('discount_percent of a line is the promotion''s, else 0',
 'SELECT count(*), count(*) FILTER (WHERE l.discount_percent IS DISTINCT FROM
                                    CASE WHEN l.promotion_id IS NULL THEN 0 ELSE p.discount_pct END)
  FROM order_line l LEFT JOIN promotion p USING (promotion_id)'),
('lines follow the order of their orders',
 'SELECT count(*), count(*) FILTER (WHERE order_id < before)
  FROM (SELECT order_id, lag(order_id) OVER (ORDER BY order_line_id) AS before FROM order_line) s'),
('quantity is from 1 to 20',
 'SELECT count(*), count(*) FILTER (WHERE quantity NOT BETWEEN 1 AND 20) FROM order_line'),
('an order has at most one return',
 'SELECT count(*), count(*) - count(DISTINCT order_id) FROM "return"'),
('every order with status returned has a return of the whole order',
 'SELECT count(*), count(*) FILTER (WHERE r.refund_amount IS DISTINCT FROM o.order_total)
  FROM "order" o LEFT JOIN "return" r USING (order_id) WHERE o.status = ''returned'''),
('other returns are of completed orders and refund one line',
 'SELECT count(*), count(*) FILTER (WHERE o.status <> ''completed'' OR NOT refund_amount = ANY (totals))
  FROM "return" r JOIN "order" o USING (order_id)
  JOIN (SELECT order_id, array_agg(line_total) AS totals FROM order_line GROUP BY 1) l USING (order_id)
  WHERE o.status <> ''returned'''),
('there are 0.17 returns per order, cut to a whole number',
 'SELECT o, (r <> o * 17 / 100)::int
  FROM (SELECT count(*) AS o FROM "order") x, (SELECT count(*) AS r FROM "return") y'),
('e-mails are unique',
 'SELECT count(email), count(email) - count(DISTINCT lower(email)) FROM customer'),
('e-mails use domains reserved for examples',
 'SELECT count(*), count(*) FILTER (WHERE email !~ ''^[a-z][^@ ]*@example\.(com|org|net)$'')
  FROM customer WHERE email IS NOT NULL'),
('given names fit the gender',
 'SELECT count(*), count(*) FILTER (WHERE g.name IS NULL)
  FROM customer c LEFT JOIN given_name g ON g.name = c.first_name AND g.gender = c.gender'),
('surnames are known',
 'SELECT count(*), count(*) FILTER (WHERE s.name IS NULL)
  FROM customer c LEFT JOIN surname s ON s.name = c.last_name'),
('city, state, ZIP, lat and lng of an address are one place',
 'SELECT count(*), count(*) FILTER (WHERE p.city IS NULL)
  FROM address a LEFT JOIN place p
  ON p.city = a.city AND p.state = a.state AND p.zip = a.zip_code AND p.lat = a.lat AND p.lng = a.lng'),
('a store''s city lies in its state',
 'SELECT count(*), count(*) FILTER (WHERE p.city IS NULL)
  FROM store s LEFT JOIN (SELECT DISTINCT city, state FROM place) p USING (city, state)'),
('category names are distinct',
 'SELECT count(*), count(*) - count(DISTINCT category_name) FROM product_category'),
('a category is one level below its parent, a root has none',
 'SELECT count(*), count(*) FILTER (WHERE c.level IS DISTINCT FROM coalesce(p.level, 0) + 1)
  FROM product_category c LEFT JOIN product_category p ON p.category_id = c.parent_category_id'),
('the tree has the levels 1, 2 and 3',
 'SELECT count(*), (array_agg(DISTINCT level) <> ''{1,2,3}'')::int FROM product_category'),
('categories of levels 1 and 2 have children',
 'SELECT count(*), count(*) FILTER (WHERE NOT EXISTS
    (SELECT FROM product_category x WHERE x.parent_category_id = c.category_id))
  FROM product_category c WHERE level < 3'),
('products sit in categories without children',
 'SELECT count(*), count(*) FILTER (WHERE EXISTS
    (SELECT FROM product_category x WHERE x.parent_category_id = p.category_id)) FROM product p'),
('a product''s name is a quality and a noun of its category',
 'SELECT count(*), count(*) FILTER (WHERE NOT EXISTS
    (SELECT FROM noun n, quality q
     WHERE n.category = c.category_name AND p.product_name = q.name || '' '' || n.name))
  FROM product p JOIN product_category c USING (category_id)'),
('unit_price is from 0.99 to 999.99',
 'SELECT count(*), count(*) FILTER (WHERE unit_price NOT BETWEEN 0.99 AND 999.99) FROM product'),
-- a factor of 0.3 to 0.7, rounded to cents
('cost is below unit_price, 0.3 to 0.7 of it',
 'SELECT count(*), count(*) FILTER (WHERE cost >= unit_price OR cost NOT BETWEEN
                                    round(unit_price * 0.3, 2) AND round(unit_price * 0.7, 2))
  FROM product');

-- The rules that the tables of a schema break, with how many times.
CREATE FUNCTION violations(schema_name text)
RETURNS TABLE (rule text, checked bigint, broken bigint)
LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  PERFORM set_config('search_path', quote_ident(schema_name) || ', ' || current_schema(), true);
  FOR r IN SELECT * FROM retail_rule LOOP
    EXECUTE r.query INTO checked, broken;
    IF checked = 0 OR broken <> 0 THEN
      rule := r.rule;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
