-- For the writer: inserts into the tables that it fills, and reads which migrations were applied. The rollups are written by
-- the materialized views: with the rights of who made them, or, where a server notes no definer, with the right to read what they read.
CREATE ROLE IF NOT EXISTS tcxflow_writer;

GRANT INSERT ON tcxflow.flows TO tcxflow_writer;

GRANT INSERT ON tcxflow.flow_summaries TO tcxflow_writer;

GRANT INSERT ON tcxflow.interface_counters TO tcxflow_writer;

GRANT INSERT ON tcxflow.host_counters TO tcxflow_writer;

GRANT INSERT ON tcxflow.interfaces TO tcxflow_writer;

GRANT INSERT ON tcxflow.drops TO tcxflow_writer;

GRANT INSERT ON tcxflow.drop_samples TO tcxflow_writer;

GRANT INSERT ON tcxflow.captured TO tcxflow_writer;

GRANT INSERT ON tcxflow.samples TO tcxflow_writer;

GRANT INSERT ON tcxflow.ledger TO tcxflow_writer;

GRANT SELECT ON tcxflow.schema_migrations TO tcxflow_writer;

GRANT SELECT, INSERT ON tcxflow.writer_progress TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_1m TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_5m TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_1h TO tcxflow_writer;

GRANT SELECT ON tcxflow.host_counters TO tcxflow_writer;

GRANT SELECT ON tcxflow.captured TO tcxflow_writer;
