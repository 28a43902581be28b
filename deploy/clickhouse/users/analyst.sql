-- For people and dashboards: reads the database, within limits that a query can lower and never lift. readonly = 2 because
-- Grafana and others set settings of their own.
CREATE SETTINGS PROFILE IF NOT EXISTS tcxflow_analyst SETTINGS
    readonly = 2,
    max_memory_usage = 4000000000 MIN 1 MAX 4000000000,
    max_execution_time = 60 MIN 1 MAX 60,
    max_rows_to_read = 20000000000 MIN 1 MAX 20000000000,
    max_result_rows = 1000000 MIN 1 MAX 1000000,
    result_overflow_mode = 'throw' CONST;

CREATE ROLE IF NOT EXISTS tcxflow_analyst SETTINGS PROFILE 'tcxflow_analyst';

GRANT SELECT ON tcxflow.* TO tcxflow_analyst;
