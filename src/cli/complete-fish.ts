import { type Offer, type OfferedFlag, offeredFlags, offeredWords } from './offers.js';
import { COMMANDS } from './table.js';

/** Completion for fish. */
export function fishCompletion(): string {
  return [
    '# offload completion fish: save it as ~/.config/fish/completions/offload.fish',
    'complete -c offload -f',
    "complete -c offload -n __fish_use_subcommand -s h -l help -d 'list the commands'",
    "complete -c offload -n __fish_use_subcommand -s V -l version -d 'tell the version'",
    "complete -c offload -n __fish_use_subcommand -a help -d 'list the commands, or the flags of one'",
    ...COMMANDS.map(({ name, summary }) => `complete -c offload -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
    `complete -c offload -n '__fish_seen_subcommand_from help' -a ${quoted(COMMANDS.map(({ name }) => name).join(' '))}`,
    ...COMMANDS.flatMap((command) => {
      const start = `complete -c offload -n '__fish_seen_subcommand_from ${command.name}'`;
      return [...offeredFlags(command).map((flag) => `${start} ${flagWords(flag)}`), ...words(start, offeredWords(command))];
    }),
    '',
  ].join('\n');
}

function flagWords({ name, meaning, value }: OfferedFlag): string {
  return `-l ${name}${value === undefined ? '' : ` ${argument(value.offer)}`} -d ${quoted(meaning)}`;
}

function argument(offer: Offer): string {
  if (offer === 'nothing') return '-x';
  if (offer === 'files') return '-r -F';
  return offer === 'directories' ? "-x -a '(__fish_complete_directories)'" : `-x -a ${quoted(offer.join(' '))}`;
}

function words(start: string, offer: Offer): string[] {
  if (offer === 'nothing') return [];
  if (offer === 'files') return [`${start} -F`];
  return [`${start} -a ${offer === 'directories' ? "'(__fish_complete_directories)'" : quoted(offer.join(' '))}`];
}

/** Within single quotes fish reads \\ and \\' only. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
