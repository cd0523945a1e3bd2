import { type Answer, BaseError } from '../base/base.js';
import { judge } from '../base/judge.js';
import { validatorsOf } from '../base/version.js';
import type { Found } from '../cache/cache.js';
import { StorageError } from '../cache/directory.js';
import type { Record } from '../cache/record.js';
import { takeSlot } from '../cache/slots.js';
import { ShortBody } from '../cache/source.js';
import type { Verdict } from '../cache/verdict.js';
import { codeOf, isLimit } from '../errors.js';
import { checkPreconditions } from '../http/conditions.js';
import type { ByteRange } from '../http/range.js';
import { admit } from './admit.js';
import type { Handling } from './cache-status.js';
import { clientAddress } from './client-address.js';
import { farPart, wantedUntil } from './far.js';
import { clientTakes, freshFor, mayBeStale, onlyIfCached } from './freshness.js';
import { type Asked, type GatewayParts, type Trouble, troubleOf } from './parts.js';
import { pass, passVersion, restFromBase } from './pass.js';
import { conditionReply, ownFields, ownReply, passedFields, passedHeader, statusReply } from './replies.js';
import { headerReply, nothing, type Reply, textReply } from './reply.js';
import type { Request } from './request.js';
import { select, type Selection } from './selection.js';

/**
 * Why a stored body may be sent: within OffloadFresh; the base has just confirmed it, by our rule or by the client's
 * request; or the base can't be asked.
 */
type Standing = 'fresh' | 'validated' | 'requested' | 'stale';

/** HEAD and GET may disagree about the version; so often the GET's is believed for one request. */
const MOST_VERSIONS = 3;

/** With OffloadFresh 0, a validation is noted this often, in milliseconds. */
const STALE_GRAIN = 60_000;

/** What each request gets. Decisions only: no process, no socket, no CGI. */
export class Gateway {
  constructor(private readonly parts: GatewayParts) {}

  /** Rejects only for faults of this program. */
  async answer(request: Request): Promise<Reply> {
    const admitted = admit(request);
    if ('status' in admitted) return admitted;
    const { path } = admitted;
    const slot = this.#takeSlot(request, path);
    if (slot === undefined) return this.#tooMany(request);
    try {
      const reply = await this.#ask(request, path);
      const close = () => {
        reply.close();
        slot.release();
      };
      return { ...reply, close };
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  async #ask(request: Request, path: string): Promise<Reply> {
    const known = this.#newest(request, path);
    if (onlyIfCached(request) && !this.#isHere(path, known)) return this.#notHere(request);
    const now = Date.now();
    const left = known === undefined ? 0 : freshFor(known, this.parts.settings.fresh, now);
    if (known !== undefined && left > 0 && clientTakes(request, known, left, now)) {
      return this.#send({ request, path, record: known }, 'fresh');
    }
    let head: Answer;
    try {
      head = await this.parts.base.head(path);
    } catch (error) {
      if (error instanceof BaseError) return this.#withoutBase(request, path, troubleOf(error));
      throw error;
    }
    const judged = judge(head);
    this.parts.log.debug(`${request.method} ${path}: base answers ${head.status}: ${judged.kind}`);
    switch (judged.kind) {
      case 'version': {
        // An age counts from the question, not from the answer (RFC 9111 §4.2.3).
        const record = { version: judged.version, fields: head.fields, validated: now };
        return this.#send({ request, path, record }, left > 0 ? 'requested' : 'validated');
      }
      case 'uncacheable':
        return this.#uncacheable(request, path, head, judged.why);
      case 'failed':
        return this.#withoutBase(request, path, { status: 502, reason: `base answers ${head.status}` });
      case 'forbidden':
        return statusReply(request, { ...head, status: 403 });
      case 'other':
        return this.#otherStatus(request, path, head);
    }
  }

  /** One version is known: conditions and ranges first, then its body, from the cache or through it. */
  async #send(asked: Asked, standing: Standing, versions = 1): Promise<Reply> {
    const { request, path, record } = asked;
    const cache = this.parts.storage?.cache;
    if (onlyIfCached(request) && !this.#isHere(path, record)) return this.#notHere(request);
    const selection = select(request, record.version, record.fields);
    if (request.method === 'HEAD' || selection.status >= 300) return this.#headerOnly(asked, selection, standing);
    if (cache === undefined) return this.#passVersion(asked, selection, 'no cache');
    try {
      const far = await farPart(this.parts, asked, selection, cache);
      if (far !== undefined) return far;
      const found = await cache.obtain(path, record.version, record.validated, wantedUntil(selection, record.version));
      if (found.how === 'hit') this.#note(asked, standing);
      const replaced = found.how !== 'hit' && cache.hasOther(path, record.version);
      return this.#fileReply(asked, selection, found, handlingOf(found, standing, replaced));
    } catch (error) {
      if (error instanceof ShortBody) return this.#afterVerdict(asked, selection, error.verdict, versions);
      // With a code: of the file system.
      if (!(error instanceof StorageError || (error instanceof Error && codeOf(error) !== ''))) throw error;
      if (standing !== 'stale') return this.#passVersion(asked, selection, error.message);
      this.parts.log.warn(error.message);
      return this.#withNothing(request, isLimit(error) ? 503 : 502);
    }
  }

  /** HEAD, 304, 412, 416: nothing of the body is sent, so none is pulled. */
  #headerOnly(asked: Asked, selection: Selection, standing: Standing): Reply {
    const { request, path, record } = asked;
    const here = this.#isHere(path, record);
    if (here) this.#note(asked, standing);
    const own = ownFields(record, here ? hit(standing) : { fwd: standing === 'requested' ? 'request' : 'uri-miss', fwdStatus: 200 });
    const { status } = selection;
    if (status === 304 || status === 412) return conditionReply(request, status, record.fields, own);
    const fields = [...selection.fields, ...own];
    if (status === 416) return textReply(416, `The file has ${record.version.length} bytes.`, fields);
    return headerReply(status, fields);
  }

  #fileReply({ path, record }: Asked, selection: Selection, { source }: Found, handling: Handling): Reply {
    const { base, log } = this.parts;
    const rescue = async (rest: ByteRange, why: string) => {
      log.warn(`${path}: from byte ${rest.start} on not from the cache, but from the base: ${why}`);
      try {
        return await restFromBase(base, path, record.version, rest);
      } catch (error) {
        log.warn(`${path}: nor from the base: ${String(error)}`);
        return undefined;
      }
    };
    const { status, pieces, length } = selection;
    return {
      status,
      fields: [...selection.fields, ...ownFields(record, handling)],
      body: { kind: 'file', source, pieces, length, rescue },
      close: () => source.close(),
    };
  }

