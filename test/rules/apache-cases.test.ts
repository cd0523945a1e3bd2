import { strict as assert } from 'node:assert';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CASES, type Case, type Context } from './cases.js';
import { rules, written } from './commands.js';
import { makeSite, siteConfig } from './site.js';
import type { Cleanup } from '../support/place.js';
import { lacking, serverDir, type WebServer } from '../support/servers/server.js';
import { type Answer, ask, PHP, put, startApache } from './support.js';

const skip = lacking('apache2') || (PHP === undefined && "needs Debian's libapache2-mod-php");

/** The checklist's settings, as an mod_offload user wrote them; `hosts` of them. */
function directives(hosts: number): string {
  const lines = Array.from({ length: hosts }, (_, index) => `  OffloadHost 127.0.${index < 3 ? 0 : 1}.${(index % 250) + 2}:81`);
  return String.raw`<IfModule mod_offload.c>
  OffloadEngine On
${lines.join('\n')}
  OffloadExcludeMimeType text/h*
  OffloadExcludeMimeType text/plain
  OffloadExcludeUserAgent *googlebot*
  OffloadExcludeUserAgent "a\"b'c\\\\d$1%{x}$\{y}e"
  OffloadExcludeAddress 127.0.7.*
</IfModule>
`.replace('$\\{', '${');
}

/** One way to write the rules, and one place to put them. */
interface Setup {
  readonly name: string;
  readonly context: Context;
  readonly args: readonly string[];
  readonly hosts?: number;
  readonly install: 'server' | 'vhost' | 'htaccess';
  /** Lines for the virtual host: the map that .htaccess can't name itself. */
  readonly extra?: string;
}

const SETUPS: readonly Setup[] = [
  { name: 'apache, in the server', context: 'apache', args: ['--server', 'apache'], install: 'server' },
  { name: 'apache, in a virtual host', context: 'apache', args: [], install: 'vhost' },
  { name: 'apache, 40 hosts', context: 'apache', args: [], hosts: 40, install: 'server' },
  { name: 'apache, with a map', context: 'apache', args: ['--map', 'PLACE/hosts.map'], install: 'server' },
  { name: 'apache, with a map and duplicates', context: 'apache', args: ['--map', 'PLACE/hosts.map', '--link-duplicates', 'on'], install: 'vhost' },
  { name: 'apache, with duplicates', context: 'apache', args: ['--link-duplicates', 'on'], install: 'server' },
  { name: 'apache, by time', context: 'apache', args: ['--choose', 'time'], install: 'server' },
  { name: 'apache-alias, in the server', context: 'apache-alias', args: ['--server', 'apache-alias'], install: 'server' },
  { name: 'apache-alias, in a virtual host', context: 'apache-alias', args: ['--server', 'apache-alias'], install: 'vhost' },
  { name: 'apache-alias, 40 hosts', context: 'apache-alias', args: ['--server', 'apache-alias'], hosts: 40, install: 'server' },
  { name: 'htaccess', context: 'htaccess', args: ['--server', 'htaccess'], install: 'htaccess' },
  { name: 'htaccess, with marks', context: 'htaccess-marks', args: ['--server', 'htaccess', '--mark', 'PLACE/marks'], install: 'htaccess' },
  {
    name: 'htaccess, with a map',
    context: 'htaccess',
    args: ['--server', 'htaccess', '--map', 'PLACE/hosts.map'],
    install: 'htaccess',
    extra: 'RewriteMap offload-hosts "txt:PLACE/hosts.map"',
  },
  { name: 'redirectmatch, in .htaccess', context: 'redirectmatch', args: ['--server', 'redirectmatch'], install: 'htaccess' },
];

for (const setup of SETUPS) {
  describe(`the rules decide as mod_offload did: ${setup.name}`, { skip }, () => {
    it('in every case of the table', async (t) => {
      const apache = await start(t, setup);
      const faults: string[] = [];
      for (const each of CASES) {
        const answer = await ask(apache.port, each.target, each.ask).catch((error: unknown) => String(error));
        const fault = typeof answer === 'string' ? answer : faultOf(each, setup, answer);
        if (fault !== undefined) faults.push(`${each.name}: ${JSON.stringify(each.target)}: ${fault}`);
      }
      assert.deepEqual(faults, []);
      assert.doesNotMatch(apache.errorLog(), /AH00052|signal|exceeded|not available/, 'a process crashed');
    });
  });
}

