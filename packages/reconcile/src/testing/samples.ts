import type { LedgerCell } from '../reconcile.ts';

/** Statements as their providers document them, for one or two days of November 2026. */
export const OPENAI_COSTS = `{"object":"page","data":[
 {"object":"bucket","start_time":1795132800,"end_time":1795219200,"results":[
  {"object":"organization.costs.result","amount":{"value":2.5,"currency":"usd"},"line_item":"gpt-4o-2024-08-06, input","project_id":null},
  {"object":"organization.costs.result","amount":{"value":0.125,"currency":"usd"},"line_item":"gpt-4o-2024-08-06, cached input","project_id":null},
  {"object":"organization.costs.result","amount":{"value":1.0000000000001,"currency":"usd"},"line_item":"gpt-4o-2024-08-06, output","project_id":null}]}],
 "has_more":false,"next_page":null}`;

export const OPENAI_USAGE = `{"object":"page","data":[
 {"object":"bucket","start_time":1795132800,"end_time":1795219200,"results":[
  {"object":"organization.usage.completions.result","input_tokens":1100000,"output_tokens":100000,"input_cached_tokens":100000,
   "input_audio_tokens":0,"output_audio_tokens":0,"num_model_requests":10,"project_id":null,"user_id":null,"api_key_id":null,
   "model":"gpt-4o-2024-08-06","batch":false,"service_tier":"default"}]}],"has_more":false,"next_page":null}`;

export const OPENAI_COSTS_CSV = `start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00,2.5000000000000000,usd,"gpt-4o-2024-08-06, input",
1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,,,,
`;

export const ANTHROPIC_COSTS = `{"data":[{"starting_at":"2026-11-20T00:00:00Z","ending_at":"2026-11-21T00:00:00Z","results":[
 {"currency":"USD","amount":"300.25","workspace_id":null,"description":"Claude Sonnet 4.5 Usage - Input Tokens","cost_type":"tokens",
  "context_window":"0-200k","model":"claude-sonnet-4-5-20250929","service_tier":"standard","token_type":"uncached_input_tokens"},
 {"currency":"USD","amount":"1","description":"Web searches","cost_type":"web_search","model":null,"service_tier":null,"token_type":null}]}],
 "has_more":false,"next_page":null}`;

export const ANTHROPIC_USAGE = `{"data":[{"starting_at":"2026-11-20T00:00:00Z","ending_at":"2026-11-21T00:00:00Z","results":[
 {"uncached_input_tokens":1000,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_1h_input_tokens":3,"ephemeral_5m_input_tokens":4},
  "output_tokens":50,"server_tool_use":{"web_search_requests":1},"model":"claude-sonnet-4-5-20250929","service_tier":"batch",
  "context_window":"0-200k","api_key_id":null,"workspace_id":null}]}],"has_more":false,"next_page":null}`;

export const AWS_CUR = `line_item_usage_start_date,line_item_line_item_type,line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,product_model
2026-11-20T03:00:00Z,Usage,AmazonBedrock,USE1-Claude4.5Sonnet-input-tokens,1000.5,1K tokens,3.0015,anthropic.claude-sonnet-4-5-20250929-v1:0
2026-11-20T00:00:00Z,Credit,AmazonBedrock,,,,-1.25,
`;

export const FOCUS_CSV = `BilledCost,ChargePeriodStart,ChargeCategory,ResourceName,SkuMeter,ConsumedQuantity,ConsumedUnit
2.5,2026-11-20T00:00:00Z,Usage,gpt-4o,input,1000000,token
-0.5,2026-11-20T00:00:00Z,Credit,,,,
`;

export const PLAIN_CSV = `date;model;class;tokens;usd
2026-11-20;gpt-4o;"input";1000000;2.50
`;

/** A ledger of gpt-4o on 20 November 2026, ten calls in each hour from `first`: 2.5 and 10 USD a million. */
export function ledgerHours(first: number, hours: number, more: Partial<LedgerCell> = {}): LedgerCell[] {
  return Array.from({ length: hours }, (_unused, index) => {
    const hourMs = Date.UTC(2026, 10, 20, first + index);
    const cell = { hourMs, model: 'gpt-4o-2024-08-06', tier: 'default', unpriced: 0n };
    const input: LedgerCell = { ...cell, tokenClass: 'input', quantity: 100_000n, usd: 250_000_000_000n, ...more };
    return [input];
  }).flat();
}
