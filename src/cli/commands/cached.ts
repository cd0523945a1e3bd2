/** How the commands that look at the cache are told which files, for `about`. */
export const PATTERNS =
  'URLs may be written without the name of the base: /pub/file.zip. In a pattern * is any text, also with slashes, and ? one ' +
  'character; put quotes around it. Run it as the user who owns the cache: the web server, mostly.';