async function start(t: Cleanup, setup: Setup): Promise<WebServer> {
  const directory = serverDir(t);
  const root = makeSite(directory);
  const fill = (text: string): string => text.replaceAll('PLACE', directory);
  const text = await written(setup.args.map(fill), directives(setup.hosts ?? 3));
  const extra = fill(setup.extra ?? '');
  let config = siteConfig(directory);
  if (setup.install === 'htaccess') {
    put(join(root, '.htaccess'), text);
    config = `${config}\n${extra}\n`;
  } else if (setup.install === 'server') config += text;
  else config = `<VirtualHost *:PORT>\n${config}${text}${extra}\n</VirtualHost>\n`;
  if (setup.args.includes('--mark')) {
    const marked = await rules(['--mark', join(directory, 'marks'), '--root', root, '-'], directives(3));
    assert.equal(marked.code, 0, marked.err);
  }
  return startApache(t, directory, config);
}

function faultOf(each: Case, setup: Setup, answer: Answer): string | undefined {
  const wanted = each.differs?.[setup.context]?.status ?? each.original;
  const location = answer.one('Location');
  if (answer.status !== wanted) return `${answer.status} (${location ?? 'no Location'}) instead of ${wanted}`;
  const cacheControl = answer.one('Cache-Control');
  if (wanted !== 307) {
    if (location !== undefined && /:81\//.test(location)) return `a Location with ${answer.status}`;
    return cacheControl === undefined && noOwnVary(answer) ? undefined : `adds to an answer: ${answer.head}`;
  }
  if (cacheControl !== 'no-store') return `Cache-Control: ${cacheControl ?? 'missing'}`;
  if (!noOwnVary(answer)) return `Vary: ${answer.one('Vary')}`;
  const [, host, path = ''] = /^http:\/\/(127\.0\.[01]\.\d+):81(\/.*)$/s.exec(location ?? '') ?? [];
  if (host === undefined) return `Location: ${location}`;
  const target = each.location ?? each.target;
  if (path === target) return undefined;
  const rewritten = setup.context === 'apache-alias' || setup.context === 'redirectmatch';
  return rewritten && resource(path) === resource(target) ? undefined : `Location: ${location}`;
}

/** MultiViews and type maps say `Vary: negotiate` by themselves. */
function noOwnVary(answer: Answer): boolean {
  return answer.all('Vary').every((value) => value === 'negotiate');
}

/** What a server makes of a path: decoded, slashes merged, dot segments gone. */
function resource(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const segments: string[] = [];
  for (const segment of decoded.split(/\/+/)) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}

async function startWithFrontController(t: Cleanup, args: readonly string[], install: Install): Promise<WebServer> {
  const directory = serverDir(t);
  const root = makeSite(directory);
  put(join(root, '.htaccess'), readFileSync(join(root, 'wp/.htaccess'), 'utf8').replaceAll('/wp/', '/'));
  put(join(root, 'index.cgi'), readFileSync(join(root, 'wp/index.cgi')), 0o755);
  return startApache(t, directory, siteConfig(directory) + install(root, await written(args, directives(3))));
}

/** Puts the rules where they belong; what is for the server's configuration, it gives back. */
type Install = (root: string, text: string) => string;

function appended(root: string, text: string): string {
  appendFileSync(join(root, '.htaccess'), text);
  return '';
}

describe('a front controller in the document root', { skip }, () => {
  for (const [name, args, install] of [
    ['apache-alias', ['--server', 'apache-alias'], (_: string, text: string) => text],
    ['htaccess after its block', ['--server', 'htaccess'], appended],
  ] as const) {
    it(`goes on, and its files are offloaded: ${name}`, async (t) => {
      const { port } = await startWithFrontController(t, args, install);
      assert.equal((await ask(port, '/big.bin')).status, 307);
      assert.equal((await ask(port, '/wp/file.zip')).status, name === 'apache-alias' ? 307 : 200);
      for (const target of ['/a/pretty/page', '/page-that-is-none', '/index.cgi', '/2026/11/hello-world/']) {
        const answer = await ask(port, target);
        assert.equal(answer.status, 200, target);
        assert.match(answer.body.toString(), /front controller/, target);
      }
    });
  }
});

describe('an Apache with CVE-2025-54090, which takes every "expr" for true', { skip }, () => {
  for (const args of [['--server', 'apache'], ['--server', 'apache', '--map', 'PLACE/hosts.map'], ['--server', 'htaccess']]) {
    it(`serves everything itself: ${args.join(' ')}`, async (t) => {
      const directory = serverDir(t);
      const root = makeSite(directory);
      const text = await written(args.map((each) => each.replace('PLACE', directory)), directives(3));
      const broken = text.replaceAll(/RewriteCond expr "[^"]*"/g, 'RewriteCond expr "true"');
      assert.notEqual(broken, text);
      if (args.includes('htaccess')) put(join(root, '.htaccess'), broken);
      const { port } = await startApache(t, directory, siteConfig(directory) + (args.includes('htaccess') ? '' : broken));
      for (const target of ['/big.bin', '/odd/comma%2c.bin', '/below.bin', '/page.html']) {
        assert.equal((await ask(port, target)).status, 200, target);
      }
    });
  }
});
