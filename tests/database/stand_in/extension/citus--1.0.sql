-- What the application asks of Citus, on one machine: placing a table, and where tables are.
CREATE SCHEMA citus;
CREATE TABLE citus.placement (relation oid PRIMARY KEY, kind text NOT NULL, column_name text NOT NULL);

CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS
  $$ INSERT INTO citus.placement VALUES (table_name::oid, 'reference', '<none>') $$;

CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text) RETURNS void LANGUAGE sql AS
  $$ INSERT INTO citus.placement VALUES (table_name::oid, 'distributed', distribution_column) $$;

CREATE VIEW citus.citus_tables AS
  SELECT c.oid::regclass AS table_name, p.kind AS citus_table_type, p.column_name AS distribution_column
  FROM citus.placement p JOIN pg_class c ON c.oid = p.relation;
ALTER VIEW citus.citus_tables SET SCHEMA pg_catalog;
