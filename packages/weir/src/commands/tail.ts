import { createCodec, EVENTS } from '@weir/events';
import { picoToText } from '@weir/kernel';
import type { Command } from './command.ts';
import { tailTopic } from './subscribe.ts';

export const tail: Command = {
  name: 'tail',
  usage: '',
  summary: 'Print each request as it is priced: time, status, model, tokens, cost.',
  options: { from: { value: 'where', help: '`latest` (default) or `earliest`' } },
  examples: ['npm start -- tail'],
  async run(input) {
    const codec = createCodec('cost');
    input.err('time          status  provider/model                            in      out      ms  cost USD');
    await tailTopic(input, EVENTS.cost.topic, (value) => {
      const event = codec.decode(value);
      const model = `${event.provider}/${event.response_model || event.request_model || event.operation}`;
      const cost = event.cost_usd === null ? `unknown (${event.unpriced_reason})` : picoToText(event.cost_usd);
      const columns = [
        new Date(event.ts).toISOString().slice(11, 23),
        String(event.status || event.error_code).padEnd(7),
        model.slice(0, 38).padEnd(38),
        String(event.input_tokens).padStart(7),
        String(event.output_tokens).padStart(8),
        String(event.duration_ms).padStart(7),
        cost,
      ];
      input.out(columns.join(' '));
      return true;
    });
    return 0;
  },
};
