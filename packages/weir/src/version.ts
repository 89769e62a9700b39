import manifest from '../package.json' with { type: 'json' };

/** Version of Weir, on every event. */
export const WEIR_VERSION: string = manifest.version;
