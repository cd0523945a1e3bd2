import { DIRECTIVES } from '../rules/directives.js';
import { VALUE_FORMS } from '../settings/help.js';
import { flagOf } from '../settings/flags.js';
import { directiveOf, variableOf } from '../settings/names.js';
import type { Key } from '../settings/settings.js';
import { KEYS, TABLE, type Setting } from '../settings/table.js';
import { bold, heading, italic, item, listing, page, paragraph, title } from './roff.js';

/** offload.conf(5), in the language of man(7). */
export function settingsManual(): string {
  return page(
    title('OFFLOAD.CONF', 5),
    heading('Name'),
    'offload.conf \\- settings of offload.cgi and of the offload command\n',
    heading('Synopsis'),
    paragraph('offload.conf beside offload.cgi or the command, else /etc/offload.conf; or the file that OFFLOAD_CONF names'),
    heading('Description'),
    ...DESCRIPTION.map(paragraph),
    heading('The offload side'),
    ...KEYS.map(setting),
    heading('Values'),
    ...Object.entries(VALUE_FORMS).map(([form, examples]) => item(italic(form), `${examples}.`)),
    heading('The base side'),
    paragraph('`offload rules`, `offload hosts` and `offload check-base` read these, from this file or from another one.'),
    ...Object.entries(DIRECTIVES).map(([name, { flag, syntax, meaning }]) => item(`${bold(name)} ${italic(syntax.replace(/^"(.*)"$/, '$1'))}`, `${meaning}. Flag: \`--${flag}\`.`)),
    heading('Example'),
    listing(['# what is offloaded here, and where it is kept', 'OffloadBase https://www.example.org', 'OffloadCacheDir /srv/offload', 'OffloadFresh 10s']),
    heading('See also'),
    `.BR offload (1)\n`,
  );
}

const DESCRIPTION = [
  "One directive on each line, written like Apache's configuration: its name, in any case, and its value. A value with " +
    'blanks stands in quotes. A line that begins with # is a comment; one that ends with a backslash goes on in the next line.',
  'Only the first file found is read. A flag of the command, or a variable of the environment (SetEnv in Apache), comes ' +
    'before the file. `offload check` tells what each setting is and where it came from.',
  'An unknown directive, or a value that can not be used, is an error that names file and line: clients get a 500, the error log the reason.',
];

function setting(key: Key): string {
  const { syntax, meaning, many, default: usual }: Setting<unknown> = TABLE[key];
  const more = many === true ? ' May stand several times.' : '';
  return item(
    `${bold(directiveOf(key))} ${italic(syntax)}`,
    `${meaning} (${usual === undefined ? 'required' : `default: ${usual}`}).${more} Environment: \`${variableOf(key)}\`. Flag: \`--${flagOf(key)}\`.`,
  );
}
