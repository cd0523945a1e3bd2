import { lookup } from 'node:dns/promises';
import { connect as netConnect, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect } from '../base/connect.js';
import { judge } from '../base/judge.js';
import type { Version } from '../base/version.js';
import { codeOf } from '../errors.js';
import { PSEUDONYM } from '../gateway/response-fields.js';
import { parseHttpDate } from '../http/date.js';
import { isStrong } from '../http/etag.js';
import { listMembers } from '../http/fields.js';
import { parseContentRange } from '../http/range.js';
import type { Settings } from '../settings/settings.js';
import { ask, type Told } from './ask.js';
import { error, type Finding, ok, warning } from './finding.js';

export interface BaseLook {
  readonly settings: Settings;
  /** A file that the base has; undefined: none is known. */
  readonly path: string | undefined;
  /** The offload server's own name and port, if it is known. */
  readonly self: string | undefined;
  /** Milliseconds for one step. */
  readonly timeout: number;
}

const OURS = { 'X-Mod-Offload-Bypass': 'true', Via: `1.1 ${PSEUDONYM}`, 'Accept-Encoding': 'identity' };

/** The base, a step after the other: name, connection, TLS, and what it says of a file. Ends where going on makes no sense. */
export async function* lookAtBase(look: BaseLook): AsyncGenerator<Finding> {
  const reached = await lookAtWay(look);
  yield* reached;
  if (reached.some(({ level }) => level === 'error')) return;
  const path = look.path ?? '/';
  let head: Told;
  try {
    head = await ask(look.settings, path, { method: 'HEAD', headers: OURS, timeout: look.timeout });
  } catch (problem) {
    yield error(`HEAD ${path}: ${String(problem)}`, 'see what the base does with HEAD: it must answer as to GET, without the body');
    return;
  }
  const loop = loopOf(look, head);
  if (loop !== undefined) {
    yield loop;
    return;
  }
  yield clockOf(head, Date.now());
  if (look.path === undefined) {
    yield warning(`HEAD /: ${head.status}; no file was looked at`, 'name one that the base has: --url /path/of/a/file');
    return;
  }
  yield* lookAtFile(look, look.path, head);
}

async function lookAtWay({ settings, timeout }: BaseLook): Promise<Finding[]> {
  const { base, baseAddress } = settings;
  const host = baseAddress?.host ?? base.host;
  const port = baseAddress?.port ?? base.port;
  const found: Finding[] = [];
  if (isIP(host) === 0) {
    try {
      const addresses = await inTime(lookup(host, { all: true }), timeout);
      found.push(ok(`${host} is ${addresses.map(({ address }) => address).join(', ')}`));
    } catch (problem) {
      return [error(`${host}: the name can't be looked up (${reason(problem)})`, 'correct OffloadBase or the resolver (/etc/resolv.conf), or set OffloadBaseAddress')];
    }
  }
  const began = performance.now();
  try {
    await inTime(connected(host, port), timeout);
  } catch (problem) {
    return [...found, error(`${host} port ${port}: no connection (${reason(problem)})`, CONNECTING[codeOf(problem)] ?? 'is the base up, and does no firewall between keep us out?')];
  }
  found.push(ok(`${host} port ${port} takes connections, in ${Math.round(performance.now() - began)} ms`));
  return base.secure ? [...found, await lookAtTls(settings, timeout)] : found;
}

const CONNECTING: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nothing listens there: start the base, or correct the port in OffloadBase or OffloadBaseAddress',
  ENETUNREACH: "this machine has no way to that network: set OffloadBaseAddress to an address that it reaches (IPv4?)",
  EHOSTUNREACH: 'no host answers at that address: is the base up, and the address right?',
};

function connected(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ host, port }, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

const DAY = 86_400_000;

async function lookAtTls(settings: Settings, timeout: number): Promise<Finding> {
  const socket = connect(settings) as TLSSocket;
  try {
    const ready = new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    await inTime(ready, timeout);
    const ends = Date.parse(socket.getPeerCertificate().valid_to);
    const left = Math.floor((ends - Date.now()) / DAY);
    const what = `${socket.getProtocol() ?? 'TLS'}, the certificate is good for ${left} more days`;
    return left < 14 ? warning(what, 'renew it, or see why that has not happened by itself') : ok(what);
  } catch (problem) {
    const code = codeOf(problem);
    return error(`TLS: ${reason(problem)}`, TLS[code] ?? (/CERT|SIGN|ISSUER/.test(code) ? TLS_UNKNOWN : 'does the base speak TLS on this port?'));
  } finally {
    socket.destroy();
  }
}

const TLS_UNKNOWN =
  'install a certificate of a known authority with its whole chain; or trust your own: NODE_EXTRA_CA_CERTS=/path/ca.pem in the script\'s environment';
const TLS: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: "renew the base's certificate",
  CERT_NOT_YET_VALID: 'set the clock of this machine right, or see from when the certificate holds',
  ERR_TLS_CERT_ALTNAME_INVALID: 'write the name in OffloadBase that the certificate has; OffloadBaseAddress may say where to connect',
};