  /** The fill that was waited for gave up before this client got a byte. */
  async #afterVerdict(asked: Asked, selection: Selection, verdict: Verdict, versions: number): Promise<Reply> {
    const { request, path } = asked;
    this.parts.log.warn(`${path}: fill given up: ${verdict.reason}`);
    if (verdict.kind === 'superseded' && verdict.by !== undefined && versions < MOST_VERSIONS) {
      const record = this.parts.storage?.cache.record(path, verdict.by);
      if (record !== undefined) return this.#send({ request, path, record }, 'validated', versions + 1);
    }
    const { status = 502, reason } = verdict;
    // A redirect needs the header that came with it.
    const redirects = status >= 300 && status < 400;
    if (verdict.kind !== 'base' || redirects) return this.#passVersion(asked, selection, reason);
    if (status >= 500) return this.#withoutBase(request, path, { status, reason });
    return this.#otherStatus(request, path, { status, fields: asked.record.fields });
  }

  async #passVersion(asked: Asked, selection: Selection, why: string): Promise<Reply> {
    this.parts.log.warn(`${asked.path}: passed through without storing: ${why}`);
    const reply = await passVersion(this.parts, asked, selection);
    return 'body' in reply ? reply : this.#withoutBase(asked.request, asked.path, reply);
  }

  async #uncacheable(request: Request, path: string, head: Answer, why: string): Promise<Reply> {
    this.parts.log.debug(`${path}: not stored: ${why}`);
    if (this.parts.settings.uncacheable === 'refuse') {
      return ownReply(request, 403, 'This server only has plain files that may be cached.', { detail: 'uncacheable' });
    }
    const handling: Handling = { fwd: 'bypass', fwdStatus: 200, detail: 'uncacheable' };
    const status = checkPreconditions((name) => request.field(name), validatorsOf(head.fields));
    if (status !== 200) return conditionReply(request, status, head.fields, passedFields(head.fields, handling));
    if (request.method === 'HEAD') return headerReply(status, passedHeader(head.fields, handling));
    const reply = await pass(this.parts, request, path, 'uncacheable');
    return 'body' in reply ? reply : this.#withoutBase(request, path, reply);
  }

  #otherStatus(request: Request, path: string, head: Answer): Reply {
    if (head.status === 404 || head.status === 410) this.#forget(path);
    return statusReply(request, head);
  }

  #forget(path: string): void {
    try {
      this.parts.storage?.cache.forget(path);
    } catch (error) {
      this.parts.log.warn(`${path}: gone from the base, but cannot be removed here: ${String(error)}`);
    }
  }

  /** The base is silent, refuses, or is in trouble itself: what is here, if that is allowed; else the client is told. */
  async #withoutBase(request: Request, path: string, { status, reason }: Trouble): Promise<Reply> {
    this.parts.log.warn(`${path}: ${reason}`);
    const record = this.#staleRecord(path);
    return record === undefined ? this.#withNothing(request, status) : this.#send({ request, path, record }, 'stale');
  }

  /** Neither the base nor the cache. */
  #withNothing(request: Request, status: number): Reply {
    if (onlyIfCached(request)) return this.#notHere(request);
    const text = `The server that has the files ${status === 504 ? 'does not answer' : 'is in trouble'}.`;
    return ownReply(request, status, text, { fwd: 'miss', detail: 'base' }, status === 503 ? [['Retry-After', '10']] : []);
  }

  /** The newest record, if this request could do with it without the base. */
  #newest(request: Request, path: string): Record | undefined {
    const { settings, storage } = this.parts;
    return settings.fresh > 0 || onlyIfCached(request) ? storage?.cache.newest(path) : undefined;
  }

  #isHere(path: string, record: Record | undefined): boolean {
    return record !== undefined && this.parts.storage?.cache.has(path, record.version) === true;
  }

  /** The base has just confirmed what is here: that holds for the next requests, too. */
  #note({ path, record }: Asked, standing: Standing): void {
    if (standing === 'fresh' || standing === 'stale') return;
    const { fresh, staleIfError } = this.parts.settings;
    // Only freshness needs it to the second; else it is a write to the disk that most hits can do without.
    this.parts.storage?.cache.validated(path, record, fresh > 0 ? 0 : Math.min(STALE_GRAIN, staleIfError / 10));
  }

  /** RFC 9111 §5.2.1.7. */
  #notHere(request: Request): Reply {
    return ownReply(request, 504, 'This file is not in the cache.', { detail: 'only-if-cached' });
  }

  #staleRecord(path: string): Record | undefined {
    const record = this.parts.storage?.cache.newestWhole(path);
    return record !== undefined && mayBeStale(record, this.parts.settings.staleIfError, Date.now()) ? record : undefined;
  }

  /** A place among the client's simultaneous downloads of this file; undefined if it has too many. */
  #takeSlot(request: Request, path: string): { release(): void } | undefined {
    const { settings, storage, log } = this.parts;
    if (settings.maxDupeDownloads === 0 || request.method !== 'GET' || storage === undefined) return { release: nothing };
    try {
      const address = clientAddress(request, settings.trustedProxy);
      return takeSlot(storage.layout, `${address} ${path}`, settings.maxDupeDownloads);
    } catch (error) {
      log.warn(`downloads are not counted: ${String(error)}`);
      return { release: nothing };
    }
  }

  #tooMany(request: Request): Reply {
    const most = this.parts.settings.maxDupeDownloads;
    const text = `Your address already downloads this file ${most === 1 ? 'once' : `${most} times`}; please wait for that to end.`;
    return ownReply(request, 429, text, { detail: 'duplicate-limit' }, [['Retry-After', '30']]);
  }
}

function handlingOf({ how }: Found, standing: Standing, replaced: boolean): Handling {
  if (how === 'hit') return hit(standing);
  const fwd = standing === 'requested' ? 'request' : replaced ? 'stale' : 'uri-miss';
  return { fwd, fwdStatus: 200, stored: true, collapsed: how === 'followed' };
}

/** Our own question whether a body still holds forwards nothing; one that the client insisted on does (RFC 9211 §2.2). */
function hit(standing: Standing): Handling {
  if (standing === 'requested') return { fwd: 'request', fwdStatus: 200, detail: 'validated' };
  return { hit: true, detail: standing };
}
