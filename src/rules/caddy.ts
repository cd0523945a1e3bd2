import type { Flavour } from './output.js';
import { Problem } from '../cli/problem.js';

/** Caddy with its stock modules can't decide as the others do; half a rule set would be worse than none. */
export const caddy: Flavour = () => {
  throw new Problem(
    '--server caddy',
    "can't be made exact with Caddy's own modules: no matcher or placeholder sees a file's size or type before it is " +
      'sent, and none hashes a URL, so that small files would be redirected and every offload server would cache every ' +
      'file. Put Apache, nginx or lighttpd in front of the files, and let Caddy pass requests to it',
  );
};
