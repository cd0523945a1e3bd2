import type { Command } from './command.js';
import { type Offer, type OfferedFlag, offeredFlags, offeredWords } from './offers.js';
import { COMMANDS } from './table.js';

/** Completion for bash, without the bash-completion package. */
export function bashCompletion(): string {
  return `# offload completion bash: put this into ~/.bashrc: eval "$(offload completion bash)"
_offload() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  # bash takes --flag=value apart.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _offload_words ${quoted([...COMMANDS.map(({ name }) => name), 'help', '--help', '--version'])}
    return
  fi
  case $command in
    help) ((COMP_CWORD == 2)) && _offload_words ${quoted(COMMANDS.map(({ name }) => name))} ;;
${COMMANDS.map(commandCase).join('\n')}
  esac
}
_offload_words() {
  local word
  for word; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word ")
  done
  compopt -o nospace
}
_offload_names() {
  local name
  compopt -o filenames
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$1" -- "$cur")
}
complete -F _offload offload
`;
}

function commandCase(command: Command): string {
  const flags = offeredFlags(command);
  const values = [...valueCases(flags)].map(([action, names]) => `        ${names.join('|')}) ${action}; return ;;\n`);
  return `    ${command.name})
${values.length === 0 ? '' : `      case $prev in\n${values.join('')}      esac\n`}      if [[ $cur == -* ]]; then
        _offload_words ${quoted(flags.map(({ name }) => `--${name}`))}
      else
        ${offered(offeredWords(command))}
      fi
      ;;`;
}

/** What is done for the value of which flags. */
function valueCases(flags: readonly OfferedFlag[]): Map<string, string[]> {
  const cases = new Map<string, string[]>();
  for (const { name, value } of flags) {
    if (value === undefined) continue;
    const action = offered(value.offer);
    cases.set(action, [...(cases.get(action) ?? []), `--${name}`]);
  }
  return cases;
}

function offered(offer: Offer): string {
  if (offer === 'nothing') return ':';
  if (offer === 'files') return '_offload_names -f';
  return offer === 'directories' ? '_offload_names -d' : `_offload_words ${quoted(offer)}`;
}

/** Names of the table have no character that a shell reads. */
function quoted(words: readonly string[]): string {
  return words.join(' ');
}
