import { createConsole } from '@weir/console';
import type { Part } from './part.ts';

export const consolePart: Part = async ({ settings, logger, warehouse, sqlUrl }) => {
  const { console: page, ingress } = settings.config;
  const gatewayUrl = `http://${ingress.host}:${ingress.port}`;
  const addresses = { host: page.host, port: page.port, gatewayUrl, ...(sqlUrl === undefined ? {} : { sqlUrl }) };
  const started = await createConsole(addresses, { warehouse: await warehouse(), logger });
  return { value: { console: started.value.url }, stop: () => started.stop() };
};
