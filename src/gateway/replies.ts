import type { Answer } from '../base/base.js';
import type { Record } from '../cache/record.js';
import { parseHttpDate } from '../http/date.js';
import type { Field } from '../http/fields.js';
import { cacheStatus, type Handling } from './cache-status.js';
import { ageOf } from './freshness.js';
import { type Reply, textReply } from './reply.js';
import type { Request } from './request.js';
import { endToEnd, viaField, withoutContent } from './response-fields.js';

/** The fields that a cache adds to what the base said of a version. */
export function ownFields(record: Record, handling: Handling): Field[] {
  const now = Date.now();
  const date = record.fields.get('date');
  const dated = parseHttpDate(date) === undefined ? new Date(record.validated).toUTCString() : (date as string);
  return [['Date', dated], ['Age', String(ageOf(record, now))], viaField(record.fields), cacheStatus(handling)];
}

/** A refusal or failure of ours. */
export function errorReply(request: Request, status: number, text: string, handling: Handling, fields: Field[] = []): Reply {
  return textReply(status, text, [...fields, viaField(), cacheStatus(handling)], request.method === 'HEAD');
}

/** A status of the base's other than 200: passed on with what matters of its header, and a text of ours. */
export function statusReply(request: Request, { status, fields }: Answer): Reply {
  const location = fields.get('location');
  const redirect: Field[] = location === undefined || status < 300 || status >= 400 ? [] : [['Location', location]];
  const own = [...redirect, ...withoutContent(fields), viaField(fields), cacheStatus({ fwd: 'miss', fwdStatus: status })];
  if (status === 204) return { status, fields: own, body: { kind: 'none' }, close: () => {} };
  return textReply(status, statusText(status), own, request.method === 'HEAD');
}

function statusText(status: number): string {
  if (status === 404 || status === 410) return 'There is no such file.';
  if (status >= 300 && status < 400) return 'The file is elsewhere.';
  return `The server that has the files answers ${status}.`;
}

/** The header of an answer that is not stored, for a HEAD. */
export function passedHeader({ fields }: Answer, handling: Handling): Reply {
  const length = fields.get('content-length');
  const announced: Field[] = length === undefined ? [] : [['Content-Length', length]];
  return {
    status: 200,
    fields: [...endToEnd(fields), ...announced, viaField(fields), cacheStatus(handling)],
    body: { kind: 'none' },
    close: () => {},
  };
}
