export { GOLDEN_EVENTS } from './golden-events.ts';
