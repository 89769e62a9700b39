import type { Dims } from '../priced-event.ts';
import { TUNING } from '../tuning.ts';
import type { WatchDeps } from './moment.ts';

/** The scope of a stream by name. */
export function streamDims({ streams, ids }: Pick<WatchDeps, 'streams' | 'ids'>, stream: number): Dims {
  return {
    tenant: ids.tenant.nameOf(streams.tenantOf(stream)),
    env: ids.env.nameOf(streams.envOf(stream)),
    feature: ids.feature.nameOf(streams.featureOf(stream)),
  };
}

export const isProduction = (env: string | undefined): boolean =>
  env === undefined || (TUNING.money.production as readonly string[]).includes(env);
