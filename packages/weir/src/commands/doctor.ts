import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage } from '@weir/kernel';
import { tryPort } from '../check-ports.ts';
import { UNPRICED_QUERY, type UnpricedModel, unpricedLines } from '../price/unpriced-models.ts';
import { watchedGroups } from '../processes/lag-metrics.ts';
import { type RunFile, readRunFile } from '../run-file.ts';
import { localLogDirectory, type Settings } from '../settings.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { queryOverHttp } from './sql.ts';
import { openExistingLog } from './subscribe.ts';

interface Finding {
  readonly ok: boolean;
  readonly text: string;
  readonly fix?: string;
}

export const doctor: Command = {
  name: 'doctor',
  usage: '',
  summary: 'Check this installation and the running Weir: one line each, with what to do.',
  options: {},
  examples: ['npm start -- doctor'],
  async run({ settings, out, signal }) {
    const running = readRunFile(settings.runDirectory);
    const findings: Finding[] = [
      { ok: true, text: `Weir ${WEIR_VERSION} on Node ${process.versions.node}, ${process.platform}-${process.arch}` },
      { ok: true, text: `configuration: ${settings.file ?? 'defaults (no weir.yaml)'}` },
      ...directories(settings),
      await processes(settings, running),
      ...(running === undefined ? [] : await endpoints(settings, running, signal)),
      ...(await logState(settings)),
    ];
    for (const finding of findings) {
      out(
        `${finding.ok ? '✓' : '✗'} ${finding.text}${finding.ok || finding.fix === undefined ? '' : `\n    ${finding.fix}`}`,
      );
    }
    return findings.every((finding) => finding.ok) ? 0 : 1;
  },
};

const GIBIBYTE = 1024 ** 3;

function directories(settings: Settings): Finding[] {
  const named = [localLogDirectory(settings), settings.warehouseDirectory].filter((path) => path !== undefined);
  return named.map((path) => {
    let parent = path;
    while (!existsSync(parent)) parent = dirname(parent);
    try {
      accessSync(parent, constants.W_OK);
      const { bavail, bsize } = statfsSync(parent);
      const free = (bavail * bsize) / GIBIBYTE;
      const text = `${path}: writable, ${free.toFixed(1)} GiB free`;
      return free >= 1 ? { ok: true, text } : { ok: false, text, fix: 'Free some disk space.' };
    } catch (error) {
      return { ok: false, text: `${path}: ${errorMessage(error)}`, fix: 'Check the path and its permissions.' };
    }
  });
}

async function processes({ config }: Settings, running: RunFile | undefined): Promise<Finding> {
  if (running !== undefined) {
    return { ok: true, text: `running since ${running.startedAt} (pid ${running.pid})` };
  }
  const code = await tryPort(config.ingress.host, config.ingress.port);
  if (code === undefined) return { ok: true, text: `not running; port ${config.ingress.port} is free` };
  return {
    ok: false,
    text: `not running, and port ${config.ingress.port} cannot be used: ${code}`,
    fix: 'Stop the program that has it, or set ingress.port.',
  };
}

async function endpoints(settings: Settings, running: RunFile, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, url] of [
    ['gateway', `${running.ingressUrl}/readyz`],
    ['console', running.consoleUrl],
  ] as const) {
    if (url === null) continue;
    try {
      const response = await fetch(url, { signal });
      findings.push({
        ok: response.ok,
        text: `${name}: ${url} answered ${response.status}`,
        fix: 'See its log lines.',
      });
    } catch (error) {
      findings.push({ ok: false, text: `${name}: ${url}: ${errorMessage(error)}`, fix: 'See its log lines.' });
    }
  }
  try {
    const query = 'SELECT count(), countIf(cost_usd IS NULL), sum(cost_usd) FROM requests';
    const [rows, unpriced, spend] = (await queryOverHttp(settings, query, 'TSV', signal)).trim().split('\t');
    findings.push({
      ok: true,
      text: `ledger: ${rows} rows, ${spend === '\\N' ? 0 : spend} USD, ${unpriced} of unknown cost`,
    });
    findings.push(...(await unpricedModels(settings, signal)));
  } catch (error) {
    findings.push({ ok: false, text: `ledger: ${errorMessage(error)}`, fix: 'See the log lines of the pipeline.' });
  }
  return findings;
}

/** Traffic whose cost nobody knows is found here before it is missed in a sum. */
async function unpricedModels(settings: Settings, signal: AbortSignal): Promise<Finding[]> {
  const answer = await queryOverHttp(settings, UNPRICED_QUERY, 'JSONEachRow', signal);
  const models = answer
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as UnpricedModel);
  if (models.length === 0) return [{ ok: true, text: 'prices: every model of the last 7 days has one' }];
  const lines = unpricedLines(models).map((line) => `\n    ${line}`);
  return [
    {
      ok: false,
      text: `prices: models of the last 7 days without one:${lines.join('')}`,
      fix: 'Price them in cost.price_terms (overrides), say what their names mean (aliases), or load a newer price book.',
    },
  ];
}

async function logState(settings: Settings): Promise<Finding[]> {
  const { log: address } = settings;
  if (address.kind === 'embedded' && !existsSync(address.directory)) {
    return [{ ok: true, text: 'log: not made yet' }];
  }
  const where = address.kind === 'embedded' ? address.directory : address.url;
  const findings: Finding[] = [];
  try {
    const log = await openExistingLog(settings);
    for (const topic of await log.describe()) {
      const share = topic.maxBytes === null ? 0 : (topic.bytes ?? 0) / topic.maxBytes;
      const size = topic.bytes === null ? '' : `, ${(topic.bytes / 1024 ** 2).toFixed(1)} MiB`;
      const text = `${topic.name}: ${topic.records} records${size}`;
      findings.push({ ok: share < 0.9, text, fix: 'Nearly full: see why its readers lag, or raise max_bytes.' });
    }
    for (const [group, topic] of watchedGroups(settings.config)) {
      const behind = (await log.lag(group, topic)).reduce((sum, { lag }) => sum + lag, 0);
      findings.push({ ok: true, text: `${group}: ${behind} records behind on ${topic}` });
    }
    await log.close();
  } catch (error) {
    findings.push({ ok: false, text: `log: ${errorMessage(error)}`, fix: `Look at ${where}.` });
  }
  return findings;
}
