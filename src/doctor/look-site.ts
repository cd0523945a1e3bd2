import { statSync } from 'node:fs';
import { sep } from 'node:path';
import { Layout } from '../cache/layout.js';
import { PSEUDONYM } from '../gateway/response-fields.js';
import { type Fields, listMembers } from '../http/fields.js';
import { parseContentRange } from '../http/range.js';
import type { Settings } from '../settings/settings.js';
import { sleep } from '../sleep.js';
import { ask, type Question, type Server, type Told } from './ask.js';
import { error, type Finding, ok, warning } from './finding.js';

export interface SiteLook {
  readonly settings: Settings;
  /** The offload server as clients reach it. */
  readonly site: Server;
  /** What its URLs begin with, before the base's own path; '' or `/cgi-bin/offload.cgi`. */
  readonly prefix: string;
  /** A file that the base has; undefined: none is known. */
  readonly path: string | undefined;
  /** Milliseconds for one step. */
  readonly timeout: number;
}

/** The web server before the script: whether every URL gets there, and what comes back of its answers. */
export async function* lookAtSite(look: SiteLook): AsyncGenerator<Finding> {
  const reach: Finding[] = [];
  const logged = logSize(look);
  for await (const finding of lookAtReach(look)) {
    reach.push(finding);
    yield finding;
  }
  if (look.path === undefined) yield warning('no file was asked for', 'name one that the base has: --url /path/of/a/file');
  else if (reach.every(({ level }) => level !== 'error')) {
    yield* lookAtFile(look, look.path);
    yield* lookAtLog(look, logged);
  }
  // With the first file the cache gets what is looked for.
  yield await lookAtDirectAccess(look);
}

/** The script answers these by itself, whatever their URL: it takes them for a base that redirects to itself. */
const LOOP = { 'X-Mod-Offload-Bypass': 'true' };

interface Way {
  readonly path: string;
  readonly what: string;
  readonly remedy: string;
  readonly level: 'warning' | 'error';
}

const EVERY_URL =
  'every URL must go to the script. Apache: ScriptAlias / /path/of/offload.cgi/ (with that slash at its end!) and no Alias or ' +
  'file of the same name; others: offload site --server NAME writes it';

const WAYS: readonly Way[] = [
  { path: '/offload-check/some.zip', what: 'a URL with a path', remedy: EVERY_URL, level: 'error' },
  { path: '/', what: 'the URL /', remedy: EVERY_URL, level: 'warning' },
  { path: "/offload-check/%20%C3%A9+;,@&=$!'()*~.tar.gz", what: 'a URL with odd characters', remedy: 'no rule before the script may decode, match or refuse them', level: 'warning' },
  { path: '/offload-check/script.php', what: 'a URL that ends in .php', remedy: 'no handler for that extension may come before the script', level: 'warning' },
  { path: '/offload-check/.well-known/file', what: 'a URL with a hidden directory', remedy: 'no rule that denies such names may come before the script', level: 'warning' },
  { path: '/offload-check/a%2Fb.zip', what: 'a URL with %2F', remedy: 'Apache: AllowEncodedSlashes NoDecode in the virtual host', level: 'warning' },
];

async function* lookAtReach(look: SiteLook): AsyncGenerator<Finding> {
  let right = 0;
  for (const { path, what, remedy, level } of WAYS) {
    const answer = await tell(look, path, { headers: LOOP });
    if (typeof answer === 'string') {
      yield error(`${look.site.base.href}: ${answer}`, 'start the web server, or correct --site');
      return;
    }
    if (answer.status === 508 && isOurs(answer.fields)) right++;
    else if (/not set up right/.test(answer.body)) {
      yield error('the script says that it is not set up right', "see the web server's error log: it names the setting, and what is wrong with it");
      return;
    } else if (answer.status >= 500 && !isOurs(answer.fields)) {
      yield error(`${what}: ${answer.status}: the script can't be run, or fails`, "see the web server's error log. Is the file executable (chmod 755), is Node where its first line says (--script looks), CGI switched on? nginx: does fcgiwrap run, and listen where the configuration says?");
      return;
    } else yield { level, what: `${what} doesn't reach the script: ${answer.status}`, remedy };
  }
  if (right === WAYS.length) yield ok('every URL reaches the script: any path, odd characters, %2F');
}

