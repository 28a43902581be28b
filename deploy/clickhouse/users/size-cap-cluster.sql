-- For a cluster, after size-cap.sql: what is to be seen and removed is on all nodes.
GRANT CLUSTER ON *.* TO tcxflow_size_cap;

GRANT REMOTE ON *.* TO tcxflow_size_cap;

GRANT CREATE TEMPORARY TABLE ON *.* TO tcxflow_size_cap;

GRANT INSERT ON tcxflow.removed_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.samples_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.drop_samples_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flow_summaries_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.interface_counters_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.host_counters_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.drops_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1m_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_5m_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_hosts_1h_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_prefixes_1h_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1h_local TO tcxflow_size_cap;

GRANT ALTER DELETE ON tcxflow.flows_1d_local TO tcxflow_size_cap;
