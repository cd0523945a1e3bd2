import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeEmpty } from '../cache/census.js';
import { type Layout, UrlPlace } from '../cache/layout.js';
import { LockWatch, removeIfThere } from '../cache/lock.js';
import { namesIn } from '../cache/record.js';
import { partSize, removePart, unlessFilled } from '../cache/remove.js';
import { retire } from '../cache/retire.js';
import type { Entry } from './catalogue.js';

/** What is written in milliseconds, or told to those who wait, has nobody left to care for it after so long, in milliseconds. */
const LEFT = 3_600_000;

/** What clean has found that nobody works on any more. */
interface Tally {
  parts: number;
  locks: number;
  slots: number;
  /** Drafts, verdicts, marks, records and bodies that belong to nothing. */
  others: number;
  bytes: number;
}

export interface Sweep {
  readonly tally: Tally;
  /** Only counts. */
  readonly isTry: boolean;
  /** Parts that have not grown for so long go, in milliseconds. */
  readonly partsAfter: number;
}

/** Bytes of bodies and parts of a URL. */
export function sizeOf({ place, names }: Entry): number {
  return names.reduce((sum, name) => {
    const kind = UrlPlace.parse(name)?.kind;
    return kind === 'body' || kind === 'part' ? sum + (statSync(join(place.directory, name), { throwIfNoEntry: false })?.size ?? 0) : sum;
  }, 0);
}

/** Removes what killed processes left of a URL. What somebody fills now is not touched. @throws errors of the file system */
export function sweepUrl({ place, names }: Entry, sweep: Sweep): void {
  for (const name of names.filter((each) => UrlPlace.isDraft(each))) {
    removeOld(join(place.directory, name), sweep);
  }
  const versions = new Set(names.flatMap((name) => UrlPlace.parse(name)?.version ?? []));
  for (const version of versions) sweepVersion(place, version, names, sweep);
  if (!sweep.isTry) removeEmpty(place.directory);
}

function sweepVersion(place: UrlPlace, version: string, names: readonly string[], sweep: Sweep): void {
  const { tally, isTry } = sweep;
  const kinds = new Set(names.flatMap((name) => {
    const entry = UrlPlace.parse(name);
    return entry?.version === version ? entry.kind : [];
  }));
  if (kinds.has('lock')) {
    if (new LockWatch(place.lock(version)).look().state !== 'dead') return;
    tally.locks++;
    if (!isTry) unlessFilled(place, version, () => {});
  }
  if (kinds.has('part') && age(place.part(version)) > sweep.partsAfter) {
    tally.parts++;
    tally.bytes += partSize(place, version);
    if (!isTry) unlessFilled(place, version, () => removePart(place, version));
    kinds.delete('part');
    kinds.delete('mark');
  }
  if (kinds.has('verdict')) removeOld(place.verdict(version), sweep);
  if (kinds.has('mark') && !kinds.has('part')) removeOld(place.mark(version), sweep);
  if (kinds.has('head') && !kinds.has('part') && !kinds.has('body')) removeOld(place.head(version), sweep);
  if (kinds.has('body') && !kinds.has('head')) sweepOrphan(place, version, sweep);
}

/** A body whose record is gone, though no web server may be about to open it. */
function sweepOrphan(place: UrlPlace, version: string, { tally, isTry }: Sweep): void {
  const body = place.body(version);
  const stats = statSync(body, { throwIfNoEntry: false });
  if (stats === undefined || Math.abs(Date.now() - stats.ctimeMs) < LEFT) return;
  tally.others++;
  tally.bytes += stats.size;
  if (!isTry) unlessFilled(place, version, () => retire(place.layout, body));
}

/** Removes places of downloads whose process is dead, and drafts beside the cache's own files. @throws errors of the file system */
export function sweepCommon(layout: Layout, sweep: Sweep): void {
  for (const name of namesIn(layout.slots)) {
    const path = join(layout.slots, name);
    if (UrlPlace.isDraft(name)) removeOld(path, sweep);
    else sweepSlot(path, sweep);
  }
  for (const name of namesIn(layout.root)) if (UrlPlace.isDraft(name)) removeOld(join(layout.root, name), sweep);
}

function sweepSlot(path: string, { tally, isTry }: Sweep): void {
  const lock = new LockWatch(path, false);
  // One that outbid it is looked at with it.
  if (!existsSync(path) || lock.look().state !== 'dead') return;
  tally.slots++;
  if (!isTry) lock.acquire()?.release();
}

function removeOld(path: string, { tally, isTry }: Sweep): void {
  if (age(path) < LEFT) return;
  tally.others++;
  if (!isTry) removeIfThere(path);
}

/** Milliseconds since it was last written to; 0 if it isn't there. */
function age(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 0 : Math.abs(Date.now() - stats.mtimeMs);
}
