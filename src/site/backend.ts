import { plainPath, type Site } from './site.js';

/** Where `offload serve` listens, as proxies write it: `http://127.0.0.1:8080`, or a Unix socket and a name for it. */
export function backendOf({ settings: { listen } }: Site): { readonly href: string; readonly socket: string | undefined } {
  if ('path' in listen) return { href: 'http://offload', socket: plainPath('OffloadListen', listen.path) };
  const host = listen.host === '' || listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  return { href: `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`, socket: undefined };
}

/** What the operator must know of the process behind. */
export function serveNote(site: Site): string[] {
  const { handoff, settings } = site;
  const trusts = 'path' in settings.listen || settings.trustedProxy.length > 0;
  return [
    'Behind it runs `offload serve` with the settings above, from its environment, its flags or /etc/offload.conf.',
    ...(handoff === undefined
      ? []
      : [
          "It must run as the web server's user (www-data), who else can't read the cache.",
          ...(trusts ? [] : ['Hand-over needs one more: OffloadTrustedProxy with the address that this web server comes from (127.0.0.1).']),
        ]),
  ];
}
