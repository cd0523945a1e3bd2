import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const CLEAN: Command = {
  name: 'clean',
  summary: 'ask the base about each cached file, and remove what is gone or left over',
  usage: '[--dry-run] [FLAG...]',
  about: [
    'Removes what the base no longer has (404, 410) or has another version of, and what killed processes have left: parts, locks, places of downloads, drafts. What the base confirms counts as validated. A base that does not answer, or has none of the files, empties nothing.',
    'It is for cron: one line tells what it did. Interrupted, the next run goes on where it was: what the base has confirmed within --older-than is not asked about again. Run it as the user who owns the cache.',
  ],
  operands: false,
  flags: [
    { name: 'older-than', value: 'DURATION', default: '1h', meaning: 'only files that the base last confirmed longer ago' },
    { name: 'younger-than', value: 'DURATION', meaning: 'only files that it confirmed since' },
    { name: 'rate', value: 'N', default: '20', meaning: 'questions to the base a second, at most' },
    { name: 'parts-after', value: 'DURATION', default: '1d', meaning: 'remove parts that have not grown for so long' },
    { name: 'dry-run', meaning: 'remove nothing, and note nothing' },
  ],
  settings: ['base', 'baseAddress', 'cacheDir', 'timeout'],
  exits: [[0, 'the base was asked about all of them'], [1, 'about some it could not be asked; or the cache could not be read or changed'], REFUSED],
  examples: [
    { call: 'offload clean --older-than 1d', does: 'nightly' },
    { call: 'offload clean --dry-run --older-than 0', does: 'what a run would do now' },
  ],
  load: async () => (await import('../../upkeep/clean-command.js')).cleanCommand,
};
