-- Flows with the names of where their packets came in and where they went, as these interfaces were when the first packet was
-- sampled. An agent tells of a new interface a moment after its first packets: its first row holds ten seconds earlier too.
CREATE OR REPLACE VIEW interface_names AS
SELECT agent, ifIndex, removed,
    if(lagInFrame(1, 1, 0) OVER seen = 0, validFrom - INTERVAL 10 SECOND, validFrom) AS since,
    name, alias, kind, speedBps
FROM (SELECT * FROM interfaces FINAL)
WINDOW seen AS (PARTITION BY agent, ifIndex ORDER BY validFrom ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
COMMENT 'What each interface was called, and since when, until its next row';

CREATE OR REPLACE VIEW flows_interfaces AS
SELECT flow.*,
    if(input.removed, '', input.name) AS inputIfName, if(input.removed, '', input.alias) AS inputIfAlias,
    if(output.removed, '', output.name) AS outputIfName, if(output.removed, '', output.alias) AS outputIfAlias
FROM
(
    SELECT * FROM flows WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')}
) AS flow
ASOF LEFT JOIN interface_names AS input
    ON flow.agent = input.agent AND flow.inputIfIndex = input.ifIndex AND flow.firstNs >= input.since
ASOF LEFT JOIN interface_names AS output
    ON flow.agent = output.agent AND flow.outputIfIndex = output.ifIndex AND flow.firstNs >= output.since
COMMENT 'flows_interfaces(from, to): flows with the names of input and output interface at that time; empty: unknown, local, or gone';
