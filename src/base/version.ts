import { fileName } from '../file-name.js';
import { type Validators } from '../http/conditions.js';
import { parseHttpDate } from '../http/date.js';
import { type Fields } from '../http/fields.js';

/** What the base says a file is now. Two answers with the same id promise the same bytes. */
export interface Version extends Validators {
  /** Fit for a file name, without a dot. */
  readonly id: string;
  /** Bytes of the whole body. */
  readonly length: number;
}

/** The version that a 200 answer of the base describes; undefined without a validator or a length (`known` if not its own). */
export function versionOf(fields: Fields, known?: number): Version | undefined {
  const length = fields.has('content-length') ? contentLength(fields) : known;
  const validators = validatorsOf(fields);
  const { etag, lastModified } = validators;
  if (length === undefined || (etag === undefined && parseHttpDate(lastModified) === undefined)) return undefined;
  return makeVersion(validators, length);
}

export function validatorsOf(fields: Fields): Validators {
  return { etag: fields.get('etag'), lastModified: fields.get('last-modified'), date: parseHttpDate(fields.get('date')) };
}

export function makeVersion(validators: Validators, length: number): Version {
  const { etag, lastModified, date } = validators;
  const seconds = parseHttpDate(lastModified);
  const modified = seconds === undefined ? fileName(`?${lastModified ?? ''}`) : (seconds / 1000).toString(36);
  const id = fileName(`${length}/${modified}/${etag ?? ''}`).replaceAll('.', '_2e');
  return { id, etag, lastModified, date, length };
}

/** Content-Length in bytes; undefined if there is none that is one plain number (RFC 9110 §8.6). */
export function contentLength(fields: Fields): number | undefined {
  const value = fields.get('content-length');
  if (value === undefined || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value);
}
