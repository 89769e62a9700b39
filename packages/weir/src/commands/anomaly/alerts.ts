import { userInfo } from 'node:os';
import { alertKey, scopeKeyOf } from '@weir/anomaly';
import { type AlertActionEvent, createCodec, EVENTS } from '@weir/events';
import { systemClock, WeirError } from '@weir/kernel';
import { timeOption } from '../../ledger/time-option.ts';
import { openLog } from '../../open-log.ts';
import { eventFraming } from '../../processes/event-framing.ts';
import { processTelemetry } from '../../processes/process-telemetry.ts';
import type { Command, CommandInput } from '../command.ts';
import { queryOverHttp } from '../sql.ts';
import { openExistingLog } from '../subscribe.ts';

export const alerts: Command = {
  name: 'alerts',
  usage: '<list|ack|mute|withdraw>',
  summary: 'List alerts; acknowledge one; mute one or a scope, with an end and a reason; withdraw what was said.',
  options: {
    until: { value: 'time', help: 'mute: when it ends, ISO 8601 (default: never)' },
    for: { value: 'span', help: 'mute: how long it lasts instead, like 90m, 8h or 7d' },
    reason: { value: 'text', help: 'why; webhooks and the table `alerts` keep it' },
    by: { value: 'name', help: 'who says so (default: the user of this machine)' },
    days: { value: 'count', help: 'list: how far back (default: 7)' },
    all: { help: 'list: resolved ones too' },
    json: { help: 'list: JSON lines' },
  },
  examples: [
    'npm start -- alerts list',
    'npm start -- alerts ack 9b2f1a52-6c1e-5f6b-9d1e-000000000001 --reason "the new prompt is wanted"',
    'npm start -- alerts mute kind=prompt_change feature=chat* --for 8h --reason "prompt experiments"',
    'npm start -- alerts withdraw kind=prompt_change feature=chat*',
  ],
  run: runAlerts,
};

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SPANS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

async function runAlerts(input: CommandInput): Promise<number> {
  const [what = 'list', ...about] = input.positionals;
  if (what === 'list') return list(input);
  const action = { ack: 'acknowledge', mute: 'mute', withdraw: 'withdraw' }[what];
  if (action === undefined) throw usage(`there is no "alerts ${what}"`, 'Use list, ack, mute or withdraw.');
  const said = wordOf(action as AlertActionEvent['action'], about, input);
  await say(said, input);
  const end = said.until === null ? '' : ` until ${new Date(said.until).toISOString()}`;
  input.out(
    `${{ acknowledge: 'acknowledged', mute: 'muted', withdraw: 'withdrawn' }[said.action]}: ${said.action_key}${end}`,
  );
  return 0;
}

function wordOf(action: AlertActionEvent['action'], about: readonly string[], input: CommandInput): AlertActionEvent {
  const { options } = input;
  const at = systemClock.now();
  const [first = ''] = about;
  const common = {
    action,
    until: action === 'mute' ? endOf(input, at) : null,
    reason: String(options['reason'] ?? ''),
    by: String(options['by'] ?? userInfo().username),
    at,
  };
  if (about.length === 1 && ID.test(first))
    return { ...common, action_key: alertKey(first), anomaly_id: first, pattern: {} };
  if (action === 'acknowledge') throw usage('ack needs the id of an alert', '`weir alerts list` prints them.');
  const pairs = about.map((pair) => pair.split(/=(.*)/s, 2));
  if (pairs.length === 0 || pairs.some(([name = '', value]) => !/^[a-z_.]+$/.test(name) || value === undefined)) {
    throw usage(
      `"${about.join(' ')}" is neither the id of an alert nor name=value`,
      'Write kind=prompt_change feature=chat*.',
    );
  }
  const pattern = Object.fromEntries(pairs) as Record<string, string>;
  return { ...common, action_key: scopeKeyOf(pattern), anomaly_id: '', pattern };
}

function endOf(input: CommandInput, now: number): number | null {
  const span = input.options['for'];
  if (span === undefined) return input.options['until'] === undefined ? null : timeOption(input, 'until', now);
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(String(span)) ?? [];
  if (count === '') throw usage(`--for is "${String(span)}"`, 'Write it like 90m, 8h or 7d.');
  return now + Number(count) * (SPANS[unit] ?? 0);
}

/** Durable once this resolves: webhooks hear it within a moment, and after every restart. */
async function say(word: AlertActionEvent, { settings }: CommandInput): Promise<void> {
  await (await openExistingLog(settings)).close();
  const log = await openLog(settings, processTelemetry('weir', settings.config).logger);
  try {
    const framing = await eventFraming(settings.config);
    const value = createCodec('alert-action', framing['alert-action']).encode(word);
    await log.append(EVENTS['alert-action'].topic, [{ key: word.action_key, value }]);
  } finally {
    await log.close();
  }
}

interface AlertLine {
  readonly anomaly_id: string;
  readonly detected_at: string;
  readonly status: string;
  readonly severity: string;
  readonly handling: string;
  readonly message: string;
}

async function list({ settings, options, out, signal }: CommandInput): Promise<number> {
  const days = Number(options['days'] ?? 7);
  if (!(days > 0)) throw usage(`--days is "${String(options['days'])}"`, 'Give a number of days.');
  const query = `SELECT anomaly_id, formatDateTime(detected_at, '%F %H:%i') AS detected_at, status, severity, kind, handling,
      handling_reason, handled_by, message
    FROM alerts WHERE alerts.detected_at > now() - INTERVAL ${Math.round(days * 86_400)} SECOND
      ${options['all'] === true ? '' : "AND status != 'resolved'"}
    ORDER BY alerts.detected_at DESC`;
  const text = await queryOverHttp(settings, query, 'JSONEachRow', signal);
  const lines = text.split('\n').filter((line) => line !== '');
  if (options['json'] === true) for (const line of lines) out(line);
  else for (const line of lines) out(lineText(JSON.parse(line) as AlertLine));
  if (lines.length === 0 && options['json'] !== true) out('no alerts');
  return 0;
}

function lineText({ anomaly_id, detected_at, status, severity, handling, message }: AlertLine): string {
  const state = [status, severity, ...(handling === '' ? [] : [handling])].join(', ');
  return `${detected_at}  ${anomaly_id}  [${state}] ${message}`;
}

const usage = (message: string, fix: string): WeirError => new WeirError('CLI_USAGE', message, { fix });
