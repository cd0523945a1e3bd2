import { columns, settingRows, valueRows, wrap } from '../settings/help.js';
import { VERSION } from '../version.js';
import { PLAIN } from './colour.js';
import type { Command, Flag } from './command.js';
import { ABOUT, COMMANDS } from './table.js';

const WIDTH = 80;

/** `offload --help`. */
export function programHelp({ bold } = PLAIN): string {
  const commands = columns(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]));
  return `offload ${VERSION}: ${ABOUT}\n\n${bold('Usage:')} offload COMMAND [FLAG...]\n\n${commands}\noffload COMMAND --help tells the flags of a command.\n`;
}

/** `offload COMMAND --help`. */
export function commandHelp({ name, usage, about, flags, settings, exits, examples }: Command, { bold } = PLAIN): string {
  const parts = [
    `${bold('Usage:')} offload ${name} ${usage}\n`,
    about.map((paragraph) => `${wrap(paragraph, WIDTH).join('\n')}\n`).join('\n'),
  ];
  if (flags.length > 0) parts.push(`${bold('Flags:')}\n${columns(flags.map((flag) => [`  ${flagHead(flag)}`, flagText(flag)]))}`);
  if (settings.length > 0) {
    const values = valueRows(settings);
    parts.push(`${bold('Settings, also from the environment and offload.conf:')}\n${columns(settingRows(settings))}`);
    if (values.length > 0) parts.push(`${bold('Values:')}\n${columns(values)}`);
  }
  parts.push(`${bold('Exit codes:')}\n${columns(exits.map(([code, meaning]) => [`  ${code}`, meaning]))}`);
  parts.push(`${bold('Examples:')}\n${examples.map(({ call, does }) => `  ${call}\n      ${does}\n`).join('')}`);
  return parts.join('\n');
}

/** `--server NAME`. */
function flagHead({ name, value }: Flag): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** Its meaning, its choices and its default. */
export function flagText({ meaning, choices, default: usual }: Flag): string {
  const all = choices === undefined ? '' : `: ${choices.join(', ')}`;
  return `${meaning}${all}${usual === undefined ? '' : ` (default: ${usual})`}`;
}
