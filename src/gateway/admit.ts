import { listMembers } from '../http/fields.js';
import { ownReply } from './replies.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';
import { PSEUDONYM } from './response-fields.js';

/** More than the 8,000 characters that RFC 9110 §4.1 asks for, and still no load for a base. */
const LONGEST_PATH = 16_000;

/** The path to ask the base for, byte for byte the client's; or the reply to a request that needs no base. */
export function admit(request: Request): { readonly path: string } | Reply {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return ownReply(request, 405, 'This server only answers GET and HEAD.', { detail: 'method' }, [['Allow', 'GET, HEAD']]);
  }
  if (request.field('x-mod-offload-bypass') !== undefined || viaUs(request.field('via'))) {
    const text = 'This request has come through an offload server already: the base redirects to itself.';
    return ownReply(request, 508, text, { detail: 'loop' });
  }
  const path = absolutePath(request.target);
  const refuse = (status: number, text: string) => ownReply(request, status, text, { detail: 'url' });
  if (path === undefined) return refuse(400, 'The URL must begin with a slash.');
  if (path.length > LONGEST_PATH) return refuse(414, 'The URL is too long.');
  if (/[\x00-\x20\x7f#]/.test(path)) return refuse(400, 'The URL has a control character, a blank or a fragment in it.');
  if (path.includes('?')) return refuse(403, 'This server has no URLs with a query.');
  if (path === '/robots.txt') return ownReply(request, 200, 'User-agent: *\nDisallow: /', { detail: 'robots' });
  return { path };
}

/** A server must take the absolute form, too (RFC 9112 §3.2.2); which host it names means nothing to us. */
function absolutePath(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const m = /^https?:\/\/[^/?#]+(.*)$/is.exec(target);
  if (!m) return undefined;
  const rest = m[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function viaUs(via: string | undefined): boolean {
  return listMembers(via).some((member) => member.split(/\s+/)[1] === PSEUDONYM);
}