/** An answer of ours says so, whatever a web server does with the rest of its header. */
function isOurs(fields: Fields): boolean {
  const via = listMembers(fields.get('via')).some((member) => member.split(/\s+/)[1] === PSEUDONYM);
  return via || listMembers(fields.get('cache-status')).some((member) => member.split(';')[0] === PSEUDONYM);
}

/** The line that marks a cache (https://bford.info/cachedir/). */
const SIGNATURE = '8a477f597d28d172789f06886806bc55';

/** What lies in the cache must be sent by the script's word alone. */
async function lookAtDirectAccess(look: SiteLook): Promise<Finding> {
  const { handoff, cacheDir } = look.settings;
  const names = cacheDir.split(sep).filter((name) => name !== '');
  const last = [1, 2, 3].filter((count) => count <= names.length).map((count) => `/${names.slice(-count).map(encodeURIComponent).join('/')}`);
  for (const directory of new Set([handoff?.prefix ?? '', '/.offload', ...last].filter((each) => each !== ''))) {
    const url = `${directory}/CACHEDIR.TAG`;
    const answer = await tell({ ...look, prefix: '' }, url, { headers: LOOP });
    if (typeof answer !== 'string' && answer.body.includes(SIGNATURE)) {
      return error(`${url} is sent to everybody: the cache can be read by its URL`, 'take the cache out of the document root, or write the configuration anew with offload site, which guards it');
    }
  }
  return ok('the cache directory is not reached by a URL');
}

async function* lookAtFile(look: SiteLook, path: string): AsyncGenerator<Finding> {
  const head = await tell(look, path, { method: 'HEAD' });
  if (typeof head === 'string') {
    yield error(`HEAD ${path}: ${head}`, "see the web server's error log");
    return;
  }
  if (head.status !== 200) {
    yield error(`HEAD ${path}: ${head.status}`, "what the base says of it is above; the web server's error log says more");
    return;
  }
  const length = head.fields.get('content-length');
  const get = await tell(look, path, { most: MOST });
  if (typeof get === 'string') {
    yield error(`GET ${path}: ${get}`, "see the web server's error log");
    return;
  }
  yield lengthOf(path, length, get);
  const leak = get.fields.list.find(([name]) => /^x-(?:sendfile|accel-redirect|litespeed-location)$/i.test(name));
  if (leak !== undefined) yield error(`the web server doesn't do hand-over: ${leak[0]} came through to the client`, 'install and switch on what it needs (Apache: mod_xsendfile, XSendFile on), or set OffloadHandoff none');
  else if (get.status !== 200) yield error(`GET ${path}: ${get.status} after 200 to HEAD`, 'does the web server find the file that it is handed? See its error log, and offload site');
  yield await rangeOf(look, path);
  yield* lookAtHandoff(look, path, Number(length));
}

/** Bytes; a bigger file is not read to its end. */
const MOST = 8 * 1024 * 1024;

const TRUST = 'Apache since 2.4.59 drops it: SetEnv ap_trust_cgilike_cl 1 in the virtual host, or in the .htaccess of the script\'s directory';

function lengthOf(path: string, length: string | undefined, get: Told): Finding {
  const sent = get.fields.get('content-length');
  if (sent === undefined) return error(`GET ${path}: the Content-Length is lost, and clients can't tell a cut download from a whole one`, TRUST);
  if (length === undefined) return warning(`HEAD ${path}: the Content-Length is lost`, TRUST);
  if (sent !== length) return error(`GET ${path}: Content-Length ${sent}, but ${length} with HEAD`, 'no filter (compression) may work on what the script sends');
  if (!get.whole && Number(sent) <= MOST) return error(`GET ${path}: cut after ${get.body.length} of ${sent} bytes`, "see the web server's error log");
  return ok(`GET ${path}: 200, the Content-Length of ${sent} bytes survives`);
}

