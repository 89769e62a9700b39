import { sqlError } from './sql-exception.ts';

export interface SqlLimits {
  /** Seconds a statement may run. */
  readonly maxSeconds: number;
  /** Bytes of a result before formatting. */
  readonly maxResultBytes: number;
  /** Bytes of memory one statement may use. */
  readonly maxMemoryBytes: number;
}

/** Parameters of the HTTP interface that are not settings, and what this endpoint gives no meaning to. */
const INTERFACE = new Set(
  `query database default_format query_id session_id session_timeout session_check close_session user password
   quota_key role stacktrace decompress enable_http_compression http_zlib_compression_level wait_end_of_query
   buffer_size send_progress_in_http_headers http_headers_progress_interval_ms add_http_cors_header
   cancel_http_readonly_queries_on_client_close readonly http_write_exception_in_output_format
   client_protocol_version`.split(/\s+/),
);

/** Settings that change how an answer looks or is computed, and reach nothing else. */
const READER = new RegExp(
  `^(output_format_(?!.*(path|schema))\\w+|format_csv_delimiter|date_time_output_format|extremes|final|join_use_nulls
  |max_threads|max_block_size|max_execution_time|max_result_(rows|bytes)|result_overflow_mode|max_rows_to_(read|group_by)
  |max_bytes_to_read|max_memory_usage|max_bytes_before_external_(sort|group_by)|read_overflow_mode|timeout_overflow_mode|session_timezone|log_comment|log_queries
  |limit|offset|max_query_size|prefer_column_name_to_alias|group_by_use_nulls|union_default_mode|optimize_\\w+
  |use_query_cache|query_cache_\\w+|enable_analyzer|allow_experimental_analyzer|async_insert|wait_for_async_insert
  |do_not_merge_across_partitions_select_final)$`.replaceAll(/\s+/g, ''),
);
/** What inserts and migrations need besides. */
const WRITER =
  /^((async_)?insert_\w+|wait_for_async_insert|async_insert\w*|deduplicate_\w+|(min|max)_insert_\w+|max_partitions_per_insert_block|input_format_(?!.*(path|schema))\w+|date_time_input_format|parallel_view_processing|alter_sync|mutations_sync|materialized_views_ignore_errors)$/;

/**
 * The settings of a request, within the limits: a client may ask for less, never for more.
 * @throws WeirError (164) for a setting that is not allowed here.
 */
export function settingsOf(
  parameters: URLSearchParams,
  role: 'reader' | 'writer',
  limits: SqlLimits,
): Readonly<Record<string, string | number>> {
  const settings: Record<string, string | number> = {
    // Money and 64-bit counts leave as text, unless the client asks otherwise.
    output_format_json_quote_decimals: 1,
    output_format_json_quote_64bit_integers: 1,
  };
  for (const [name, value] of parameters) {
    if (INTERFACE.has(name) || name.startsWith('param_')) continue;
    if (!READER.test(name) && !(role === 'writer' && WRITER.test(name))) {
      throw sqlError(164, `Cannot modify '${name}' setting in readonly mode`);
    }
    settings[name] = value;
  }
  return {
    ...settings,
    max_execution_time: lower(settings['max_execution_time'], limits.maxSeconds),
    max_result_bytes: lower(settings['max_result_bytes'], limits.maxResultBytes),
    max_memory_usage: lower(settings['max_memory_usage'], limits.maxMemoryBytes),
  };
}

/** 0 is "no limit" to ClickHouse. */
function lower(asked: string | number | undefined, limit: number): number {
  const wanted = Number(asked ?? 0);
  return Number.isFinite(wanted) && wanted > 0 ? Math.min(wanted, limit) : limit;
}
