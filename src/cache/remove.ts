import { existsSync } from 'node:fs';
import { UrlPlace } from './layout.js';
import { type Lock, LockWatch, removeIfThere } from './lock.js';
import { namesIn, readRecords } from './record.js';
import { removeRetired, retire } from './retire.js';
import { noteUsage } from './usage.js';
import { statIfThere } from '../stat.js';

/** A draft lives for milliseconds: one not written to for so long, in milliseconds, is a killed process's. */
const DRAFT_LIVES = 60_000;

/** The base says that the URL is gone: so is what is here of it. A fill that runs notices by the missing record. */
export function removeAll(place: UrlPlace): void {
  removeDeadDrafts(place);
  const versions = versionsIn(place);
  if (versions.size > 0) removeRetired(place.layout);
  for (const version of versions) {
    removeIfThere(place.head(version));
    retire(place.layout, place.body(version));
    unlessFilled(place, version, () => {
      removePart(place, version);
      removeIfThere(place.verdict(version));
    });
  }
}

/** When the base had last confirmed each version of a URL, milliseconds since 1970. */
export type Known = ReadonlyMap<string, number>;

export function knownVersions(place: UrlPlace, url: string): Known {
  return new Map(readRecords(place, url).map(({ version, validated }) => [version.id, validated]));
}

/**
 * After a body has become complete, under its lock: of the whole bodies the one stays that the base confirmed last. That
 * need not be the one just completed: since the base was asked for it (`asked`, milliseconds since 1970) a newer version
 * may have been quicker, or the base has said 404, and its record is gone. What was `known` then is older, whatever its
 * time says: a clock may have been set back since.
 */
export function keepNewest(place: UrlPlace, url: string, completed: string, asked: number, known: Known): void {
  removeRetired(place.layout);
  removeDeadDrafts(place);
  const whole = readRecords(place, url).filter(({ version }) => existsSync(place.body(version.id)));
  const later = whole.find(({ version, validated }) => validated > asked && known.get(version.id) !== validated);
  const newest = (later ?? whole.find(({ version }) => version.id === completed) ?? whole[0])?.version.id;
  if (newest !== completed) removeVersion(place, completed);
  if (newest !== undefined) removeOthers(place, newest);
}

/** But for a fill of one that still runs. Verdicts stay: somebody may wait for them. */
function removeOthers(place: UrlPlace, keep: string): void {
  for (const version of versionsIn(place)) {
    if (version !== keep) unlessFilled(place, version, () => removeVersion(place, version));
  }
}

/** All of one version but its verdict; for whoever has its lock. */
export function removeVersion(place: UrlPlace, version: string): void {
  removeIfThere(place.head(version));
  retire(place.layout, place.body(version));
  removePart(place, version);
}

/** In this order: a part without its mark is not believed, a mark without its part means nothing. */
export function removePart(place: UrlPlace, version: string): void {
  removeIfThere(place.mark(version));
  removeIfThere(place.part(version));
}

function removeDeadDrafts(place: UrlPlace): void {
  for (const name of namesIn(place.directory)) {
    if (!UrlPlace.isDraft(name)) continue;
    const draft = `${place.directory}/${name}`;
    const written = statIfThere(draft)?.mtimeMs ?? Infinity;
    if (Date.now() - written > DRAFT_LIVES) removeIfThere(draft);
  }
}

function versionsIn(place: UrlPlace): Set<string> {
  const versions = new Set<string>();
  for (const name of namesIn(place.directory)) {
    const entry = UrlPlace.parse(name);
    if (entry !== undefined) versions.add(entry.version);
  }
  return versions;
}

/** Under the lock, so that no fill begins meanwhile; a dead owner's goes with it. */
export function unlessFilled(place: UrlPlace, version: string, remove: () => void): void {
  const lock = new LockWatch(place.lock(version)).acquire();
  if (lock === undefined) return;
  try {
    uncountPart(place, version, lock);
    remove();
  } finally {
    lock.release();
    countPart(place, version);
  }
}

/** A part is counted as long as nobody has its lock; a dead owner's isn't. */
export function uncountPart(place: UrlPlace, version: string, { outbids }: Lock): void {
  if (!outbids) noteUsage(place.layout, place.directory, -partSize(place, version));
}

/** Once the lock is released. */
export function countPart(place: UrlPlace, version: string): void {
  noteUsage(place.layout, place.directory, partSize(place, version));
}

export function partSize(place: UrlPlace, version: string): number {
  return statIfThere(place.part(version))?.size ?? 0;
}
