import type { Cleanup } from '../../test/support/place.js';

/** A server that is measured, while it runs. */
export interface Front {
  readonly port: number;
  /** Its first processes: what it takes is counted over these and all that come from them. */
  readonly roots: readonly number[];
}

/** The base that all contenders stand before. */
export interface BaseServer extends Front {
  /** Where its files lie: /limited below it is sent at 20 MiB/s for each connection. */
  readonly files: string;
  /** Requests so far, of a method and path, that were answered with this status. */
  count(method: string, path: string, status: number): number;
  /** All requests so far. */
  total(): number;
}

/** One of those who are measured side by side. */
export interface Contender {
  readonly name: string;
  /** Ours. */
  readonly own: boolean;
  /** How often it asks the base: every time, or once a minute. */
  readonly asks: string;
  /** False if all is there, else what is missing. */
  readonly lacks: string | false;
  /** Nobody waits for its scripts (fcgiwrap): their CPU time is lost. */
  readonly losesCpu?: true;
  start(t: Cleanup, base: BaseServer, options: StartOptions): Promise<Front>;
}

export interface StartOptions {
  /** Of Apache before a CGI: the CPU time of mod_cgi's scripts (prefork) can be counted, that of mod_cgid's (event) not. */
  readonly mpm: 'event' | 'prefork';
}
