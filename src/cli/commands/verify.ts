import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';
import { PATTERNS } from './cached.js';

export const VERIFY: Command = {
  name: 'verify',
  summary: 'find files in the cache that the disk has damaged',
  usage: '[--dry-run] [FLAG...] [URL|PATTERN...]',
  about: [
    'Reads each file and compares it with the SHA-256 that was taken while it came from the base. What differs, or cannot be read, is removed and will be pulled anew. Files without a digest (filled by an earlier version) are counted.',
    PATTERNS,
  ],
  operands: true,
  flags: [
    { name: 'rate', value: 'BYTES', meaning: 'read at most so many a second, like 50M; without it, as fast as the disk can' },
    { name: 'dry-run', meaning: 'only say what is damaged' },
  ],
  settings: ['base', 'cacheDir'],
  exits: [[0, 'nothing is damaged'], [1, 'something is (and was removed), or the cache could not be read'], REFUSED],
  examples: [{ call: 'offload verify --rate 20M', does: 'monthly, from cron; what is wrong stands on standard error' }],
  load: async () => (await import('../../upkeep/verify-command.js')).verifyCommand,
};
