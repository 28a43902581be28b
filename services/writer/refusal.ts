// What ClickHouse answers to a row that it will never take, as opposed to a moment in which it takes none.

import { ClickHouseError } from '@tcxflow/common/clickhouse.ts';

/** Codes of ClickHouse's ErrorCodes.cpp that are about the values which were sent. */
const DATA_CODES = new Set([
  6, // CANNOT_PARSE_TEXT
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  190, // SIZES_OF_ARRAYS_DONT_MATCH
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  376, // CANNOT_PARSE_UUID
  407, // DECIMAL_OVERFLOW
  441, // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
  467, // CANNOT_PARSE_BOOL
  469, // VIOLATED_CONSTRAINT
  675, // CANNOT_PARSE_IPV4
  676, // CANNOT_PARSE_IPV6
  691, // UNKNOWN_ELEMENT_OF_ENUM
]);

/**
 * Whether the block was refused for its contents before any of it was stored. An error from within a view is none: then the
 * table may have the block already, and only its repetition under the same token is right.
 */
export function isRefusal(error: unknown): error is ClickHouseError {
  // Kafka's errors have numbers too, and 27 is a rebalance.
  if (!(error instanceof ClickHouseError)) return false;
  const { code, message } = error;
  if (/while pushing to view|in scope select/i.test(message)) return false;
  // The Avro library's own errors have no code of ClickHouse.
  return DATA_CODES.has(Number(code)) || (code === '1001' && message.includes('avro::Exception'));
}
