// A process that starts both engines and then waits to be killed; prints where they are. usage: parent.ts DATA_FOLDER

import { startClickHouse } from '../clickhouse.ts';
import { startKafka } from '../kafka.ts';
import { recordingLog } from './engines.ts';

const [dataDir = ''] = process.argv.slice(2);
const log = recordingLog();
const [kafka, clickhouse] = await Promise.all([
  startKafka({ dataDir, log, port: 0 }),
  startClickHouse({ dataDir, log, httpPort: 0 }),
]);
const { url, username, password } = clickhouse;
process.stdout.write(`${JSON.stringify({ brokers: kafka.brokers, url, username, password })}\n`);
