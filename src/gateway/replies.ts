import type { Answer } from '../base/base.js';
import type { Record } from '../cache/record.js';
import { parseHttpDate } from '../http/date.js';
import { deltaSeconds, type Field, type Fields } from '../http/fields.js';
import { cacheStatus, type Handling } from './cache-status.js';
import { currentAge } from './freshness.js';
import { headerReply, type Reply, textReply } from './reply.js';
import type { Request } from './request.js';
import { endToEnd, notModifiedFields, viaField, withoutContent } from './response-fields.js';

/** The fields that a cache adds to what the base said of a version. */
export function ownFields(record: Record, handling: Handling): Field[] {
  const { fields, validated } = record;
  const age = Math.floor(currentAge(record, Date.now()) / 1000);
  return [dateField(fields) ?? ['Date', new Date(validated).toUTCString()], ['Age', String(age)], ...traceFields(fields, handling)];
}

/** The same for an answer that is passed on, not stored: its date and age are the base's, if it has any. */
export function passedFields(fields: Fields, handling: Handling): Field[] {
  const age = fields.get('age');
  const own = [dateField(fields), deltaSeconds(age) === undefined ? undefined : (['Age', age as string] as const)];
  return [...own.filter((field) => field !== undefined), ...traceFields(fields, handling)];
}

function traceFields(fields: Fields, handling: Handling): Field[] {
  return [viaField(fields), cacheStatus(handling, fields)];
}

function dateField(fields: Fields): Field | undefined {
  const date = fields.get('date');
  return parseHttpDate(date) === undefined ? undefined : ['Date', date as string];
}

/** A refusal, a failure, or another answer of our own. */
export function ownReply(request: Request, status: number, text: string, handling: Handling, fields: Field[] = []): Reply {
  return textReply(status, text, [...fields, viaField(), cacheStatus(handling)], request.method === 'HEAD');
}

/** A status of the base's other than 200: passed on with what matters of its header, and a text of ours. */
export function statusReply(request: Request, { status, fields }: Answer): Reply {
  const location = fields.get('location');
  const redirect: Field[] = location === undefined || status < 300 || status >= 400 ? [] : [['Location', location]];
  const own = [...redirect, ...withoutContent(fields), ...passedFields(fields, { fwd: 'miss', fwdStatus: status })];
  if (status === 204) return headerReply(status, own);
  return textReply(status, statusText(status), own, request.method === 'HEAD');
}

function statusText(status: number): string {
  if (status === 404 || status === 410) return 'There is no such file.';
  if (status >= 300 && status < 400) return 'The file is elsewhere.';
  return `The server that has the files answers ${status}.`;
}

/** A precondition that fails: the base's answer itself isn't sent (RFC 9110 §15.4.5, §15.5.13). */
export function conditionReply(request: Request, status: 304 | 412, fields: Fields, own: readonly Field[]): Reply {
  if (status === 304) return headerReply(status, [...notModifiedFields(fields), ...own]);
  return textReply(412, 'A precondition of the request does not hold.', own, request.method === 'HEAD');
}

/** The header of an answer that is not stored; `length` is in it if the base has told it. */
export function passedHeader(fields: Fields, handling: Handling): Field[] {
  const length = fields.get('content-length');
  const announced: Field[] = length === undefined ? [] : [['Content-Length', length]];
  return [...endToEnd(fields), ...announced, ...passedFields(fields, handling)];
}
