import { createReadStream, statSync, type Stats } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import mime from 'mime-types';
import { parseRange } from '../http/range.js';

/** Files smaller than this aren't worth a redirect: mod_offload's OffloadMinSize, in bytes. */
const MIN_SIZE = 5 * 1024;

/**
 * A small base server for the demo: it has the files of one directory and, like a base set up by `offload rules`,
 * redirects GETs of big ones to an offload server, unless they come from one.
 */
export function demoBase(directory: string, offload: () => string, onRequest: (line: string) => void): Server {
  return createServer((message, response) => {
    const reply = answer(directory, offload(), message, response);
    onRequest(`base     ${message.method ?? ''} ${message.url ?? ''} ${reply}`);
  });
}

function answer(directory: string, offload: string, message: IncomingMessage, response: ServerResponse): string {
  const path = join(directory, basename(message.url ?? '/'));
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) {
    response.writeHead(404, { 'Content-Length': 0 }).end();
    return '404';
  }
  const fromOffload = message.headers['x-mod-offload-bypass'] !== undefined;
  if (message.method === 'GET' && !fromOffload && stats.size >= MIN_SIZE) {
    const location = offload + (message.url ?? '/');
    response.writeHead(307, { 'Location': location, 'Cache-Control': 'no-store', 'Content-Length': 0 }).end();
    return `307 to ${location}`;
  }
  return send(path, stats, message, response);
}

function send(path: string, stats: Stats, message: IncomingMessage, response: ServerResponse): string {
  const etag = `"${stats.size.toString(16)}-${Math.round(stats.mtimeMs * 1000).toString(16)}"`;
  const { range = '', 'if-range': ifRange = etag } = message.headers;
  const ranges = ifRange === etag ? parseRange(range, stats.size) : undefined;
  const part = ranges === 'unsatisfiable' ? undefined : ranges?.[0];
  const { start, end } = part ?? { start: 0, end: stats.size - 1 };
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', stats.mtime.toUTCString());
  response.setHeader('Content-Type', mime.contentType(basename(path)) || 'application/octet-stream');
  response.setHeader('Content-Length', end - start + 1);
  if (part !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end}/${stats.size}`);
  response.writeHead(part === undefined ? 200 : 206);
  if (message.method === 'HEAD' || stats.size === 0) response.end();
  else createReadStream(path, { start, end }).pipe(response);
  return `${part === undefined ? 200 : 206}`;
}
