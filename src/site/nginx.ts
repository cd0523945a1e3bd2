import { NO_HANDOFF } from '../host/serve/handoff.js';
import { backendOf, serveNote } from './backend.js';
import { block, comment, type Configuration, type Flavour, handoffText, limitNote, plain, type Site } from './site.js';

/**
 * Fields of a base's answer that nginx drops when it sends a file instead of a script's body, and is told to add again.
 * Those of offload's own, and the validators, are always among them.
 */
const ALWAYS_READDED = ['age', 'cache-status', 'etag', 'last-modified', 'via'];
const READDED = (
  'access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin ' +
  'access-control-expose-headers access-control-max-age content-digest content-language content-location content-md5 ' +
  'content-security-policy cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy digest link ' +
  'permissions-policy pragma referrer-policy repr-digest timing-allow-origin vary x-cache x-content-type-options ' +
  'x-frame-options x-powered-by x-robots-tag x-served-by x-xss-protection'
).split(' ');

// As in Debian's fastcgi_params, without what only PHP reads.
const PARAMS = [
  'QUERY_STRING $query_string',
  'REQUEST_METHOD $request_method',
  'CONTENT_TYPE $content_type',
  'CONTENT_LENGTH $content_length',
  'REQUEST_URI $request_uri',
  'DOCUMENT_ROOT $document_root',
  'SERVER_PROTOCOL $server_protocol',
  'REQUEST_SCHEME $scheme',
  'GATEWAY_INTERFACE CGI/1.1',
  'SERVER_SOFTWARE nginx/$nginx_version',
  'REMOTE_ADDR $remote_addr',
  'REMOTE_PORT $remote_port',
  'SERVER_ADDR $server_addr',
  'SERVER_PORT $server_port',
  'SERVER_NAME $server_name',
];

/** nginx with fcgiwrap, which runs the script. */
export const nginx: Flavour = {
  usual: `x-accel-redirect /.offload ${READDED.join(' ')}`,
  ways: ['x-accel-redirect'],
  write: (site) =>
    configuration(site, fastcgi, 'nginx with fcgiwrap, which runs offload.cgi', [
      "The cache directory must belong to fcgiwrap's user, and nginx's workers run as the same (www-data).",
      'Each download that is not handed over takes one of fcgiwrap\'s processes for as long as it lasts, and Debian\'s unit',
      'starts ONE. DAEMON_OPTS=-fc64 in /etc/default/fcgiwrap gives it 64; then: systemctl restart fcgiwrap',
    ]),
};

/** nginx before `offload serve`. */
export const nginxProxy: Flavour = {
  usual: `x-accel-redirect /.offload ${READDED.join(' ')}`,
  ways: ['x-accel-redirect'],
  write: (site) => {
    const { href, socket } = backendOf(site);
    const to = socket === undefined ? href.slice('http://'.length) : `unix:${socket}`;
    const { lines, ...rest } = configuration(site, proxy, 'nginx before `offload serve`', serveNote(site));
    return { ...rest, lines: [...block(`upstream ${UPSTREAM}`, [`server ${to};`, 'keepalive 32;']), '', ...lines] };
  },
};

const UPSTREAM = 'offload_serve';

/** How nginx passes a request on; `handsOver` false: we must send the bytes. */
type Pass = (site: Site, handsOver: boolean) => string[];

function configuration(site: Site, pass: Pass, about: string, notes: readonly string[]): Configuration {
  return {
    about,
    install: ['as a file in /etc/nginx/sites-enabled, then', '    nginx -t && systemctl reload nginx', ...notes],
    lines: block('server', [
      `listen ${site.port};`,
      `server_name ${site.name === undefined ? '_' : site.name};`,
      comment("A file goes out as the base has it: compressed on its way, its ETag would be another file's."),
      'gzip off;',
      ...block('location /', pass(site, site.handoff !== undefined)),
      ...handover(site, pass),
    ]),
  };
}

function buffers(kind: 'fastcgi' | 'proxy'): string[] {
  return [
    comment('So much goes on at a time. With the default, a page of 4 KB, nginx does little but call the system.'),
    `${kind}_buffer_size 64k;`,
    comment('Not used here, but nginx wants them to be of that size, too.'),
    `${kind}_buffers 4 64k;`,
  ];
}

function fastcgi(site: Site, handsOver: boolean): string[] {
  const settings = [...site.variables, { env: 'OFFLOAD_HANDOFF', text: handsOver ? handoffText(site) : 'none' }];
  return [
    `fastcgi_pass unix:${site.socket};`,
    comment('What the script sends goes on at once: nginx would keep it in files, fcgiwrap hold back the last 8 KB.'),
    'fastcgi_buffering off;',
    ...buffers('fastcgi'),
    'fastcgi_param NO_BUFFERING 1;',
    comment('As with Apache, Date says when nginx answered.'),
    'fastcgi_hide_header Date;',
    ...PARAMS.map((param) => `fastcgi_param ${param};`),
    comment('A client must not set this variable ("httpoxy").'),
    'fastcgi_param HTTP_PROXY "";',
    `fastcgi_param SCRIPT_FILENAME "${site.script}";`,
    comment('Settings'),
    ...settings.map(({ env, text }) => `fastcgi_param ${env} "${plain(env, text)}";`),
    ...limitNote(site),
  ];
}

function proxy(_: Site, handsOver: boolean): string[] {
  return [
    comment('The URL goes on byte for byte.'),
    `proxy_pass http://${UPSTREAM}$request_uri;`,
    'proxy_http_version 1.1;',
    'proxy_set_header Connection "";',
    'proxy_set_header Host $http_host;',
    comment("The client's address, for OffloadMaxDupeDownloads; what it says itself about that is dropped."),
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header Forwarded "";',
    `proxy_set_header ${NO_HANDOFF} ${handsOver ? '""' : 'none'};`,
    comment('What serve sends goes on at once, and is not kept in files.'),
    'proxy_buffering off;',
    ...buffers('proxy'),
  ];
}

function handover(site: Site, pass: Pass): string[] {
  const { handoff, settings } = site;
  if (handoff === undefined) return [];
  const kind = pass === proxy ? 'proxy' : 'fastcgi';
  return [
    '',
    comment('Hand-over: the answer names a URL below this one, nginx sends that file. From outside there is no such URL.'),
    ...block(`location ^~ ${handoff.prefix}/`, [
      'internal;',
      `alias "${plain('OffloadCacheDir', settings.cacheDir)}/";`,
      comment("Header fields are those of the answer, not the file's. offload hands over nothing that has other fields than these."),
      'etag off;',
      'if_modified_since off;',
      'types { }',
      'default_type "";',
      ...[...ALWAYS_READDED, ...handoff.fields].map((name) => `add_header ${name} $upstream_http_${name.replaceAll('-', '_')};`),
      comment('An object that is gone before nginx opens it must not become a 404: the request is passed on a second time.'),
      'error_page 403 404 = @offload;',
    ]),
    ...block('location @offload', [
      ...pass(site, false),
      comment('nginx has these from the first answer.'),
      ...['Cache-Control', 'Expires', 'Content-Disposition', 'Accept-Ranges'].map((name) => `${kind}_hide_header ${name};`),
    ]),
  ];
}
