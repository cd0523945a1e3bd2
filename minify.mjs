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

/** Texts, `undefined` and Node's functions that stand in a program again and again, as variables, which minify: 4 KB. */
function nameWhatRecurs(code) {
  const places = new Map();
  const { body } = parse(code, { ecmaVersion: 'latest' });
  visit(body[0].expression.right.body, undefined, '', (node) => {
    const text = code.slice(node.start, node.end);
    places.set(text, [...(places.get(text) ?? []), node]);
  });
  // A variable costs its name, `=`, the text and a comma; and its name at each place.
  const recurring = [...places].filter(([text, at]) => at.length * (text.length - 2) > text.length + 4);
  const edits = recurring.flatMap(([, at], i) => at.map(({ start, end }) => ({ start, end, name: `recurring${i}` })));
  let named = code;
  for (const { start, end, name } of edits.sort((a, b) => b.start - a.start)) {
    const [before, after] = [named.slice(0, start), named.slice(end)];
    named = apart(before, name) + apart(name, after) + after;
  }
  const variables = recurring.map(([text], i) => (text === 'void 0' ? `recurring${i}` : `recurring${i}=${text}`));
  return named.replace('"use strict";', (directive) => `${directive}var ${variables.join(',')};`);
}

/** The first of the two, and a blank if they would be one word. */
function apart(one, other) {
  return /[\w$]$/.test(one) && /^[\w$]/.test(other) ? `${one} ` : one;
}

function visit(node, parent, field, found) {
  if (Array.isArray(node)) return node.forEach((each) => visit(each, parent, field, found));
  if (typeof node?.type !== 'string') return;
  if (isNameable(node, parent, field)) return found(node);
  for (const [name, child] of Object.entries(node)) visit(child, node, name, found);
}

function isNameable(node, parent, field) {
  const isKey = (parent?.type === 'Property' && (field === 'key' || parent.shorthand)) || (parent?.type === 'MemberExpression' && field === 'property' && !parent.computed);
  if (isKey || parent?.type === 'ExpressionStatement') return false;
  const text = textOf(node);
  return node.type === 'Literal' ? typeof node.value === 'string' && parent.callee?.name !== 'require' : text !== undefined && (text === 'void 0' || GLOBALS.test(text));
}

/** Of what can be one of the globals; undefined for anything else. */
function textOf({ type, operator, name, object, property, computed, optional }) {
  if (type === 'UnaryExpression' && operator === 'void') return 'void 0';
  if (type === 'Identifier') return name;
  return type === 'MemberExpression' && object.type === 'Identifier' && !computed && !optional ? `${object.name}.${property.name}` : undefined;
}
