// Makes a bundled program small: offload.cgi is one file, which people upload, and which is read for each request.
import { parse } from 'acorn';
import { minify } from 'terser';

/** What a name may stand for: none of them is ever assigned to, or changes. */
const GLOBALS =
  /^(?:Atomics|Buffer|Date|Error|JSON|Map|Math|Number|Object|Promise|Set|String|clearTimeout|process|setTimeout)$|^(?:Buffer|Date|JSON|Math|Number|Object)\.(?!prototype)\w+$/;

/** For terser; 5 passes find what the first ones made possible. Arrow functions are unsafe for those only who call `new` on any function. */
const COMPRESS = { ecma: 2022, passes: 5, unsafe_arrows: true };

/**
 * A function expression of one parameter or more, in few bytes, as one line in ASCII.
 * `require` keeps its name: whoever opens the file, or tests it, sees what it needs.
 */
export async function minifyFunction(code) {
  const options = { ecma: 2022, format: { ascii_only: true } };
  // As it stands it would be dropped, for it does nothing.
  const compressed = await minify(`x=${code}`, { ...options, compress: COMPRESS, mangle: false });
  const { code: small } = await minify(nameWhatRecurs(compressed.code), { ...options, compress: false, mangle: { reserved: ['require'] } });
  // It has line feeds in template literals only; elsewhere this would not compile.
  return small.replace(/^x=/, '').replace(/;$/, '').replaceAll('\n', '\\n');
}

/** Texts, `undefined`, Node's functions and fields that stand in a program again and again, as variables, which minify: 6 KB. */
function nameWhatRecurs(code) {
  const { body } = parse(code, { ecmaVersion: 'latest' });
  const places = new Map();
  for (const place of nameable(body[0].expression.right.body)) {
    const { value = code.slice(place.start, place.end) } = place;
    places.set(value, [...(places.get(value) ?? []), place]);
  }
  const recurring = [...places].filter(([value, at]) => isWorthwhile(value, at));
  const edits = recurring.flatMap(([, at], i) => at.map((place) => ({ ...place, name: `recurring${i}` })));
  let named = code;
  for (const { start, end, field, name } of edits.sort((a, b) => b.start - a.start)) {
    const [before, after] = [named.slice(0, start), named.slice(end)];
    named = field ? `${before}[${name}]${after}` : apart(before, name) + apart(name, after) + after;
  }
  const variables = recurring.map(([value], i) => (value === 'void 0' ? `recurring${i}` : `recurring${i}=${value}`));
  return named.replace('"use strict";', (directive) => `${directive}var ${variables.join(',')};`);
}

/** A variable costs its name of two letters, `=`, the value and a comma; and its name, as a field in brackets, at each place. */
function isWorthwhile(value, places) {
  const saved = places.reduce((sum, { start, end, field }) => sum + end - start - (field ? 4 : 2), 0);
  return saved > value.length + 4;
}

/** The first of the two, and a blank if they would be one word. */
function apart(one, other) {
  return /[\w$]$/.test(one) && /^[\w$]/.test(other) ? `${one} ` : one;
}

/** Where a variable could stand: for what stands there; or for a field (`.length`), of which it is the name. */
function* nameable(node, parent = {}, key = '') {
  if (Array.isArray(node)) for (const each of node) yield* nameable(each, parent, key);
  if (typeof node?.type !== 'string') return;
  const { type, start, end } = node;
  if (parent.type === 'MemberExpression' && key === 'property' && !parent.computed) {
    // With `?.` in front only the dot goes.
    if (type === 'Identifier') yield { start: parent.optional ? start : start - 1, end, field: true, value: JSON.stringify(node.name) };
  } else if (isValue(node, parent, key)) yield { start, end };
  else for (const [name, child] of Object.entries(node)) yield* nameable(child, node, name);
}

function isValue(node, parent, key) {
  // A key of an object is no value, nor is "use strict"; and what is required can be read in the file.
  if (key === 'key' || parent.shorthand || parent.type === 'ExpressionStatement') return false;
  if (node.type === 'Literal') return typeof node.value === 'string' && parent.callee?.name !== 'require';
  if (node.type === 'UnaryExpression') return node.operator === 'void';
  if (node.type === 'Identifier') return GLOBALS.test(node.name);
  return node.type === 'MemberExpression' && !node.computed && !node.optional && GLOBALS.test(`${node.object.name}.${node.property.name}`);
}
