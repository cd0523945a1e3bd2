import { readFileSync, statSync } from 'node:fs';
import type { UrlPlace } from './layout.js';
import { removeIfThere } from './lock.js';
import { writeAtomically } from './record.js';

/**
 * Why a fill gave up, left for those who waited for it:
 * - `base`: the base failed, with the status that its answer had or calls for (502, 504);
 * - `storage`: the body can't be kept here (disk full), though the base has it;
 * - `superseded`: the base has another version by now, `by` is its id;
 * - `uncacheable`: the GET's answer must not be stored.
 */
export interface Verdict {
  readonly kind: 'base' | 'storage' | 'superseded' | 'uncacheable';
  readonly reason: string;
  readonly status?: number;
  readonly by?: string;
}

/** As it lies on disk; in quotes: what the build makes short elsewhere. */
interface Stored extends Omit<Verdict, 'kind' | 'reason'> {
  readonly 'kind': Verdict['kind'];
  readonly 'reason': string;
  /** Of the fill's lock: those who waited for just this fill believe it, later ones try anew. */
  readonly token: string;
}

export function writeVerdict(place: UrlPlace, version: string, token: string, verdict: Verdict): void {
  const { kind, reason, ...others } = verdict;
  const stored: Stored = { 'kind': kind, 'reason': reason, ...others, token };
  writeAtomically(place, place.verdict(version), JSON.stringify(stored));
}

/**
 * The verdict on one of the fills with these tokens, if there is one; or that the base has another version than it had at
 * `asked` (milliseconds since 1970): whoever waited for it, a GET has seen the newer one since.
 */
export function readVerdict(place: UrlPlace, version: string, tokens: ReadonlySet<string>, asked: number): Verdict | undefined {
  try {
    const path = place.verdict(version);
    const stored = JSON.parse(readFileSync(path, 'latin1')) as Stored;
    if (stored.status !== undefined && !/^[345]\d\d$/.test(String(stored.status))) return undefined;
    const verdict: Verdict = { ...stored, kind: stored['kind'], reason: stored['reason'] };
    if (tokens.has(stored.token)) return verdict;
    return verdict.kind === 'superseded' && statSync(path).mtimeMs > asked ? verdict : undefined;
  } catch {
    return undefined;
  }
}

export function removeVerdict(place: UrlPlace, version: string): void {
  removeIfThere(place.verdict(version));
}
