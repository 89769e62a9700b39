import { unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@weir/config';
import { checkRouting } from '@weir/ingress';
import { errorMessage, type Started, WeirError } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import { loadSettings, type Settings } from '../settings.ts';
import { routingConfig } from './ingress-config.ts';

/** Sections that a running ingress takes on; the others are read at the start. */
const LIVE: readonly (keyof Config)[] = [
  'accounts',
  'gateways',
  'tokens',
  'provider_keys',
  'providers',
  'custom_providers',
];
const POLL_MS = 1_000;

export interface ConfigReloaderOptions {
  /** As at the start. */
  readonly settings: Settings;
  readonly logger: Logger;
  readonly demoProviderUrl: string | undefined;
  /** Told of each configuration that is whole and valid, and differs from the last in what can change. */
  onChange(config: Config): void;
}

export interface ConfigReloader {
  /** The configuration in force: that of the start, with the live sections of the last good reload. */
  readonly config: Config;
}

/**
 * Reads weir.yaml again when it changes and on SIGHUP. A file that is wrong changes nothing: the log says what is wrong
 * with it, and the last good configuration stays in force, for processes that are started again too.
 */
export function startConfigReloader(options: ConfigReloaderOptions): Started<ConfigReloader> {
  const { settings, logger, demoProviderUrl } = options;
  const { file } = settings;
  let { config } = settings;
  let read: Config = config;
  const reload = (): void => {
    try {
      const next = loadSettings(file).config;
      checkRouting(routingConfig(next, demoProviderUrl));
      warnOfLateSections(read, next, logger);
      read = next;
      const live = Object.fromEntries(LIVE.map((section) => [section, next[section]]));
      const merged: Config = { ...config, ...live };
      if (isDeepStrictEqual(merged, config)) return;
      config = merged;
      options.onChange(config);
      logger.info({ file, sections: LIVE }, 'configuration reloaded');
    } catch (error) {
      const fix = WeirError.is(error) ? error.fix : undefined;
      logger.error({ reason: errorMessage(error), fix }, 'the new configuration is wrong; the old one stays in force');
    }
  };
  // Looks at the name, not the inode: editors and orchestrators replace files and links.
  if (file !== undefined) watchFile(file, { interval: POLL_MS }, reload);
  // On a terminal, SIGHUP means that the terminal is gone.
  const signalled = process.stdin.isTTY !== true;
  if (signalled) process.on('SIGHUP', reload);
  return {
    value: {
      get config() {
        return config;
      },
    },
    async stop() {
      if (file !== undefined) unwatchFile(file, reload);
      if (signalled) process.off('SIGHUP', reload);
    },
  };
}

function warnOfLateSections(before: Config, after: Config, logger: Logger): void {
  const sections = (Object.keys(after) as (keyof Config)[]).filter(
    (section) => !LIVE.includes(section) && !isDeepStrictEqual(before[section], after[section]),
  );
  if (sections.length > 0) logger.warn({ sections }, 'these sections of weir.yaml take effect at the next start');
}
