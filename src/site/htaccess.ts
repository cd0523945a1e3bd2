import { environment, FIELDS_BACK, FOR_SCRIPTS, literally } from './apache-parts.js';
import { comment, type Flavour, handoffText, limitNote, section, type Site } from './site.js';

/** Shared hosting: a document root, a cgi-bin, and nothing else. */
export const htaccess: Flavour = {
  usual: 'none',
  ways: ['local-redirect'],
  write: (site) => ({
    about: 'a document root of Apache with a cgi-bin (shared hosting)',
    install: [
      'as .htaccess in the document root; and, if the cgi-bin is not below it, in the cgi-bin, too.',
      `offload.cgi is reached at ${site.scriptUrl}, and must be executable.`,
      site.handoff === undefined
        ? 'Hand-over: with OffloadCacheDir in the document root, e.g. as .offload, and OffloadHandoff local-redirect /.offload'
        : `OffloadCacheDir must be ${site.handoff.prefix} in the document root. It needs no .htaccess of its own.`,
    ],
    lines: [
      ...FOR_SCRIPTS,
      comment('A client must not set the variable HTTP_PROXY ("httpoxy").'),
      ...section('IfModule', 'mod_headers.c', ['RequestHeader unset Proxy']),
      '',
      ...environment(site),
      ...limitNote(site),
      '',
      'RewriteEngine On',
      ...handover(site),
      comment("Every URL is the script's, but its own."),
      `RewriteCond %{REQUEST_URI} !=${site.scriptUrl}`,
      `RewriteRule ^ ${site.scriptUrl} [L]`,
    ],
  }),
};

function handover(site: Site): string[] {
  const { handoff, scriptUrl } = site;
  if (handoff === undefined) return [];
  const below = `^${literally(handoff.prefix)}/`;
  return [
    comment('Hand-over: the script names a URL of the cache and ends, Apache sends that file.'),
    `SetEnv OFFLOAD_HANDOFF "${handoffText(site)}"`,
    comment("Only the script's word leads into the cache (REDIRECT_STATUS 200): such a URL of a client's is one of the base's."),
    'RewriteCond %{ENV:REDIRECT_STATUS} =200',
    `RewriteCond %{REQUEST_URI} ${below}`,
    'RewriteCond %{REQUEST_FILENAME} -f',
    'RewriteRule ^ - [L]',
    comment('An object that is gone before Apache opens it must not become a 404: the script gets the request a second time.'),
    'RewriteCond %{ENV:REDIRECT_STATUS} =200',
    `RewriteCond %{REQUEST_URI} ${below}`,
    `RewriteRule ^ ${scriptUrl} [E=OFFLOAD_SECOND_TRY:1,L]`,
    comment('What lies there is sent, never run, whatever its name.'),
    ...section('If', `"%{REQUEST_URI} =~ m#${below}#"`, ['SetHandler default-handler', ...FIELDS_BACK]),
  ];
}
