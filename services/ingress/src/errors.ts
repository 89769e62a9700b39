/** Every code this package gives, with what it means and what to do. */
export const INGRESS_ERRORS = {
  INGRESS_PROVIDER_UNKNOWN:
    'The path names a provider that Weir does not know. Use a slug of the provider table, or configure a custom one.',
  INGRESS_GATEWAY_UNKNOWN: 'The path names a gateway that is not configured. Add it under gateways, or use "default".',
  INGRESS_ACCOUNT_UNKNOWN:
    'The path names an account that is not configured, or that may not call this gateway. See accounts in weir.yaml.',
  INGRESS_CONFIG_INVALID: 'A part of the configuration names another that is not there. The message names both.',
  INGRESS_PATH_INVALID: 'The path cannot be turned into an upstream URL. Compare it with the form in the description.',
  INGRESS_UNAUTHORIZED:
    'The gateway asks for a token, and the call has none that is valid. Send one in cf-aig-authorization.',
  INGRESS_RATE_LIMITED: 'A rate limit is reached. Retry after the time that the answer names, or raise the limit.',
  INGRESS_BUDGET_EXCEEDED:
    'A hard budget has no room for what the call may cost. Wait for its next period, ask for less, or raise it.',
  INGRESS_BUDGET_CUT:
    'A stream outgrew what was reserved for it, and a hard budget with cut_streams had no room for more. Ask for less, or raise it.',
  INGRESS_STATE_UNREACHABLE:
    'Limits could not be counted, and shared_state.when_unreachable is refuse. Check the server of shared_state.url.',
  INGRESS_DENIED: 'The token may not make this call. The description says what it may not; see tokens in weir.yaml.',
  INGRESS_KEY_UNKNOWN:
    'The call needs a stored key of the provider, and there is none of that alias that it may use. See provider_keys.',
  INGRESS_CREDENTIAL_FAILED: 'No access token could be had for the stored key of the provider. See the log line.',
  INGRESS_NOT_SUPPORTED: 'The path or protocol is known, but this version does not serve it. Use the provider path.',
  INGRESS_REQUEST_INVALID: 'A method or header of the request cannot be sent upstream. Correct the request.',
  INGRESS_UNIVERSAL_INVALID:
    'The body of a universal request is not of its form. The description names the field; compare docs/routing.md.',
  INGRESS_BODY_TOO_LARGE: 'The request body is larger than request_body_bytes_max. Send less, or raise the limit.',
  INGRESS_OVERLOADED: 'As many calls are in flight as the configuration allows. Retry, or add workers.',
  INGRESS_LOG_FULL: 'The event log is at its byte limit, so a call could not be recorded. Check its readers and disk.',
  INGRESS_STOPPING: 'The ingress stopped before the call had ended. Retry; another instance answers.',
  INGRESS_EVENT_LOST: 'An event could not be written to the log before the process ended; its log line holds the row.',
  UPSTREAM_REFUSED: 'Nothing listens at the address of the provider. Check the base URL.',
  UPSTREAM_DNS: 'The host name of the provider cannot be resolved. Check the base URL and the DNS.',
  UPSTREAM_UNREACHABLE: 'There is no route to the provider. Check the network of this machine.',
  UPSTREAM_TLS: 'The TLS handshake with the provider failed. Check the scheme, the host name and the certificate.',
  UPSTREAM_CONNECT_TIMEOUT: 'No connection to the provider within connect_timeout. Check the network.',
  UPSTREAM_FIRST_BYTE_TIMEOUT: 'The provider sent no answer within first_byte_timeout. Retry, or raise the limit.',
  UPSTREAM_IDLE_TIMEOUT: 'The provider paused its answer for longer than idle_timeout. Retry, or raise the limit.',
  UPSTREAM_RESET: 'The provider closed the connection before its answer was whole. Retry.',
  UPSTREAM_BAD_RESPONSE: 'The provider sent something that is not valid HTTP/1.1. Check that the base URL is its API.',
  UPSTREAM_HOSTS_LIMIT: 'More upstream hosts are in use than upstream_hosts_max. Raise it if all are meant.',
  UPSTREAM_DRAIN_LIMIT: 'The client had left and the answer went on beyond the drain limits, so reading it was ended.',
  UPSTREAM_ALL_FAILED:
    'Every attempt failed, and the gateway is set to answer 400/2005 then, as Cloudflare. See the rows of the call.',
  UPSTREAM_FAILED: 'The call to the provider failed in a way that has no code of its own. See the log line.',
} as const;
export type IngressErrorCode = keyof typeof INGRESS_ERRORS;
