import { type IncomingHttpHeaders, request as plain } from 'node:http';
import { request as secure } from 'node:https';
import type { Rules } from './directives.js';
import { bucketOf, spread } from './spread.js';
import { matchesWildcard, wildcardExample } from './wildcard.js';

/** What one request showed. `remedy` says what to mend. */
export interface Finding {
  readonly ok: boolean;
  readonly what: string;
  readonly remedy?: string;
}

/** What to ask: URLs of the base, with the path as it should be sent. */
export interface Targets {
  readonly big: string;
  readonly small: string | undefined;
  /** Milliseconds for each request. */
  readonly timeout: number;
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

const BYPASS = { 'X-Mod-Offload-Bypass': 'true' };

/** Sends the requests that show whether the base's configuration works, and yields a finding for each. */
export async function* checkBase(rules: Rules, targets: Targets): AsyncGenerator<Finding> {
  const send = (url: string, method = 'GET', headers: Record<string, string> = {}): Promise<Reply> =>
    reply(url, method, headers, targets.timeout);
  const { big, small } = targets;
  const own = await send(big, 'GET', BYPASS);
  yield* bypassed(own);
  const redirect = await send(big);
  yield* redirected(rules, big, redirect, own);
  yield stays('HEAD', await send(big, 'HEAD'), 'the method is not checked');
  yield stays('a query', await send(`${big}?offload-check`), 'the query is not checked');
  for (const wildcard of rules.excludeUserAgent) {
    const agent = wildcardExample(wildcard);
    const answer = await send(big, 'GET', { 'User-Agent': agent });
    yield stays(`User-Agent "${agent}"`, answer, 'OffloadExcludeUserAgent has no effect; write the rules anew');
  }
  if (small !== undefined) {
    yield stays('the small file', await send(small), 'the size is not checked: this server may need --mark, or can\'t');
  }
  const location = redirect.headers.location;
  if (redirect.status === 307 && location !== undefined) yield follow(location, await send(location, 'HEAD'), own);
}

function* bypassed(own: Reply): Generator<Finding> {
  const what = `the bypass header: ${describe(own)}`;
  if (own.status !== 200) {
    yield { ok: false, what, remedy: own.status === 307 ? 'offload hosts would run in circles; write the rules anew' : reasonFor(own.status) };
    return;
  }
  yield { ok: true, what };
  const missing = ['content-length', 'last-modified', 'etag'].filter((name) => own.headers[name] === undefined);
  if (missing.length > 0) {
    const remedy = 'offload hosts know a version by these; FileETag MTime Size, and no filter on such files, bring them';
    yield { ok: false, what: `the file has no ${missing.join(', no ')}`, remedy };
  }
}

function* redirected(rules: Rules, big: string, answer: Reply, own: Reply): Generator<Finding> {
  const what = `the big file: ${describe(answer)}`;
  if (answer.status !== 307) {
    yield { ok: false, what, remedy: answer.status === 200 ? whyServed(rules, big, own) : reasonFor(answer.status) };
    return;
  }
  const path = pathOf(big);
  const host = rules.hosts.find(({ href }) => answer.headers.location === href + path);
  const same = host ?? rules.hosts.find(({ href }) => sameResource(answer.headers.location, href + path));
  if (!same) {
    yield { ok: false, what, remedy: 'this is no OffloadHost of the directives; write the rules anew and reload' };
    return;
  }
  yield { ok: true, what };
  const home = spread(rules.hosts)[bucketOf(decode(path))]?.[0];
  if (rules.choose === 'hash' && home !== undefined && home.href !== same.href) {
    const remedy = `expected ${home.href}: is it dead (offload hosts), is nginx the server, or are the rules older?`;
    yield { ok: true, what: `another host than the hash says; ${remedy}` };
  }
  const stored = answer.headers['cache-control'] ?? '';
  if (!/no-store/.test(stored)) {
    yield { ok: false, what: 'the redirect may be stored: no Cache-Control: no-store', remedy: 'load mod_headers' };
  }
}

function stays(name: string, answer: Reply, remedy: string): Finding {
  const what = `${name}: ${describe(answer)}`;
  const redirected_ = answer.status >= 300 && answer.status < 400 && answer.status !== 304;
  return redirected_ ? { ok: false, what, remedy } : { ok: true, what };
}

function follow(location: string, answer: Reply, own: Reply): Finding {
  const what = `the offload host: ${describe(answer)}`;
  if (answer.status !== 200) return { ok: false, what, remedy: `mend ${location}; offload check there says more` };
  const [here, there] = [own.headers['content-length'], answer.headers['content-length']];
  if (here === there || there === undefined) return { ok: true, what };
  return { ok: false, what: `${what}, ${there} bytes instead of ${here}`, remedy: 'its OffloadBase is another server' };
}

function describe({ status, headers }: Reply): string {
  return `${status}${headers.location === undefined ? '' : ` to ${headers.location}`}`;
}

/** Why a file that should be redirected is served: what the directives and the file itself tell. */
function whyServed(rules: Rules, big: string, own: Reply): string {
  if (!rules.engine) return 'OffloadEngine is Off';
  const length = Number(own.headers['content-length'] ?? Number.NaN);
  if (length < rules.minSize) return `it has ${length} bytes, fewer than OffloadMinSize ${rules.minSize}; name a bigger one`;
  const type = own.headers['content-type'];
  const wildcard = rules.excludeMimeType.find((each) => type !== undefined && matchesWildcard(each, type));
  if (wildcard) return `its type ${type} is excluded by OffloadExcludeMimeType ${wildcard.text}; name another file`;
  const path = decode(pathOf(big));
  const excluded = rules.excludePath.find((each) => matchesWildcard(each, path));
  if (excluded) return `OffloadExcludePath ${excluded.text} excludes it; name another file`;
  if (rules.onlyPath.length > 0 && !rules.onlyPath.some((each) => matchesWildcard(each, path))) {
    return 'no OffloadOnlyPath matches it; name another file';
  }
  return (
    'the rules have no effect: is the configuration included and the server reloaded; does an .htaccess above the ' +
    'file say RewriteEngine On (then --server apache-alias); does this client have an excluded address or an offload ' +
    "host's own; are all hosts dead in the map; is this Apache 2.4.64 (CVE-2025-54090: update it)?"
  );
}

function reasonFor(status: number): string {
  if (status === 403) return 'Options FollowSymLinks (or SymLinksIfOwnerMatch) is missing there, or access is denied';
  if (status === 401) return 'it needs a password; name a public file';
  if (status === 404) return 'there is no such file; name one that exists';
  if (status >= 500) return "see the server's error log; an .htaccess may say what AllowOverride forbids";
  return 'name the final URL of a plain file on the base';
}

/** Paths may be written in several ways: `Redirect` and nginx escape anew. */
function sameResource(one: string | undefined, two: string): boolean {
  return one !== undefined && decode(one).replace(/\/{2,}/g, '/') === decode(two).replace(/\/{2,}/g, '/');
}

function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '') || '/';
}

/** Percent-decoding to bytes (latin1), as a server does it. */
function decode(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function reply(url: string, method: string, headers: Record<string, string>, timeout: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(url);
    const send = protocol === 'https:' ? secure : plain;
    const question = send({
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      path: pathOf(url),
      method,
      agent: false,
      headers: { 'User-Agent': 'offload check', ...headers },
    });
    const clock = setTimeout(() => question.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
    question.on('response', (answer) => {
      clearTimeout(clock);
      answer.on('error', () => undefined);
      answer.destroy(); // the body of a big file is not needed
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
    });
    question.on('error', (error) => {
      clearTimeout(clock);
      reject(error);
    });
    question.end();
  });
}
