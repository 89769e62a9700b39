import { resolve } from 'node:path';
import { systemClock } from '@weir/kernel';
import type { SharedState } from '@weir/shared-state';
import { openEmbeddedState } from '@weir/shared-state/drivers/embedded';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import { openRedisState } from '@weir/shared-state/drivers/redis';
import type { Logger } from '@weir/telemetry';
import type { Settings } from '../settings.ts';

/** Opens where limits and budgets count. @throws WeirError `STATE_OPEN_FAILED`. */
export function openState({ config, baseDirectory }: Settings, logger: Logger): SharedState {
  const { url, timeout_ms: timeoutMs } = config.shared_state;
  if (url === 'memory:') return openMemoryState({ clock: systemClock });
  if (url.startsWith('redis')) {
    return openRedisState({
      url,
      timeoutMs,
      onError: (reason) => logger.warn({ reason }, 'Redis of the shared state'),
    });
  }
  return openEmbeddedState({ directory: resolve(baseDirectory, url.slice('embedded:'.length)), clock: systemClock });
}
