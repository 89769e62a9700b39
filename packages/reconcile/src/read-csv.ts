import { lineItem } from './read-json.ts';
import { amountOf, classOf, countOf, dayOf, type StatementLine, type TokenClass } from './statement.ts';

type Row = Readonly<Record<string, string>>;

/** RFC 4180 with a comma, semicolon or tab, whichever the head has most of. */
export function parseCsv(text: string): Row[] {
  const head = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const separator = [',', ';', '\t'].sort((a, b) => head.split(b).length - head.split(a).length)[0] ?? ',';
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === separator) {
      record.push(field);
      field = '';
    } else if (character === '\n' || (character === '\r' && text[at + 1] === '\n')) {
      if (character === '\r') at += 1;
      records.push([...record, field]);
      record = [];
      field = '';
    } else field += character;
  }
  if (field !== '' || record.length > 0) records.push([...record, field]);
  const [names = [], ...rows] = records;
  return rows
    .filter((row) => row.some((value) => value !== ''))
    .map((row) =>
      Object.fromEntries(names.map((name, index) => [name.replace(/^\uFEFF/, '').trim(), row[index] ?? ''])),
    );
}

/** How the columns of one form become lines. */
interface CsvForm {
  readonly is: (columns: ReadonlySet<string>) => boolean;
  readonly read: (row: Row, where: string) => StatementLine[];
}

const has = (columns: ReadonlySet<string>, ...names: readonly string[]): boolean =>
  names.every((name) => columns.has(name));
const first = (row: Row, ...names: readonly string[]): string => {
  for (const name of names) if ((row[name] ?? '') !== '') return row[name] ?? '';
  return '';
};

const CREDIT = /credit|refund|tax|discount|adjustment|fee/i;

const focus: CsvForm = {
  is: (columns) => has(columns, 'BilledCost', 'ChargePeriodStart'),
  read: (row, where) => {
    const quantity = first(row, 'ConsumedQuantity', 'PricingQuantity');
    const category = first(row, 'ChargeCategory');
    const meter = first(row, 'SkuMeter', 'ChargeDescription', 'SkuId');
    return [
      {
        day: dayOf(first(row, 'ChargePeriodStart'), where),
        model: first(row, 'ResourceName', 'x_Model', 'ResourceId'),
        tokenClass: classOf(meter),
        quantity: quantity === '' ? null : countOf(quantity, where),
        ...amountOf(first(row, 'BilledCost') || '0', where),
        credit: category !== 'Usage' && category !== '',
        tier: first(row, 'x_ServiceTier'),
      },
    ];
  },
};

/** AWS Cost and Usage Report 2.0: usage types like `USE1-Claude4.5Sonnet-input-tokens`, by the thousand or million tokens. */
const cur: CsvForm = {
  is: (columns) => has(columns, 'line_item_unblended_cost', 'line_item_usage_start_date'),
  read: (row, where) => {
    const type = first(row, 'line_item_usage_type');
    const amount = first(row, 'line_item_usage_amount');
    const zeros = zerosOf(first(row, 'pricing_unit'));
    const credit = CREDIT.test(first(row, 'line_item_line_item_type'));
    const counted = amount === '' ? null : countOf(`${amount}${zeros}`, where);
    return [
      {
        day: dayOf(first(row, 'line_item_usage_start_date'), where),
        model: first(row, 'product_model', 'product_servicename', 'line_item_product_code', 'line_item_operation'),
        tokenClass: classOf(type),
        quantity: credit ? null : counted,
        ...amountOf(first(row, 'line_item_unblended_cost') || '0', where),
        credit,
        tier: /batch/i.test(type) ? 'batch' : '',
      },
    ];
  },
};

function zerosOf(unit: string): string {
  if (/\b1?M\b|million/i.test(unit)) return 'e6';
  return /1K|thousand/i.test(unit) ? 'e3' : '';
}

const openai: CsvForm = {
  is: (columns) => has(columns, 'start_time') && (columns.has('amount_value') || columns.has('input_tokens')),
  read: (row, where) => {
    const day = dayOf(first(row, 'start_time_iso', 'start_time'), where);
    if ('amount_value' in row) {
      const value = row['amount_value'] ?? '';
      if (value === '') return [];
      const item = row['line_item'] ?? '';
      const money = amountOf(value, where);
      const credit = (money.usd ?? 0n) < 0n || /credit|refund|tax/i.test(item);
      return [{ day, ...lineItem(item), quantity: null, ...money, credit, tier: '' }];
    }
    const count = (name: string): bigint => countOf(row[name] || '0', where);
    const cached = count('input_cached_tokens');
    const tier = /true/i.test(row['batch'] ?? '') ? 'batch' : (row['service_tier'] ?? '');
    const counts: readonly (readonly [TokenClass, bigint])[] = [
      ['input', count('input_tokens') - cached],
      ['cache_read', cached],
      ['output', count('output_tokens')],
    ];
    const model = row['model'] ?? '';
    return counts
      .filter(([, quantity]) => quantity > 0n)
      .map(([tokenClass, quantity]) => ({
        day,
        model,
        tokenClass,
        quantity,
        usd: null,
        credit: false,
        tier,
        rounding: 0n,
      }));
  },
};

/** Any table with a day and an amount or a quantity. */
const plain: CsvForm = {
  is: (columns) =>
    PLAIN.day.some((name) => columns.has(name)) && [...PLAIN.usd, ...PLAIN.quantity].some((name) => columns.has(name)),
  read: (row, where) => {
    const usd = first(row, ...PLAIN.usd);
    const quantity = first(row, ...PLAIN.quantity);
    const money = usd === '' ? { usd: null, rounding: 0n } : amountOf(usd.replace(/^\$/, ''), where);
    const kind = first(row, 'kind', 'type', 'category');
    return [
      {
        day: dayOf(first(row, ...PLAIN.day), where),
        model: first(row, 'model'),
        tokenClass: classOf(first(row, 'class', 'token_class', 'token_type', 'meter')),
        quantity: quantity === '' ? null : countOf(quantity, where),
        ...money,
        credit: (money.usd ?? 0n) < 0n || CREDIT.test(kind),
        tier: first(row, 'tier', 'service_tier'),
      },
    ];
  },
};
const PLAIN = {
  day: ['day', 'date', 'usage_date', 'usage_date_utc'],
  usd: ['usd', 'cost_usd', 'cost', 'amount', 'amount_usd'],
  quantity: ['quantity', 'tokens', 'token_count', 'usage'],
} as const;

/** The lines of a table; undefined when its columns are of no known form. */
export function readCsvStatement(text: string, name: string): StatementLine[] | undefined {
  const rows = parseCsv(text);
  const columns = new Set(Object.keys(rows[0] ?? {}));
  const form = [focus, cur, openai, plain].find(({ is }) => is(columns));
  return form === undefined ? undefined : rows.flatMap((row, index) => form.read(row, `${name}: line ${index + 2}`));
}
