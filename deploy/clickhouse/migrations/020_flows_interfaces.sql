-- The column agent of flows_interfaces is called agent: what two of the joined tables had, was called flow.agent.
CREATE OR REPLACE VIEW flows_interfaces AS
SELECT flow.*,
    if(input.inputRemoved, '', input.inputName) AS inputIfName, if(input.inputRemoved, '', input.inputAlias) AS inputIfAlias,
    if(output.outputRemoved, '', output.outputName) AS outputIfName, if(output.outputRemoved, '', output.outputAlias) AS outputIfAlias
FROM
(
    SELECT * FROM flows WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')}
) AS flow
ASOF LEFT JOIN
(
    SELECT agent AS inputAgent, ifIndex AS inputIndex, since AS inputSince, removed AS inputRemoved, name AS inputName, alias AS inputAlias FROM interface_names
) AS input ON flow.agent = input.inputAgent AND flow.inputIfIndex = input.inputIndex AND flow.firstNs >= input.inputSince
ASOF LEFT JOIN
(
    SELECT agent AS outputAgent, ifIndex AS outputIndex, since AS outputSince, removed AS outputRemoved, name AS outputName, alias AS outputAlias FROM interface_names
) AS output ON flow.agent = output.outputAgent AND flow.outputIfIndex = output.outputIndex AND flow.firstNs >= output.outputSince
COMMENT 'flows_interfaces(from, to): flows with the names of input and output interface at that time; empty: unknown, local, or gone';