/** Whether our question came to us, or is sent back to us: clients would run in circles. */
function loopOf({ self }: BaseLook, { status, fields }: Told): Finding | undefined {
  const ours = listMembers(fields.get('via')).some((member) => member.split(/\s+/)[1] === PSEUDONYM);
  if (ours) return error('OffloadBase is itself an offload server: the request would run in circles', 'write the server that has the files into OffloadBase');
  const location = fields.get('location');
  if (status < 300 || status >= 400 || location === undefined) return undefined;
  // Without a name of our own: 307 is what offload rules say, and hardly anybody else.
  const back = self === undefined ? status === 307 : authorityOf(location) === self;
  if (!back) return undefined;
  return error(`the base redirects our own question back to us (${status} to ${location})`, 'its rules must let requests with X-Mod-Offload-Bypass through: write them anew with offload rules, then offload check-base there');
}

function authorityOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function clockOf({ fields }: Told, now: number): Finding {
  const date = parseHttpDate(fields.get('date'));
  if (date === undefined) return warning('the base tells no Date', "ages can't be told: see why its answers have none");
  const seconds = Math.round((date - now) / 1000);
  const what = `the base's clock and ours differ by ${Math.abs(seconds)} s`;
  if (Math.abs(seconds) <= 5) return ok(what);
  return warning(`${what}: the base is ${seconds > 0 ? 'ahead' : 'behind'}`, 'set both right, by NTP: freshness and If-Range dates go by them');
}

async function* lookAtFile(look: BaseLook, path: string, head: Told): AsyncGenerator<Finding> {
  const judged = judge(head);
  if (judged.kind !== 'version') {
    yield notAFile(path, head, judged);
    return;
  }
  const { version } = judged;
  const validators = [version.etag === undefined ? undefined : `ETag ${version.etag}`, version.lastModified === undefined ? undefined : `Last-Modified ${version.lastModified}`];
  yield ok(`HEAD ${path}: 200, ${version.length} bytes, ${validators.filter((each) => each !== undefined).join(', ')}`);
  yield await lookAtRange(look, path, version);
  yield await lookAtRedirect(look, path);
}

type NoVersion = Exclude<ReturnType<typeof judge>, { kind: 'version' }>;

function notAFile(path: string, { status, fields }: Told, judged: NoVersion): Finding {
  const what = `HEAD ${path}: ${status}`;
  if (judged.kind === 'uncacheable') {
    const remedy = /validator/.test(judged.why)
      ? "an offload server knows a version by ETag or Last-Modified, and Content-Length: let the base send them (FileETag MTime Size; no filter on such files)"
      : 'name another file, or take that out of the answer for files that are to be offloaded';
    return warning(`${what}, but it can't be cached: ${judged.why}`, remedy);
  }
  if (judged.kind === 'forbidden') return error(`${what}: it wants a password`, 'name a public file; what is protected is not offloaded');
  const location = fields.get('location');
  if (location !== undefined) return warning(`${what} to ${location}`, 'name the final URL of a file; or is OffloadBase missing its https, or its www?');
  if (status === 404 || status === 410) return error(`${what}: no such file`, 'name a file that the base has with --url');
  return error(what, "see the base's error log");
}

async function lookAtRange({ settings, timeout }: BaseLook, path: string, { etag, length }: Version): Promise<Finding> {
  if (etag === undefined || !isStrong(etag)) {
    return warning('no strong ETag: a fill that breaks off begins anew', 'let the base send a strong ETag (a file that changed a second ago may have a weak one)');
  }
  const headers = { ...OURS, Range: 'bytes=0-0', 'If-Range': etag };
  const answer = await ask(settings, path, { headers, most: 1, timeout }).catch((problem: unknown) => String(problem));
  if (typeof answer === 'string') return error(`GET of one byte: ${answer}`, 'HEAD works and GET does not: see the base\'s error log');
  const range = parseContentRange(answer.fields.get('content-range'));
  if (answer.status === 206 && range?.total === length) return ok('ranges work: a fill that breaks off goes on where it stopped');
  if (answer.status === 206 || answer.status === 200) return warning('the base gives no ranges: a fill that breaks off begins anew', 'let it answer Range requests for such files');
  return error(`GET ${path}: ${answer.status} after 200 to HEAD`, 'its rules must let requests with X-Mod-Offload-Bypass through; see its error log');
}

/** As a client asks; this machine may be one that the base's rules leave out by its address. */
async function lookAtRedirect({ settings, timeout, self }: BaseLook, path: string): Promise<Finding> {
  const answer = await ask(settings, path, { most: 1, timeout }).catch((problem: unknown) => String(problem));
  if (typeof answer === 'string') return error(`GET as a client: ${answer}`, "see the base's error log");
  const location = answer.fields.get('location');
  if (answer.status !== 307 && answer.status !== 302) {
    return ok(`a client on this machine gets ${answer.status} from the base itself (others: offload check-base --big URL)`);
  }
  const where = authorityOf(location ?? '');
  if (self === undefined || where === self) return ok(`the base redirects clients to ${location ?? 'nowhere'}`);
  return warning(`the base redirects clients to ${location ?? 'nowhere'}, not to ${self}`, 'with several OffloadHosts that is right: each file has one; else correct OffloadHost there');
}

/** Rejects when the time is over. */
async function inTime<T>(work: Promise<T>, timeout: number): Promise<T> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    clock = setTimeout(() => reject(new Error(`nothing within ${timeout / 1000} s`)), timeout);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(clock);
  }
}

function reason(problem: unknown): string {
  return codeOf(problem) || (problem instanceof Error ? problem.message : String(problem));
}
