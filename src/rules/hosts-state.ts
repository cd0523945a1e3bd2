/** How many answers in a row it takes to change one's mind about a host. */
export interface Patience {
  /** Failures until a living host counts as dead. */
  readonly down: number;
  /** Successes until a dead one counts as alive. */
  readonly up: number;
}

/** What is known about one host: whether it counts as alive, and how often in a row it answered otherwise. */
export interface Health {
  readonly alive: boolean;
  readonly against: number;
}

/** A host nobody has asked yet counts as alive: else all would be dead at the start. */
export const UNKNOWN: Health = { alive: true, against: 0 };

/** One more answer. A host changes sides only after enough answers in a row: a lost packet must not move its files. */
export function observe(health: Health, healthy: boolean, patience: Patience): Health {
  if (healthy === health.alive) return { alive: health.alive, against: 0 };
  const against = health.against + 1;
  if (against < (health.alive ? patience.down : patience.up)) return { alive: health.alive, against };
  return { alive: healthy, against: 0 };
}

/** Reads what an earlier run wrote; hosts it doesn't know, and a file that can't be read, are unknown. */
export function parseHealth(text: string | undefined): Map<string, Health> {
  const known = new Map<string, Health>();
  for (const line of text?.split('\n') ?? []) {
    const [, state, against, href] = /^(alive|dead) (\d+) (\S+)$/.exec(line) ?? [];
    if (href !== undefined) known.set(href, { alive: state === 'alive', against: Number(against) });
  }
  return known;
}

/** The file that the cron form keeps between its runs. */
export function formatHealth(known: ReadonlyMap<string, Health>): string {
  return [...known].map(([href, { alive, against }]) => `${alive ? 'alive' : 'dead'} ${against} ${href}\n`).join('');
}
