import { DIRECTIVES } from '../../rules/directives.js';
import type { Flag } from '../command.js';

/** Flags of every command that reads the base side's directives: one for each, and how the file is read. */
export const BASE_SIDE_FLAGS: readonly Flag[] = [
  ...Object.entries(DIRECTIVES).map(([directive, { flag: name, syntax, meaning }]): Flag => ({
    name,
    value: syntax,
    meaning: `${directive}: ${meaning}`,
    many: true,
  })),
  { name: 'section', value: 'LINE', meaning: 'only directives in the section that begins in this line (0: in none)' },
  { name: 'no-resolve', meaning: "don't look up the addresses of offload hosts" },
];

/** Where the directives come from, for `about`. */
export const BASE_SIDE_INPUT =
  'FILE has the directives ("-": standard input); without it OFFLOAD_CONF, offload.conf and /etc/offload.conf are looked ' +
  'for. Flags add to it, or are enough alone.';

export const REFUSED = [2, "the command line, a setting or a directive can't be used; nothing was done"] as const;
