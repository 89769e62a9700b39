/** Every code this package gives, with what it means and what to do. */
export const PROVIDERS_ERRORS = {
  PROVIDER_UNKNOWN:
    'The path names a provider that Weir does not know. Use a slug of the table in docs, or configure a custom provider.',
  UPSTREAM_PATH_INVALID:
    'The path after the provider cannot be turned into an upstream URL. Compare it with the form in the message.',
  UPSTREAM_HOST_INVALID:
    'A resource, region or model id in the path is not a plain name of letters, digits and hyphens. Correct it.',
  UPSTREAM_ACCOUNT_MISSING:
    'The provider needs an account id to build its URL. Put it into the configuration of the gateway.',
} as const;
