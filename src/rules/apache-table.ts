import { bucketExpr, GET_LINE } from './apache-conditions.js';
import { comment } from './apache-quote.js';
import { toRules, treeRules } from './apache-rewrite.js';
import { choices } from './choice.js';
import type { Rules } from './directives.js';
import { Problem } from '../cli/problem.js';
import { bucketName } from './spread.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Hosts written into the block as a table, one string that a short regular expression searches: quick to read, which
 * `.htaccess` needs, as Apache reads it anew for every request (a tree of expressions costs it three times as much).
 * @throws {Problem} if there are too many to be worth it.
 */
export function tableRules(rules: Rules): string[] {
  if (rules.hosts.filter(({ weight }) => weight > 0).length === 1) return treeRules(rules);
  const letters = new Map<string, string>();
  const letterOf = (value: string): string => {
    const letter = letters.get(value) ?? LETTERS[letters.size];
    if (letter === undefined) throw new Problem('--server htaccess', 'too many hosts make every request slow; use --map FILE');
    letters.set(value, letter);
    return letter;
  };
  const perBucket = choices(rules).map((choice) => letterOf(choice.map(({ href }) => href).join('|')));
  const rows = Array.from({ length: perBucket.length / 16 }, (_, row) => ` ${bucketName(row).slice(1)}${rowText(perBucket.slice(row * 16, row * 16 + 16))}`);
  const hosts = [...letters].map(([value, letter]) => ` ${letter}=${value}`).join('');
  return [
    comment("the host by the first three digits of the URL's hash: a row for two, letters with the third, the rest"),
    `RewriteCond expr "${bucketExpr(rules)} =~ /^([0-9a-f]{3})/"`,
    `RewriteCond "%1${rows.join('')}" "^(..)(.)(?: \\S+)*? \\1(?:[A-Z][0-9a-f]+)*?([A-Z])(?:[0-9a-f]*\\2|(?= |$))"`,
    ...(rules.linkDuplicates
      ? [`RewriteCond "%3${hosts}" "^(.) .*?\\1=(\\S+)"`, 'RewriteRule ^ - [E=OFFLOAD_TO:%2]', ...toRules(rules)]
      : [
          // The client's line comes last: the first "A=" is the table's.
          `RewriteCond "%3${hosts} %{THE_REQUEST}" "^(.) .*?\\1=(\\S+)(?: [A-Z]=\\S+)* ${GET_LINE.slice(1)}"`,
          'RewriteRule ^ "%2%3" [R=307,NE,L,E=OFFLOADED:1]',
        ]),
  ];
}

/** Sixteen letters as `A` and the digits at which it stands, and so on; the most frequent last, without digits. */
function rowText(letters: readonly string[]): string {
  const digits = new Map<string, string>();
  for (const [digit, letter] of letters.entries()) digits.set(letter, (digits.get(letter) ?? '') + digit.toString(16));
  const entries = [...digits].sort(([, one], [, other]) => one.length - other.length);
  return entries.map(([letter, at], index) => (index < entries.length - 1 ? letter + at : letter)).join('');
}
