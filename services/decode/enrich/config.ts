import { z } from 'zod';
import { ruleSchema } from './rules.ts';

const path = z.string().min(1);

export const enrichSection = z
  .strictObject({
    networksFile: path
      .optional()
      .describe('CSV with a header: prefix,name,role,site,tenant. The longest prefix that has an address names it.'),
    countriesFile: path.optional().describe('MaxMind DB (mmdb) file with countries.'),
    autonomousSystemsFile: path
      .optional()
      .describe('MaxMind DB (mmdb) file with AS numbers; may be the same as countries_file.'),
    servicesFile: path
      .optional()
      .describe(
        'Names of ports as `decode explain` and `decode FILE` show them, as in /etc/services; default: a short list from IANA.',
      ),
    pollMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(5000)
      .describe('How often the files are looked at for a new version; SIGHUP reads them at once.'),
    cacheEntries: z
      .int()
      .min(1024)
      .max(1 << 22)
      .refine((entries) => (entries & (entries - 1)) === 0, 'a power of two')
      .default(1 << 16)
      .describe('Addresses of which everything is remembered, a power of two; 60 bytes each.'),
    names: z
      .boolean()
      .default(true)
      .describe('Read alias, kind and speed of interfaces, and hostnames, from tcxflow.counters.v1.'),
    namesHistoryHours: z
      .int()
      .min(1)
      .max(10_000)
      .default(168)
      .describe('How far back it is read at the start: agents tell of an interface when it changes.'),
    namesMax: z
      .int()
      .min(1000)
      .max(10_000_000)
      .default(200_000)
      .describe('Names that are remembered; above it those of the agent that was silent for longest go first.'),
    rules: z
      .array(ruleSchema)
      .max(1000)
      .default([])
      .describe('Classes of agents and interfaces: for each field the first rule that matches and sets it.'),
  })
  .prefault({})
  .describe('What is added to decoded samples.');

export type EnrichConfig = z.output<typeof enrichSection>;
