import { environment, FIELDS_BACK, FOR_SCRIPTS, LARGER_PIECES, literally, PATH_STAYS_HERE } from './apache-parts.js';
import { comment, directoryOf, type Flavour, handoffText, limitNote, plain, section, type Site } from './site.js';

/** The object could not be opened: the script is asked once more, and then sends the file itself. */
const SECOND_TRY = [
  comment('An object that is gone before Apache opens it must not become a 404: the script gets the request a second time.'),
  'ErrorDocument 404 /.offload-second-try',
  'ErrorDocument 403 /.offload-second-try',
];

/** A virtual host that runs the script for every URL. */
export const apache: Flavour = {
  usual: 'x-sendfile',
  ways: ['x-sendfile', 'local-redirect'],
  write: (site) => {
    const script = site.script;
    const second = site.handoff === undefined ? [] : SECOND_TRY;
    return {
      about: 'a virtual host of Apache that runs offload.cgi',
      install: [
        'as a file in /etc/apache2/sites-available, then',
        ...(site.handoff?.way === 'x-sendfile' ? ['    apt install libapache2-mod-xsendfile   # without it the script sends all files itself'] : []),
        `    a2enmod buffer cgid env headers rewrite${site.handoff?.way === 'x-sendfile' ? ' xsendfile' : ''}`,
        '    a2ensite NAME && apachectl configtest && apachectl graceful',
        "The cache directory must belong to the user that scripts run as, usually Apache's (www-data).",
      ],
      lines: section('VirtualHost', `*:${site.port}`, [
        ...(site.name === undefined ? [] : [`ServerName ${site.name}`]),
        comment('A slash in a name (%2F) is none between directories: it is left as it is.'),
        'AllowEncodedSlashes NoDecode',
        ...FOR_SCRIPTS,
        comment('A client must not set the variable HTTP_PROXY ("httpoxy").'),
        'RequestHeader unset Proxy early',
        '',
        ...environment(site),
        ...limitNote(site),
        '',
        ...handover(site),
        comment('Every URL is the script\'s. The slash at the end of its path matters: without it only "/" would be.'),
        `ScriptAlias "/" "${script}/"`,
        ...section('Directory', `"${directoryOf(script)}"`, ['Require all granted', 'AllowOverride None', 'Options FollowSymLinks', ...LARGER_PIECES, ...second]),
      ]),
    };
  },
};

function handover(site: Site): string[] {
  const { handoff, settings } = site;
  const protect = (lines: readonly string[]) => section('Directory', `"${plain('OffloadCacheDir', settings.cacheDir)}"`, lines);
  const shut = [comment('Nobody gets at the cache by a URL.'), ...protect(['Require all denied', 'AllowOverride None']), ''];
  if (handoff === undefined) return shut;
  const marks = [
    'RewriteEngine On',
    'RewriteCond %{ENV:REDIRECT_STATUS} ^40[34]$',
    'RewriteRule ^ - [E=OFFLOAD_SECOND_TRY:1]',
  ];
  if (handoff.way === 'x-sendfile') {
    const lines = [`SetEnv OFFLOAD_HANDOFF "${handoffText(site)}"`, 'XSendFile On', `XSendFilePath "${settings.cacheDir}"`, ...PATH_STAYS_HERE, ...marks];
    return [...shut, comment('Hand-over: the script names the file and ends, Apache sends it.'), ...section('IfModule', 'mod_xsendfile.c', lines), ''];
  }
  return [
    comment('Hand-over: the script names a URL of the cache and ends, Apache sends that file.'),
    `SetEnv OFFLOAD_HANDOFF "${handoffText(site)}"`,
    ...marks,
    comment("Only the script's word leads into the cache (REDIRECT_STATUS 200): such a URL of a client's is one of the base's."),
    'RewriteCond %{ENV:REDIRECT_STATUS} =200',
    `RewriteCond "${settings.cacheDir}/$1" -f`,
    `RewriteRule "^${literally(handoff.prefix)}/(.*)$" "${settings.cacheDir}/$1" [L]`,
    'RewriteCond %{ENV:REDIRECT_STATUS} =200',
    `RewriteRule "^${literally(handoff.prefix)}/" - [E=OFFLOAD_SECOND_TRY:1]`,
    ...protect([
      'Require all granted',
      'AllowOverride None',
      'Options FollowSymLinks',
      ...SECOND_TRY,
      comment('What lies here is sent, never run, whatever its name.'),
      ...section('FilesMatch', '""', ['SetHandler default-handler']),
      comment("The kernel sends the file: a slow download takes 15 KB of memory, else 110. Off if the cache is on a network file system (Apache's manual says why)."),
      'EnableSendfile On',
      ...FIELDS_BACK,
    ]),
    '',
  ];
}
