// Becomes a ClickHouse: enters `clickhouse local` inside chdb's library, and blocks there until its stdin ends.
// usage: node clickhouse-server.cjs LIBRARY [ARGUMENT…]     started by clickhouse.ts, never imported

const { DataType, load, open } = require('ffi-rs');

const [library, ...args] = process.argv.slice(2);
const argv = ['clickhouse', ...args];
open({ library: 'chdb', path: library });
// ffi-rs calls on the thread's own stack; a library that brings its own small one makes ClickHouse refuse ("Stack size too large").
load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
