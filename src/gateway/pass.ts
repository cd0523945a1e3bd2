import { type Base, BaseError, type BodyAnswer } from '../base/base.js';
import { judge } from '../base/judge.js';
import { contentLength, type Version } from '../base/version.js';
import { isStrong } from '../http/etag.js';
import type { Field } from '../http/fields.js';
import { type ByteRange, parseContentRange } from '../http/range.js';
import type { Handling } from './cache-status.js';
import { type Asked, type GatewayParts, type Trouble, troubleOf } from './parts.js';
import { ownFields, passedHeader, statusReply } from './replies.js';
import { isRange, type Reply } from './reply.js';
import type { Request } from './request.js';
import type { Selection } from './selection.js';

/** The base has just this version, the cache can't take it: straight through, with the range if only one is wanted. */
export async function passVersion(parts: GatewayParts, asked: Asked, selection: Selection): Promise<Reply | Trouble> {
  const part = await passRange(parts, asked, selection, { fwd: 'bypass', detail: 'not-stored' });
  return part ?? pass(parts, asked.request, asked.path, 'not-stored', asked.record.version);
}

/** The one range that is wanted, from the base; undefined if it is none or several, or the base has no such part. */
export async function passRange(
  parts: GatewayParts,
  { path, record }: Asked,
  { status, pieces, fields }: Selection,
  handling: Handling,
): Promise<Reply | Trouble | undefined> {
  const [piece] = pieces;
  if (status !== 206 || pieces.length > 1 || piece === undefined || !isRange(piece)) return undefined;
  const answer = await orTrouble(restFromBase(parts.base, path, record.version, piece));
  if (answer === undefined || !('body' in answer)) return answer;
  return streamReply(206, answer, [...fields, ...ownFields(record, { ...handling, fwdStatus: 206 })]);
}

/**
 * A body that isn't stored, sent on as it comes; or the base's other status. In chunks it still has the length of the
 * `expected` version: without one, few web servers let a client see that it was cut.
 */
export async function pass(parts: GatewayParts, request: Request, path: string, why: string, expected?: Version): Promise<Reply | Trouble> {
  const answer = await orTrouble(parts.base.get(path));
  if (!('body' in answer)) return answer;
  const judged = judge(answer, expected?.length);
  const { kind } = judged;
  if (kind === 'version' || kind === 'uncacheable') {
    const fields = passedHeader(answer.fields, { fwd: 'bypass', fwdStatus: 200, detail: why });
    const same = judged.kind === 'version' && judged.version.id === expected?.id;
    if (!same || answer.fields.has('content-length')) return streamReply(200, answer, fields);
    return knownReply(answer, expected.length, fields);
  }
  answer.close();
  if (kind === 'failed') return { status: 502, reason: `base answers ${answer.status} to GET` };
  return statusReply(request, kind === 'forbidden' ? { ...answer, status: 403 } : answer);
}

/** A part of a version straight from the base; undefined if it can't, or no longer has just that version. @throws BaseError */
export async function restFromBase(
  base: Base,
  path: string,
  { etag, length }: Version,
  rest: ByteRange,
): Promise<BodyAnswer | undefined> {
  if (!isStrong(etag)) return undefined;
  const answer = await base.get(path, { ...rest, ifRange: etag });
  const range = parseContentRange(answer.fields.get('content-range'));
  if (answer.status === 206 && range?.start === rest.start && range.end === rest.end && range.total === length) return answer;
  answer.close();
  return undefined;
}

function streamReply(status: number, answer: BodyAnswer, fields: readonly Field[]): Reply {
  return { status, fields, body: { kind: 'stream', answer, length: contentLength(answer.fields) }, close: () => answer.close() };
}

function knownReply(answer: BodyAnswer, length: number, fields: readonly Field[]): Reply {
  const close = () => answer.close();
  const bounded = { ...answer, body: atMost(answer.body, length), close };
  return { status: 200, fields: [...fields, ['Content-Length', String(length)]], body: { kind: 'stream', answer: bounded, length }, close };
}

/** @throws BaseError before a byte more than was announced goes out */
async function* atMost(body: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of body) {
    sent += chunk.length;
    if (sent > length) throw new BaseError(`base sends more than the ${length} bytes it promised`, false);
    yield chunk;
  }
}

async function orTrouble<T>(asking: Promise<T>): Promise<T | Trouble> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof BaseError) return troubleOf(error);
    throw error;
  }
}
