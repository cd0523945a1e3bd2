import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { put } from './support.js';

/** Bytes of a file that is big enough by default. */
export const BIG = 10_240;

const FRONT_CONTROLLER = `# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase /wp/
RewriteRule ^index\\.cgi$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /wp/index.cgi [L]
</IfModule>
# END WordPress
`;

/** Names with everything in them that a URL, a quote or a rewrite rule could trip over; bytes as latin1. */
export const ODD_NAMES: readonly string[] = [
  'sp ace.bin', 'per%cent.bin', '%41.bin', '%251.bin', 'que?ry.bin', 'dollar$1.bin', 'dollar${x}.bin', '%{ENV_x}.bin', '%1.bin',
  'semi;colon.bin', 'plus+.bin', 'quote".bin', "apos'.bin", 'hash#.bin', 'back\\slash.bin', 'line\r\nSet-Cookie: a=b.bin',
  'tab\t.bin', '<angle>.bin', 'caf\xc3\xa9.bin', 'latin\xe9.bin', 'pipe|.bin', 'star*.bin', '[set].bin', '~tilde.bin',
  'amp&.bin', 'equals=.bin', 'comma,.bin', 'colon:.bin', 'at@.bin', '{brace}.bin',
];

/** Makes the site that the table of cases asks; returns its document root. */
export function makeSite(directory: string): string {
  const root = join(directory, 'www');
  const big = Buffer.alloc(BIG, 'x');
  for (const name of ['big.bin', 'page.html', 'notes.txt', 'dir/big.bin', 'denied/big.bin', 'secret/big.bin']) put(join(root, name), big);
  for (const name of ODD_NAMES) put(join(root, 'odd', name), big);
  for (const name of ['unknown', 'any/big.bin', 'satisfy/big.bin', 'picture.jpg', 'film.mp4', 'none/big.bin', 'wp/file.zip', 'charset.txt.utf8']) put(join(root, name), big);
  put(join(root, 'exact.bin'), big.subarray(0, 5120));
  put(join(root, 'below.bin'), big.subarray(0, 5119));
  put(join(root, 'dir/index.html'), big);
  put(join(root, 'indexed/index.bin'), big);
  put(join(root, 'multi/doc.html'), big);
  put(join(root, 'multi/map.var'), `URI: doc.html\nContent-Type: text/html\n\n${'#'.repeat(BIG)}\n`);
  put(join(root, 'multi/by-type.tmap'), `URI: doc.html\nContent-Type: text/html\n\n${'#'.repeat(BIG)}\n`);
  put(join(root, 'page.shtml'), `<!--#echo var="DATE_GMT" -->${'x'.repeat(BIG)}`);
  put(join(root, 'includes.shtml'), `<!--#include virtual="/big.bin" -->${'x'.repeat(100)}`);
  const script = `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\ndynamic'\nexit 0\n${'#'.repeat(BIG)}\n`;
  put(join(root, 'script.cgi'), script, 0o755);
  put(join(root, 'run/by-directory'), script, 0o755);
  put(join(root, 'sent.asis'), `Status: 200 OK\nContent-Type: text/plain\n\n${'x'.repeat(BIG)}`);
  put(join(root, 'acted.act'), big);
  put(join(root, 'acted.gif2'), big);
  put(join(root, 'page.php'), `<?php echo "dynamic"; ?>${'x'.repeat(BIG)}`);
  put(join(root, 'php-type.ptype'), `<?php echo "dynamic"; ?>${'x'.repeat(BIG)}`);
  put(join(root, 'wp/index.cgi'), `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\nfront controller'\n#${'#'.repeat(BIG)}\n`, 0o755);
  put(join(root, 'wp/.htaccess'), FRONT_CONTROLLER);
  put(join(root, 'wp/small.css'), 'a{}');
  put(join(directory, 'elsewhere/big.bin'), big);
  put(join(directory, 'cgi-bin/tool'), script, 0o755);
  put(join(directory, 'cgi-bin/local'), '#!/bin/sh\nprintf \'Location: /big.bin\\r\\n\\r\\n\'\n', 0o755);
  put(join(directory, 'homes/ann/public/big.bin'), big);
  // user:pass
  put(join(directory, 'passwords'), 'user:{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=\n');
  symlinkSync('big.bin', join(root, 'link.bin'));
  symlinkSync('gone.bin', join(root, 'dangling.bin'));
  symlinkSync('dir', join(root, 'linked'));
  mkdirSync(join(root, 'empty'), { recursive: true });
  put(join(root, 'unreadable.bin'), big);
  chmodSync(join(root, 'unreadable.bin'), 0o000);
  return root;
}

/** The configuration of that site, as its owner had it before offload came. */
export function siteConfig(directory: string): string {
  const root = join(directory, 'www');
  return `DocumentRoot "${root}"
<Directory "/">
  Options FollowSymLinks
  AllowOverride None
  Require all granted
</Directory>
<Directory "${root}">
  Options Indexes FollowSymLinks MultiViews Includes ExecCGI
  AllowOverride All
  DirectoryIndex index.html index.bin
</Directory>
Alias "/aliased" "${directory}/elsewhere"
ScriptAlias "/cgi-bin/" "${directory}/cgi-bin/"
UserDir "${directory}/homes/*/public"
ErrorDocument 404 /picture.jpg
AddHandler cgi-script .cgi
AddHandler type-map .var
AddHandler send-as-is .asis
AddType application/xhtml+xml .shtml
AddOutputFilter INCLUDES .shtml
AddCharset UTF-8 .utf8
Action acted "/cgi-bin/tool"
AddHandler acted .act
AddType image/x-gif2 .gif2
Action image/x-gif2 "/cgi-bin/tool"
AddType application/x-httpd-php .ptype
AddType application/x-type-map .tmap
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
<Directory "${root}/run">
  SetHandler cgi-script
</Directory>
<Directory "${root}/none">
  SetHandler None
</Directory>
<Directory "${root}/denied">
  Require all denied
</Directory>
<Directory "${root}/secret">
  AuthType Basic
  AuthName secret
  AuthUserFile "${directory}/passwords"
  Require valid-user
</Directory>
<Directory "${root}/satisfy">
  AuthType Basic
  AuthName satisfy
  AuthUserFile "${directory}/passwords"
  Require valid-user
  Order deny,allow
  Deny from all
  Allow from 127.0.8.9
  Satisfy Any
</Directory>
<Directory "${root}/any">
  AuthType Basic
  AuthName any
  AuthUserFile "${directory}/passwords"
  <RequireAny>
    Require valid-user
    Require ip 127.0.0.1
  </RequireAny>
</Directory>
`;
}
