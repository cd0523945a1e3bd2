import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exprMatches } from '../../src/rules/apache-quote.js';
import { luaPattern, luaString } from '../../src/rules/lua.js';
import { matchesWildcard, parseWildcard, wildcardExample } from '../../src/rules/wildcard.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { ask, put, startApache } from './support.js';

const WILDCARDS = [
  '*', 'abc', 'ABC', 'a*c', '*b*', 'a?c', '[abc]*', '[!abc]*', '[^a-c]*', 'a[b-d]c', '[]x]*', '[!]x]*', '[a\\]]*', 'a\\*c', 'a\\bc', '[*]*',
  '[a-]c', '[-a]c', '*.*', 'a.c', 'a+c', 'a(c', 'a|c', 'a"c', "a'c", 'a\\\\c', 'a$1c', 'a%{x}c', 'a${x}c', 'a{1,2}c', '[A-C]bc',
  '*[0-9]', 'a\xe9c', '[\xe0-\xef]*', 'a~c', 'a#c', 'a\\[c', '**a**', '?', '??', '*/*', '1\\1',
];
const TEXTS = [
  '', 'abc', 'ABC', 'aBc', 'ac', 'a.c', 'a*c', 'a]c', ']', 'x', '-c', 'ac', 'a+c', 'a(c', 'a|c', 'a"c', "a'c", 'a\\c', 'a$1c', 'a%{x}c',
  'a${x}c', 'a{1,2}c', 'aac', 'z9', 'a\xe9c', '\xe9', 'a~c', 'a#c', 'a[c', 'b', 'zz', 'a/b', '11', 'd',
];

describe('wildcards', () => {
  it('mean what apr_fnmatch means, and survive every kind of quoting', { skip: lacking('apache2') }, async (t) => {
    const dir = serverDir(t);
    put(join(dir, 'www/index.txt'), 'x');
    const parsed = WILDCARDS.map(parseWildcard);
    // Both ways of quoting: as an argument of mod_rewrite, and of any other directive.
    const lines = parsed.flatMap((wildcard, index) => {
      const expr = exprMatches('%{req_novary:X-Text}', wildcard);
      return [
        `RewriteCond expr "${expr}"`,
        `RewriteRule ^ - [E=R${index}:1]`,
        `Header always set X-R${index} 1 env=R${index}`,
        `<If "${expr.replace(/[\\"]/g, '\\$&')}">`,
        `Header always set X-I${index} 1`,
        '</If>',
      ];
    });
    const config = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\nRewriteEngine On\n${lines.join('\n')}\n</Directory>\n`;
    const { port } = await startApache(t, dir, config);
    for (const text of TEXTS) {
      const answer = await ask(port, '/index.txt', { headers: text === '' ? [] : [`X-Text: ${text}`] });
      for (const [index, wildcard] of parsed.entries()) {
        // Nothing there matches no wildcard, as in the original.
        const wanted = text !== '' && matchesWildcard(wildcard, text) ? '1' : undefined;
        const seen = [answer.one(`X-R${index}`), answer.one(`X-I${index}`)];
        assert.deepEqual(seen, [wanted, wanted], `${WILDCARDS[index]} with ${JSON.stringify(text)}`);
      }
    }
  });

  it('have an example each', () => {
    for (const text of WILDCARDS) {
      const wildcard = parseWildcard(text);
      assert.ok(matchesWildcard(wildcard, wildcardExample(wildcard)), text);
    }
  });

  it('become Lua patterns, with everything special taken literally', () => {
    assert.equal(luaPattern(parseWildcard('A*.[b-d!]?\\*%')), '^a.*%.[bcd%!].%*%%$');
    assert.equal(luaString('a"\\\n\xe9'), '"a\\034\\092\\010\\233"');
  });
});
