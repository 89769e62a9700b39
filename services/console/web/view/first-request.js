import { copyButton, h } from './dom.js';

/**
 * What to do while the ledger is empty: send the first request.
 * @param {string} gatewayUrl
 */
export function firstRequest(gatewayUrl) {
  const command = [
    `curl ${gatewayUrl}/openai/v1/chat/completions \\`,
    `  -H "Authorization: Bearer $OPENAI_API_KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -H 'cf-aig-metadata: {"feature":"first-steps","env":"dev","user":"me"}' \\`,
    `  -d '{"model":"gpt-5-mini","messages":[{"role":"user","content":"Say hello."}]}'`,
  ].join('\n');
  return h(
    'div',
    { class: 'card first' },
    h('h2', {}, 'Send the first request'),
    h(
      'p',
      {},
      'There is nothing in this time, nor in the equal time before it. Call a provider through Weir with your own key; the request appears here about a second later.',
    ),
    h('pre', { tabindex: 0 }, command),
    h('p', { class: 'row' }, copyButton(command), `or point the base URL of your SDK at ${gatewayUrl}/openai/v1`),
  );
}
