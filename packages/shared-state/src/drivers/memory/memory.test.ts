import { describeSharedState } from '../../testing/index.ts';
import { openMemoryState } from './index.ts';

describeSharedState('memory', async () => {
  let now = 1_800_000_000_123;
  const state = openMemoryState({ clock: { now: () => now, monotonic: () => now } });
  const pass = async (ms: number): Promise<void> => {
    now += ms;
  };
  return { state, pass, close: () => state.close() };
});
