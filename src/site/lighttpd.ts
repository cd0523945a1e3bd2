import { block, comment, type Flavour, handoffText, limitNote, plain, type Site } from './site.js';

/** lighttpd, which runs the script for every URL. */
export const lighttpd: Flavour = {
  usual: 'x-sendfile',
  ways: ['x-sendfile'],
  write: (site) => ({
    about: 'lighttpd (1.4.46 and later), which runs offload.cgi',
    install: [
      'as a file in /etc/lighttpd/conf-enabled, then',
      '    lighttpd -tt -f /etc/lighttpd/lighttpd.conf && systemctl restart lighttpd',
      "The cache directory must belong to lighttpd's user (www-data).",
    ],
    lines: [
      'server.modules += ("mod_alias", "mod_cgi", "mod_setenv")',
      ...(site.name === undefined ? body(site) : block(`$HTTP["host"] =~ "^${pattern(site.name)}(:[0-9]+)?$"`, body(site))),
    ],
  }),
};

function body(site: Site): string[] {
  const script = site.script;
  const settings = site.handoff === undefined ? site.variables : [...site.variables, { env: 'OFFLOAD_HANDOFF', text: handoffText(site) }];
  return [
    comment('What the script sends goes on at once, as fast as the client takes it. With 1 lighttpd takes it all, and keeps what a slow'),
    comment("client doesn't take yet in a file: for each client a copy on the disk. Without it nothing goes out before the script's end."),
    'server.stream-response-body = 2',
    comment('Every URL is the script\'s. The slash at the end of its path matters: without it only "/" would be.'),
    `alias.url = ("/" => "${script}/")`,
    `cgi.assign = ("${script.slice(script.lastIndexOf('/') + 1)}" => "")`,
    ...limitNote(site),
    'setenv.set-environment = (',
    ...settings.map(({ env, text }) => `    "${env}" => "${plain(env, text)}",`),
    ')',
    ...handover(site),
  ];
}

function handover({ handoff, settings }: Site): string[] {
  if (handoff === undefined) return [];
  return [
    comment('Hand-over: the script names the file and ends, lighttpd sends it; from the cache, and from nowhere else.'),
    'cgi.x-sendfile = "enable"',
    `cgi.x-sendfile-docroot = ("${plain('OffloadCacheDir', settings.cacheDir)}/")`,
    comment('An object that is gone before lighttpd opens it must not become a 404: the script gets the request a second time.'),
    'server.error-handler-404 = "/.offload-second-try"',
  ];
}

function pattern(name: string): string {
  return name.replace(/[^\w-]/g, (c) => `[${c}]`);
}
