"""The SELECTs of the Olist reader.

``published`` is the file a row comes from; every file also stands under its short name. Values are text throughout;
times are ISO text of one shape, so that comparing them as text compares them in time.
"""

from __future__ import annotations

PLACED = """
CREATE TEMP VIEW placed AS
SELECT order_id, customer_id, iso(order_purchase_timestamp) AS placed_at FROM orders
"""
"""When an order was placed."""

PAID = """
CREATE TEMP VIEW paid AS
WITH paid_for AS (
    SELECT order_id, sum(cents(payment_value)) AS paid FROM order_payments GROUP BY order_id
),
priced AS (
    SELECT order_id, sum(cents(price)) + sum(cents(freight_value)) AS paid FROM order_items GROUP BY order_id
)
SELECT order_id, coalesce(paid_for.paid, priced.paid)::VARCHAR AS paid
FROM paid_for FULL JOIN priced USING (order_id)
"""
"""What was paid for an order, else what its items and freight cost."""

STATED = """
CREATE TEMP VIEW stated AS
WITH stamped AS (
    SELECT row_no AS order_no, order_id, order_status AS status,
           iso(order_purchase_timestamp) AS placed_at,
           iso(order_approved_at) AS approved_at,
           iso(order_delivered_carrier_date) AS shipped_at,
           iso(order_delivered_customer_date) AS signed_at,
           replace(iso(order_estimated_delivery_date), 'T00:00:00.000', 'T23:59:59.000') AS due_at
    FROM orders
)
SELECT * EXCLUDE (approved_at, due_at),
       CASE WHEN status = 'created'
              OR (status = 'approved' AND approved_at IS NOT NULL)
              OR (status = 'shipped' AND shipped_at IS NOT NULL)
              OR (status = 'delivered' AND signed_at IS NOT NULL)
            THEN greatest(placed_at, approved_at, shipped_at, signed_at)
            ELSE greatest(placed_at, approved_at, shipped_at, signed_at, due_at)
       END AS stated_at
FROM stamped
"""
"""The last status of an order and when it was known."""

RATED = r"""
CREATE TEMP VIEW rated AS
SELECT r.row_no AS review_no, r.order_id, r.review_score AS rating,
       CASE WHEN iso(r.review_answer_timestamp) > s.placed_at THEN iso(r.review_answer_timestamp)
            ELSE regexp_replace(s.placed_at, '\.\d{3}', '.001') END AS rated_at
FROM order_reviews AS r JOIN stated AS s USING (order_id)
"""
"""Stars and when they were known."""

GEOLOCATION = """
SELECT row_no,
       content_id('pt-', [geolocation_zip_code_prefix, geolocation_lat, geolocation_lng, geolocation_city,
                          geolocation_state]) AS point_id,
       'BR-' || geolocation_zip_code_prefix AS address_id,
       geolocation_city AS city,
       geolocation_state AS state,
       geolocation_zip_code_prefix AS zip_prefix,
       'postcode area' AS place_type,
       '2016-09-01T00:00:00.000' AS known_from
FROM published
"""

SELLERS = """
WITH sold AS (
    SELECT i.seller_id, placed_at, coalesce(e.product_category_name_english, p.product_category_name) AS category
    FROM order_items AS i
    JOIN placed USING (order_id)
    LEFT JOIN products AS p USING (product_id)
    LEFT JOIN product_category_name_translation AS e USING (product_category_name)
    QUALIFY row_number() OVER (PARTITION BY i.seller_id ORDER BY placed_at, order_id, i.order_item_id) = 1
)
SELECT row_no, seller_id, 'olist' AS platform, category,
       'BR-' || seller_zip_code_prefix AS address_id,
       seller_city AS city,
       seller_state AS state,
       seller_zip_code_prefix AS zip_prefix,
       'postcode area' AS place_type,
       coalesce(placed_at, '2016-09-01T00:00:00.000') AS known_from
FROM published LEFT JOIN sold USING (seller_id)
"""

CUSTOMERS = """
SELECT row_no, published.customer_id, customer_unique_id, 'olist' AS platform,
       'BR-' || customer_zip_code_prefix AS address_id,
       customer_city AS city,
       customer_state AS state,
       customer_zip_code_prefix AS zip_prefix,
       'postcode area' AS place_type,
       coalesce(placed_at, '2016-09-01T00:00:00.000') AS known_from
FROM published LEFT JOIN placed USING (customer_id)
"""

ORDERS = """
SELECT published.row_no, order_id, customer_unique_id, 'BR-' || customer_zip_code_prefix AS address_id,
       iso(order_purchase_timestamp) AS placed_at, paid, 'BRL' AS currency, 'created' AS status
FROM published
LEFT JOIN paid USING (order_id)
LEFT JOIN customers ON customers.customer_id = published.customer_id
"""

ITEMS = """
SELECT row_no, order_id, order_item_id, seller_id, price, freight_value, 'BRL' AS currency, placed_at
FROM published LEFT JOIN placed USING (order_id)
"""

PAYMENTS = """
WITH shops AS (
    SELECT order_id, min(seller_id) AS seller_id FROM order_items
    GROUP BY order_id HAVING count(DISTINCT seller_id) = 1
)
SELECT row_no, order_id || '-' || payment_sequential AS payment_id, order_id, seller_id, payment_type,
       payment_installments, payment_value, 'BRL' AS currency, placed_at
FROM published LEFT JOIN placed USING (order_id) LEFT JOIN shops USING (order_id)
"""

STATES = """
WITH stars AS (
    SELECT order_id, arg_max(rating, (rated_at, review_no)) AS rating
    FROM rated JOIN stated USING (order_id) WHERE rated_at <= stated_at GROUP BY order_id
)
SELECT published.row_no, published.order_id, 'BR-' || customer_zip_code_prefix AS address_id, placed_at, paid,
       'BRL' AS currency, status, rating, shipped_at, signed_at, stated_at AS known_from
FROM published
JOIN stated ON stated.order_no = published.row_no
LEFT JOIN paid ON paid.order_id = published.order_id
LEFT JOIN stars ON stars.order_id = published.order_id
LEFT JOIN customers ON customers.customer_id = published.customer_id
"""

REVIEWS = """
SELECT published.row_no, review_id, published.order_id, placed_at, paid, 'BRL' AS currency,
       CASE WHEN stated_at <= rated_at THEN status ELSE 'created' END AS status,
       rating, rated_at AS known_from
FROM published
LEFT JOIN rated ON rated.review_no = published.row_no
LEFT JOIN stated ON stated.order_id = published.order_id
LEFT JOIN paid ON paid.order_id = published.order_id
"""
