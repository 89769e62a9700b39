export { startTracer, TRACER_GROUP, type TracerConfig } from './service.ts';
