// A cache is full of files that others chose the names of: none is ever run, parsed or called encoded, whatever the server does by extension.
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Layout } from '../../src/cache/layout.js';
import { offloadCgi } from '../support/build.js';
import { fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { startApache } from '../support/servers/apache.js';
import { handOver, lacking, serverDir } from '../support/servers/server.js';
import { install } from '../support/servers/setups.js';
import { waitUntil } from '../support/wait.js';
import { siteText } from './sites.js';

const MARK = 'EXECUTED';
const SOURCES: { readonly [path: string]: string } = {
  '/x.php': `<?php echo strtoupper("executed"); ?>`,
  '/x.phtml': `<?php echo "${MARK}"; ?>`,
  '/x.php.zip': `<?php echo "${MARK}"; ?>`,
  '/x.cgi': `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n${MARK}'\n`,
  '/x.shtml': `<!--#echo var="DOCUMENT_URI" --> ${MARK}`,
  '/x.asis': `Status: 299 ${MARK}\n\n${MARK}`,
  '/x.var': `URI: x; vary="language"\n\n${MARK}`,
  '/.htaccess': MARK,
  '/x.html.gz': MARK,
  '/x.en': MARK,
};

/** What an operator may have switched on for the whole server. */
const DANGERS = `
<FilesMatch ".+\\.ph(?:ar|p|tml)$">
  SetHandler application/x-httpd-php
</FilesMatch>
<FilesMatch "\\.php">
  SetHandler application/x-httpd-php
</FilesMatch>
AddHandler cgi-script .cgi .pl .body
AddHandler send-as-is .asis
AddHandler type-map .var
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml .html .body
AddEncoding x-gzip .gz
AddLanguage en .en`;

const PHP = readdirOr('/usr/lib/apache2/modules').find((name) => /^libphp.*\.so$/.test(name));

function readdirOr(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

for (const server of ['apache', 'htaccess'] as const) {
  const skip = lacking('apache2') || (PHP === undefined && "needs Debian's libapache2-mod-php");
  test(`local redirect, ${server}: nothing in the cache is executed`, { skip }, async (t) => {
    const origin = await startOrigin(t);
    const dir = serverDir(t);
    for (const [path, body] of Object.entries(SOURCES)) origin.file(path, { body, headers: { 'Content-Type': 'text/x-source' } });
    const shared = server === 'htaccess';
    mkdirSync(join(dir, 'htdocs/cgi-bin'), { recursive: true });
    handOver(join(dir, 'htdocs'));
    const script = install(await offloadCgi(), dir, 'offload.cgi', shared ? 'htdocs/cgi-bin' : 'cgi-bin');
    const cacheDir = join(dir, shared ? 'htdocs/.offload' : 'cache');
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: cacheDir, OFFLOAD_KEEP_FREE: '0', OFFLOAD_HANDOFF: 'local-redirect /.offload' };
    const text = await siteText(settings, '--server', server, '--port', '54321', '--script', script);
    if (shared) writeFileSync(join(dir, 'htdocs/.htaccess'), text);
    const own = (port: number) => (shared ? `ScriptAlias /cgi-bin/ ${dir}/htdocs/cgi-bin/` : text.replaceAll('54321', String(port)));
    const apache = await startApache(t, {
      dir,
      mpm: 'prefork',
      modules: ['include', 'asis', 'negotiation'],
      config: (_, port) => `LoadModule php_module /usr/lib/apache2/modules/${PHP ?? ''}\n${DANGERS}\n${own(port)}`,
    });
    for (const [path, body] of Object.entries(SOURCES)) {
      const get = () => fetchRaw({ to: apache.port, path, timeout: 5000 });
      assert.equal((await get()).body.toString(), body, `${path}, cold`);
      await waitUntil(() => readdirOr(new Layout(cacheDir).url(origin.url, path).directory).some((name) => name.includes('.body')));
      const warm = await get();
      const seen = ['Content-Type', 'Content-Encoding', 'Content-Language'].map((name) => warm.headers.get(name));
      assert.deepEqual([warm.status, warm.body.toString(), ...seen], [200, body, 'text/x-source', undefined, undefined], path);
    }
    assert.ok(existsSync(join(cacheDir, 'handed')), 'nothing was handed over');
  });
}

test('the name of an object has no extension that makes a server do something', () => {
  const body = (path: string) => new Layout('/cache').url('http://base', path).body('VERSION').split('/').at(-1);
  for (const path of [...Object.keys(SOURCES), '/x.PHP', '/x.pl', '/x.php5', '/x.phar', '/x.shtm', '/x.jsp', '/x.gz', '/x.html', '/x.zip.php']) {
    assert.equal(body(path), path === '/x.php.zip' ? 'VERSION.body.zip' : 'VERSION.body', path);
  }
  assert.equal(body('/a.b/x.ISO'), 'VERSION.body.ISO');
});
