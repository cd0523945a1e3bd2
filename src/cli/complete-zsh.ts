import { type Offer, type OfferedFlag, offeredFlags, offeredWords } from './offers.js';
import { COMMANDS } from './table.js';

/** Completion for zsh: a file `_offload` in a directory of `fpath`, or evaluated after `compinit`. */
export function zshCompletion(): string {
  return `#compdef offload
# offload completion zsh: save it as _offload in a directory of fpath, or put this into ~/.zshrc, after compinit:
# eval "$(offload completion zsh)"
_offload() {
  local curcontext=$curcontext state line ret=1
  typeset -A opt_args
  _arguments -C '(- : *)'{-h,--help}'[list the commands]' '(- : *)'{-V,--version}'[tell the version]' \\
    '1:command:->command' '*::argument:->arguments' && ret=0
  case $state in
    command)
      local -a commands=(
${COMMANDS.map(({ name, summary }) => `        ${quoted(`${name}:${summary.replaceAll(':', String.raw`\:`)}`)}`).join('\n')}
        'help:list the commands, or the flags of one'
      )
      _describe -t commands 'offload command' commands && ret=0
      ;;
    arguments)
      curcontext=\${curcontext%:*}-$words[1]:
      case $words[1] in
        help) _arguments ${quoted(`1:command:(${COMMANDS.map(({ name }) => name).join(' ')})`)} && ret=0 ;;
${COMMANDS.map((command) => `        ${command.name})
          _arguments \\
${[...offeredFlags(command).map(flagSpec), ...wordSpec(offeredWords(command))].map((spec) => `            ${spec}`).join(' \\\n')} && ret=0
          ;;`).join('\n')}
      esac
      ;;
  esac
  return ret
}
if [[ $funcstack[1] == _offload ]]; then _offload "$@"; else compdef _offload offload; fi
`;
}

function flagSpec({ name, meaning, many, value }: OfferedFlag): string {
  const text = meaning.replaceAll(/[\\[\]:]/g, String.raw`\$&`);
  const argument = value === undefined ? '' : `:${value.form.replaceAll(/[\\:]/g, String.raw`\$&`)}:${action(value.offer)}`;
  return quoted(`${many ? '*' : ''}--${name}${value === undefined ? '' : '='}[${text}]${argument}`);
}

function wordSpec(offer: Offer): string[] {
  return offer === 'nothing' ? [] : [quoted(`*:argument:${action(offer)}`)];
}

function action(offer: Offer): string {
  if (offer === 'nothing') return ' ';
  if (offer === 'files') return '_files';
  return offer === 'directories' ? '_files -/' : `(${offer.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