async function rangeOf(look: SiteLook, path: string): Promise<Finding> {
  const answer = await tell(look, path, { headers: { Range: 'bytes=1-3' } });
  if (typeof answer === 'string') return error(`a range: ${answer}`, "see the web server's error log");
  const range = parseContentRange(answer.fields.get('content-range'));
  if (answer.status === 206 && range?.start === 1 && answer.body.length === range.end) return ok('a range is sent as a range');
  if (answer.status >= 400) return error(`a range gets ${answer.status}`, `see the web server's error log${look.settings.handoff === undefined ? '' : ': does it find the file that it is handed?'}`);
  return warning(`a range gets ${answer.status}: downloads can't be resumed`, 'the web server must pass the Range field on to the script (busybox does not)');
}

/** Once the file is here whole: does the script name it to the web server, and does that send the same? */
async function* lookAtHandoff(look: SiteLook, path: string, length: number): AsyncGenerator<Finding> {
  const { handoff, cacheDir, maxDupeDownloads } = look.settings;
  if (handoff === undefined) return;
  if (maxDupeDownloads > 0) {
    yield warning('OffloadMaxDupeDownloads is set: nothing is handed over', 'with a limit this program must send the bytes itself; one of both');
    return;
  }
  if (!(await isCached(look, path))) {
    yield warning('the file is not in the cache yet: hand-over was not tried', 'run offload check again when it is, or name a smaller file');
    return;
  }
  const answer = await tell(look, path, { most: MOST });
  if (typeof answer === 'string') {
    yield error(`hand-over by ${handoff.way}: ${answer}`, "see the web server's error log");
    return;
  }
  const right = answer.status === 200 && answer.fields.get('content-length') === String(length) && (answer.whole ? answer.body.length === length : length > MOST);
  if (!right) {
    yield error(`hand-over by ${handoff.way}: ${answer.status} with ${answer.body.length} of ${length} bytes`, "the web server doesn't send the file that it is handed: may it read the cache (one user for both), is it switched on? offload site writes all it needs");
    return;
  }
  const noted = statSync(new Layout(cacheDir).handed, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - noted < HANDED_LATELY) yield ok(`hand-over by ${handoff.way} works`);
  else yield warning(`OffloadHandoff says ${handoff.way}, but the script sends the bytes itself`, "does the script have this setting, too, and this cache directory? And the base's answer an ETag, a Last-Modified and a Content-Type?");
}

/** The script notes a hand-over at least this often, in milliseconds. */
const HANDED_LATELY = 60_000;

async function isCached(look: SiteLook, path: string): Promise<boolean> {
  const end = performance.now() + look.timeout;
  for (;;) {
    const answer = await tell(look, path, { method: 'HEAD' });
    const status = typeof answer === 'string' ? '' : (answer.fields.get('cache-status') ?? '');
    if (/\bhit\b/.test(status)) return true;
    if (performance.now() > end) return false;
    await sleep(100);
  }
}

/** Bytes; 0 if there is no log yet. */
function logSize({ settings: { log } }: SiteLook): number {
  return log === undefined ? 0 : (statSync(log, { throwIfNoEntry: false })?.size ?? 0);
}

/** The script writes its line when all is sent: a moment after the client has it. */
async function* lookAtLog(look: SiteLook, before: number): AsyncGenerator<Finding> {
  const { log } = look.settings;
  // Nobody can see what went into a pipe.
  if (log === undefined || statSync(log, { throwIfNoEntry: false })?.isFile() === false) return;
  for (const end = performance.now() + Math.min(look.timeout, LOGGED_WITHIN); ; await sleep(50)) {
    if (logSize(look) > before) {
      yield ok(`the requests are in the access log ${log}`);
      return;
    }
    if (performance.now() > end) break;
  }
  yield warning(`no request came into the access log ${log}`, 'does the script have this OffloadLog, too, and may its user write there?');
}

/** Milliseconds. */
const LOGGED_WITHIN = 3000;

/** The answer, or why there is none. */
function tell({ site, prefix, timeout }: SiteLook, path: string, question: Omit<Question, 'timeout'>): Promise<Told | string> {
  return ask(site, prefix + path, { ...question, timeout }).catch((problem: unknown) => (problem instanceof Error ? problem.message : String(problem)));
}
