import type { CostLine } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import { costColumnOf } from '../cost-columns.ts';
import type { PricedFacts } from '../price-facts.ts';
import { PARTS } from './booked-call.ts';

/** A price cut in two: what many calls share, by number, and the quantities and amounts of one. */
export interface CutPrice {
  readonly template: number;
  readonly quantities: readonly number[];
  /** Pico-dollars as text, 0 for a line without a rate. */
  readonly amounts: readonly string[];
}

/** Rows of one statement. */
const ROWS_AT_A_TIME = 50_000;

/** Collects the prices of one chunk and writes them where they are staged from. */
export class PriceTemplates {
  readonly #warehouse: Warehouse;
  readonly #runId: string;
  readonly #chunk: number;
  readonly #numbers = new Map<string, number>();
  readonly #templates: Record<string, unknown>[] = [];
  #rows: Record<string, unknown>[] = [];
  #written = 0;

  constructor(warehouse: Warehouse, runId: string, chunk: number) {
    this.#warehouse = warehouse;
    this.#runId = runId;
    this.#chunk = chunk;
  }

  cut(priced: PricedFacts): CutPrice {
    const { lines } = priced;
    return {
      template: this.#numberOf(priced),
      quantities: lines.map(({ quantity }) => quantity),
      amounts: lines.map(({ amount }) => String(amount ?? 0n)),
    };
  }

  async add(requestId: string, { template, quantities, amounts }: CutPrice): Promise<void> {
    this.#rows.push({ chunk: this.#chunk, request_id: requestId, template, quantities, amounts });
    if (this.#rows.length >= ROWS_AT_A_TIME) await this.#write();
  }

  /** Writes what is left; true when there was anything at all. */
  async end(): Promise<boolean> {
    await this.#write();
    if (this.#templates.length === 0) return false;
    const token = `templates/${this.#runId}/${this.#chunk}`;
    await this.#warehouse.insert({
      table: 'repricing_templates',
      token,
      rows: { kind: 'json', values: this.#templates },
    });
    return true;
  }

  async #write(): Promise<void> {
    const values = this.#rows;
    if (values.length === 0) return;
    this.#rows = [];
    this.#written += 1;
    const token = `prices/${this.#runId}/${this.#chunk}/${this.#written}`;
    await this.#warehouse.insert({ table: 'repricing_prices', token, rows: { kind: 'json', values } });
  }

  #numberOf({ source, flags, reason, model, total, lines }: PricedFacts): number {
    const unknown = total === null;
    let key = `${source}|${reason}|${model}|${unknown}|${flags.join()}`;
    for (const { class: name, rateId, rate, amount } of lines) key += `|${name},${rateId},${rate},${amount === null}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const template = this.#templates.length;
    this.#numbers.set(key, template);
    const texts = { cost_source: source, cost_flags: flags, unpriced_reason: reason, priced_model: model };
    this.#templates.push({ chunk: this.#chunk, template, unknown, ...texts, lines: lines.map(lineTemplate) });
    return template;
  }
}

function lineTemplate({ class: name, unit, rate, per, rateId, amount }: CostLine): Record<string, unknown> {
  const part = PARTS.indexOf(costColumnOf(name)) + 1;
  return { class: name, unit, rate_usd: rate, per, rate_id: rateId, part, known: amount !== null };
}
