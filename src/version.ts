declare const OFFLOAD_VERSION: string | undefined;

/** The version of this program; `build.mjs` puts it in from package.json. */
export const VERSION = typeof OFFLOAD_VERSION === 'string' ? OFFLOAD_VERSION : '0.0.0-source';
