import { describeConfig } from '@weir/config';
import { Releasers } from '@weir/kernel';
import { runDemoTraffic, startReplayProvider } from '@weir/testkit';
import { checkPorts, type WantedPort } from '../check-ports.ts';
import { processTelemetry } from '../processes/process-telemetry.ts';
import { startSupervisor } from '../processes/supervisor.ts';
import { readRunFile, removeRunFile, writeRunFile } from '../run-file.ts';
import { alreadyRunning, ensureDirectory, loadDefaults, localLogDirectory, type Settings } from '../settings.ts';
import { untilAborted } from '../until-aborted.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Command, CommandInput } from './command.ts';

export const up: Command = {
  name: 'up',
  usage: '',
  summary: 'Start Weir: gateway, pipeline, SQL endpoint and console, on the embedded defaults.',
  options: {
    demo: { help: 'answer for every provider from recorded shapes and send varied traffic; needs no key' },
    'print-config': { help: 'print the whole configuration, secrets redacted, and exit' },
  },
  examples: ['npm start', 'npm start -- --demo', 'npm start -- --config weir.yaml'],
  run: runUp,
};

/** The service traffic of the demo: quick enough to fill a chart, slow enough to watch. */
const DEMO_RATE_PER_SECOND = 8;

async function runUp(input: CommandInput): Promise<number> {
  const { settings, out } = input;
  const { config } = settings;
  if (input.options['print-config'] === true) {
    out(describeConfig(config));
    return 0;
  }
  const running = readRunFile(settings.runDirectory);
  if (running !== undefined) throw alreadyRunning(running.pid, running.ingressUrl);
  for (const directory of [localLogDirectory(settings), settings.runDirectory]) ensureDirectory(directory);
  if (settings.warehouseDirectory !== undefined) ensureDirectory(settings.warehouseDirectory);
  await checkPorts(wantedPorts(settings));
  const { logger } = processTelemetry('weir', config);
  logger.info({ config: describeConfig(config, loadDefaults()) }, 'configuration (what differs from the defaults)');

  const releasers = new Releasers();
  try {
    let demoProviderUrl: string | undefined;
    if (input.options['demo'] === true) {
      const replay = await startReplayProvider({ port: 0 });
      releasers.add('replay provider', () => replay.stop());
      demoProviderUrl = replay.value.url;
    }
    const supervisor = await startSupervisor({ settings, pipeline: true, logger, demoProviderUrl });
    releasers.add('supervisor', () => supervisor.stop());
    const urls = supervisor.value;
    const ingressUrl = urls['ingress'] ?? '';
    writeRunFile(settings.runDirectory, {
      pid: process.pid,
      startedAt: new Date().toISOString(),
      version: WEIR_VERSION,
      ingressUrl,
      sqlUrl: urls['sql'] ?? null,
      consoleUrl: urls['console'] ?? null,
      demoProviderUrl: demoProviderUrl ?? null,
    });
    releasers.add('run file', () => removeRunFile(settings.runDirectory));
    out(welcome(urls, demoProviderUrl !== undefined));
    if (demoProviderUrl !== undefined) void runDemo(ingressUrl, input, logger);
    await untilAborted(input.signal);
    logger.info('stopping: open streams are finished, what was accepted is handled');
    return 0;
  } finally {
    await releasers.stop();
  }
}

function wantedPorts({ config, warehouseDirectory }: Settings): WantedPort[] {
  const wanted = [{ field: 'ingress.port', host: config.ingress.host, port: config.ingress.port }];
  if (config.console.enabled) {
    wanted.push({ field: 'console.port', host: config.console.host, port: config.console.port });
  }
  if (config.sql.enabled && warehouseDirectory !== undefined) {
    wanted.push({ field: 'sql.port', host: config.sql.host, port: config.sql.port });
  }
  return wanted;
}

function welcome(urls: Readonly<Record<string, string>>, demo: boolean): string {
  const { ingress = '', sql, console: page } = urls;
  const lines = [
    '',
    `  Weir ${WEIR_VERSION} is running.`,
    '',
    `  gateway   ${ingress}/openai/v1   (any provider: ${ingress}/<provider>/…)`,
  ];
  if (sql !== undefined) lines.push(`  SQL       ${sql}   (ClickHouse HTTP interface, database weir)`);
  if (page !== undefined) lines.push(`  console   ${page}`);
  lines.push('');
  if (demo) lines.push('  Demo traffic is being sent; no provider is called. Rows appear within seconds:');
  else lines.push('  Point an SDK at the gateway by its base URL; then ask what it cost:');
  lines.push(
    '    npm start -- sql "SELECT ts, response_model, input_tokens, output_tokens, cost_usd FROM requests"',
    '',
  );
  return lines.join('\n');
}

async function runDemo(baseUrl: string, input: CommandInput, logger: ReturnType<typeof processTelemetry>['logger']) {
  try {
    await runDemoTraffic({ baseUrl, ratePerSecond: DEMO_RATE_PER_SECOND, signal: input.signal });
  } catch (error) {
    logger.error({ error }, 'demo traffic stopped');
  }
}
