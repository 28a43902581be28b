-- For the writer when writer.retention.max_bytes is set: sees how large the tables are, and may remove rows of those that it may
-- remove from; never a table. Then: GRANT tcxflow_size_cap TO a user of the writer. docs/how-to/cap-the-disk.md
CREATE ROLE IF NOT EXISTS tcxflow_size_cap;

GRANT SELECT ON system.parts TO tcxflow_size_cap;

GRANT SHOW TABLES ON tcxflow.* TO tcxflow_size_cap;

GRANT INSERT ON tcxflow.removed TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.samples TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.drop_samples TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flow_summaries TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.interface_counters TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.host_counters TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.drops TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1m TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_5m TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_hosts_1h TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_prefixes_1h TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1h TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1d TO tcxflow_size_cap;
