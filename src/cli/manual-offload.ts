import { flagOf } from '../settings/flags.js';
import type { Key } from '../settings/settings.js';
import { KEYS, TABLE, type Setting } from '../settings/table.js';
import type { Command, Flag } from './command.js';
import { flagText } from './help.js';
import { bold, heading, italic, item, listing, page, paragraph, subheading, text, title } from './roff.js';
import { ABOUT, COMMANDS } from './table.js';

/** offload(1), in the language of man(7). */
export function commandManual(): string {
  return page(
    title('OFFLOAD', 1),
    heading('Name'),
    `offload \\- ${text(ABOUT)}\n`,
    heading('Synopsis'),
    `.B offload\n${italic('COMMAND')} [${italic('FLAG')}...]\n.br\n.B offload\n${italic('COMMAND')} ${bold('--help')}\n`,
    heading('Description'),
    paragraph(DESCRIPTION),
    heading('Commands'),
    ...COMMANDS.map(command),
    heading('Settings'),
    paragraph('A setting comes from its flag, else from the environment, else from offload.conf(5), else it has its default.'),
    ...KEYS.map(setting),
    heading('Environment'),
    item(bold('OFFLOAD_CONF'), 'The one file of settings that is read.'),
    item(bold('NO_COLOR'), 'If it is not empty, nothing is coloured. Nothing is anyway, if standard output is no terminal.'),
    item(`${bold('OFFLOAD_BASE')}, ${bold('OFFLOAD_CACHE_DIR')}, ...`, 'Settings: see offload.conf(5).'),
    heading('Files'),
    item(italic('/etc/offload.conf'), 'Settings, if none lies beside the program and OFFLOAD_CONF names none.'),
    item(italic(TABLE.cacheDir.default ?? ''), 'The cache. Anything in it may be deleted at any time.'),
    heading('See also'),
    `.BR offload.conf (5)\n`,
  );
}

const DESCRIPTION =
  'A base server has files that are too popular for it. It redirects their clients to offload servers: these ask the base ' +
  'what the file is now, and send it from their cache, or pull it from the base once and send it on while it arrives. ' +
  '`offload.cgi`, in the cgi-bin of any web server, is such an offload server; so is `offload serve`, without a web server. ' +
  'The other commands set both sides up and look after them.';

function command({ name, usage, about, flags, settings, exits, examples }: Command): string {
  return [
    subheading(`offload ${name} ${usage}`),
    ...about.map(paragraph),
    ...flags.map(flag),
    ...(settings.length === 0 ? [] : [paragraph(`It takes ${settingNames(settings)}; see SETTINGS.`)]),
    paragraph(`Exit codes: ${exits.map(([code, meaning]) => `${code}: ${meaning}`).join('. ')}.`),
    ...examples.map(({ call, does }) => paragraph(`Example, ${does}:`) + listing([call])),
  ].join('');
}

function settingNames(settings: readonly Key[]): string {
  return settings.length === KEYS.length ? 'the flags of all settings' : settings.map((key) => `\`--${flagOf(key)}\``).join(', ');
}

function flag(own: Flag): string {
  return item(`${bold(`--${own.name}`)}${own.value === undefined ? '' : ` ${italic(own.value)}`}`, `${flagText(own)}.`);
}

function setting(key: Key): string {
  const { syntax, meaning, default: usual }: Setting<unknown> = TABLE[key];
  return item(`${bold(`--${flagOf(key)}`)}${syntax === 'on|off' ? '' : ` ${italic(syntax)}`}`, `${meaning} (${usual === undefined ? 'required' : `default: ${usual}`}).`);
}
