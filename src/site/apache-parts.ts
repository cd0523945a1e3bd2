import { PRIVATE_PREFIX } from '../host/handoff.js';
import { comment, plain, section, type Site } from './site.js';

/** SetEnv lines for the script. */
export function environment({ variables }: Site): string[] {
  return [comment('Settings'), ...variables.map(({ env, text }) => `SetEnv ${env} "${plain(env, text)}"`)];
}

/** For every way to run the script under Apache. */
export const FOR_SCRIPTS = [
  comment("Without it Apache drops a script's Content-Length: no size is shown, and a download that breaks off looks whole."),
  'SetEnv ap_trust_cgilike_cl 1',
  comment("A file goes out as the base has it: compressed on its way, its ETag and its ranges would be another file's."),
  'SetEnv no-gzip 1',
  'SetEnv no-brotli 1',
];

/** For the directory of the script. mod_buffer comes with Apache; its size can't be set in an .htaccess. */
export const LARGER_PIECES = [
  comment('What a script writes Apache passes on 8,000 bytes at a time, most of what many clients of a new file cost. 32 KB at'),
  comment('a time take half the CPU; the price: while the base is slow, clients wait for 32 KB, or for the end.'),
  ...section('IfModule', 'mod_buffer.c', ['SetOutputFilter BUFFER', 'BufferSize 32768']),
];

const FIELDS = ['ETag', 'Last-Modified', 'Content-Type'];

/** Gives the fields back that a local redirect replaces by the file's own. They come under private names, which no base can send. */
export const FIELDS_BACK = [
  comment("ETag, date and type of the base's answer, which else would be those of the file in the cache"),
  ...FIELDS.flatMap((name) => {
    const note = `offload-${name.toLowerCase()}`;
    return [
      `Header always note ${PRIVATE_PREFIX}${name} ${note}`,
      `Header always unset ${PRIVATE_PREFIX}${name}`,
      `Header set ${name} "expr=%{note:${note}}" "expr=-n note('${note}')"`,
    ];
  }),
];

/** For a virtual host: the path goes to this server, and to nobody else. */
export const PATH_STAYS_HERE = [
  comment('If Apache itself makes a 304 of an answer, the path of the file would go out with it.'),
  'Header always unset X-Sendfile "expr=%{REQUEST_STATUS} == 304"',
  'Header unset X-Sendfile "expr=%{REQUEST_STATUS} == 304"',
];

/** A text as a pattern of PCRE that matches just it. */
export function literally(text: string): string {
  return text.replace(/[^\w/-]/g, String.raw`\$&`);
}
