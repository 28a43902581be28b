-- For a cluster, after the other files: docs/how-to/run-on-a-cluster.md. The admin speaks to all nodes, and makes tables that do;
-- the writer's rows go on to the tables that hold them.
GRANT CLUSTER ON *.* TO tcxflow_admin;

GRANT REMOTE ON *.* TO tcxflow_admin;

GRANT CREATE TEMPORARY TABLE ON *.* TO tcxflow_admin;

GRANT SELECT ON system.one TO tcxflow_admin;

GRANT SELECT ON system.clusters TO tcxflow_admin;

GRANT SELECT ON system.macros TO tcxflow_admin;

GRANT SELECT ON system.databases TO tcxflow_admin;

GRANT TABLE ENGINE ON Distributed TO tcxflow_admin;

GRANT TABLE ENGINE ON ReplicatedMergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON ReplicatedSummingMergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON ReplicatedAggregatingMergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON ReplicatedReplacingMergeTree TO tcxflow_admin;

GRANT INSERT ON tcxflow.flows_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.flow_summaries_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.interface_counters_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.host_counters_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.interfaces_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.drops_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.drop_samples_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.captured_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.samples_local TO tcxflow_writer;

GRANT INSERT ON tcxflow.ledger_local TO tcxflow_writer;

GRANT SELECT, INSERT ON tcxflow.writer_progress_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_1m_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_5m_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.flows_1h_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.host_counters_local TO tcxflow_writer;

GRANT SELECT ON tcxflow.captured_local TO tcxflow_writer;

GRANT SELECT ON system.clusters TO tcxflow_writer;
