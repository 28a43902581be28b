-- For tcxflow migrate: makes and changes what is in the database, and nothing outside of it. Its user is the definer of the
-- materialized views: do not drop it while they exist.
CREATE ROLE IF NOT EXISTS tcxflow_admin;

GRANT ALL ON tcxflow.* TO tcxflow_admin;

GRANT CREATE FUNCTION, DROP FUNCTION ON *.* TO tcxflow_admin;

GRANT SELECT ON system.tables TO tcxflow_admin;

GRANT SELECT ON system.columns TO tcxflow_admin;

GRANT SELECT ON system.parts TO tcxflow_admin;

GRANT TABLE ENGINE ON MergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON SummingMergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON AggregatingMergeTree TO tcxflow_admin;

GRANT TABLE ENGINE ON ReplacingMergeTree TO tcxflow_admin;
