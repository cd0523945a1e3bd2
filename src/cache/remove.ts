import { UrlPlace } from './layout.js';
import { LockWatch, removeIfThere } from './lock.js';
import { namesIn } from './record.js';

/** The base says that the URL is gone: so is what is here of it. A fill that runs notices by the missing record. */
export function removeAll(place: UrlPlace): void {
  for (const version of versionsIn(place)) {
    removeIfThere(place.head(version));
    removeIfThere(place.body(version));
    unlessFilled(place, version, () => {
      removeIfThere(place.part(version));
      removeIfThere(place.verdict(version));
    });
  }
}

/** What older versions left, but for a fill of one that still runs. Verdicts stay: somebody may wait for them. */
export function removeOthers(place: UrlPlace, keep: string): void {
  for (const version of versionsIn(place)) {
    if (version === keep) continue;
    unlessFilled(place, version, () => {
      for (const file of [place.head(version), place.body(version), place.part(version)]) removeIfThere(file);
    });
  }
}

function versionsIn(place: UrlPlace): Set<string> {
  const versions = new Set<string>();
  for (const name of namesIn(place)) {
    const entry = UrlPlace.parse(name);
    if (entry !== undefined) versions.add(entry.version);
  }
  return versions;
}

/** Under the lock, so that no fill begins meanwhile; a dead owner's goes with it. */
function unlessFilled(place: UrlPlace, version: string, remove: () => void): void {
  const lock = new LockWatch(place.lock(version)).acquire();
  if (lock === undefined) return;
  try {
    remove();
  } finally {
    lock.release();
  }
}
