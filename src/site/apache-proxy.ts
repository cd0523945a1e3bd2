import { NO_HANDOFF } from '../host/serve/handoff.js';
import { PATH_STAYS_HERE } from './apache-parts.js';
import { comment, type Flavour, handoffText, plain, section, type Site } from './site.js';
import { backendOf, serveNote } from './backend.js';

/** A virtual host before `offload serve`. */
export const apacheProxy: Flavour = {
  usual: 'x-sendfile',
  ways: ['x-sendfile'],
  write: (site) => {
    const { href, socket } = backendOf(site);
    const to = socket === undefined ? href : `unix:${socket}|${href}`;
    return {
      about: 'a virtual host of Apache before `offload serve`',
      install: [
        'as a file in /etc/apache2/sites-available, then',
        `    a2enmod proxy_http headers rewrite${site.handoff === undefined ? '' : ' xsendfile'}`,
        '    a2ensite NAME && apachectl configtest && apachectl graceful',
        ...serveNote(site),
      ],
      lines: section('VirtualHost', `*:${site.port}`, [
        ...(site.name === undefined ? [] : [`ServerName ${site.name}`]),
        comment('A slash in a name (%2F) is none between directories: it is left as it is.'),
        'AllowEncodedSlashes NoDecode',
        comment("A file goes out as the base has it: compressed on its way, its ETag and its ranges would be another file's."),
        'SetEnv no-gzip 1',
        'SetEnv no-brotli 1',
        'ProxyRequests Off',
        comment("Apache adds X-Forwarded-For; what a client invents there or here is not the client's address."),
        'RequestHeader unset Forwarded',
        `RequestHeader unset ${NO_HANDOFF}`,
        ...handover(site, href, socket),
        comment('nocanon: the URL goes on byte for byte.'),
        `ProxyPass "/" "${to}/" nocanon`,
      ]),
    };
  },
};

function handover(site: Site, href: string, socket: string | undefined): string[] {
  if (site.handoff === undefined) return [];
  const to = socket === undefined ? href : `unix:${socket}|${href}`;
  return [
    '',
    comment(`Hand-over: serve, run with OffloadHandoff ${handoffText(site)}, names the file, Apache sends it.`),
    'XSendFile On',
    `XSendFilePath "${plain('OffloadCacheDir', site.settings.cacheDir)}"`,
    ...PATH_STAYS_HERE,
    comment('An object that is gone before Apache opens it must not become a 404: serve gets the request a second time.'),
    ...section('Location', '"/"', ['ErrorDocument 404 /.offload-second-try', 'ErrorDocument 403 /.offload-second-try']),
    'RewriteEngine On',
    'RewriteCond %{ENV:REDIRECT_STATUS} ^40[34]$',
    'RewriteCond %{THE_REQUEST} "^[^ ]+ (?:[A-Za-z]+://[^/ ]*)?(/[^ ]*)"',
    `RewriteRule ^ ${to}%1 [P,NE,E=OFFLOAD_SECOND_TRY:1]`,
    `RequestHeader set ${NO_HANDOFF} none env=OFFLOAD_SECOND_TRY`,
    '',
  ];
}
