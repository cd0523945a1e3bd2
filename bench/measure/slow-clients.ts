import { connect, type Socket } from 'node:net';

/** A client looks for its next bytes so often a second. */
const TICKS = 10;

/** Downloads that take their bytes at a fixed pace, and leave the rest to wait in the kernel and at the server. */
export class SlowClients {
  readonly #sockets: Socket[] = [];
  readonly #timer: NodeJS.Timeout;
  #taken = 0;
  #begun = 0;
  /** Of those that ended, though the file isn't whole; nothing is measured of them. */
  #ended = 0;

  constructor(
    private readonly port: number,
    private readonly path: string,
    private readonly bytesPerSecond: number,
  ) {
    this.#timer = setInterval(() => this.#take(), 1000 / TICKS);
  }

  /** Bytes of all together. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves when all these downloads have begun. @throws if one ends */
  async add(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#begin()));
  }

  /** How many still run. */
  get running(): number {
    return this.#begun - this.#ended;
  }

  end(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #begin(): Promise<void> {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    this.#sockets.push(socket);
    return new Promise((resolve, reject) => {
      let begun = false;
      socket.on('connect', () => socket.write(`GET ${this.path} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n`));
      // Paused mode: nothing is read but what `read` is asked for.
      socket.on('readable', () => {
        if (begun) return;
        begun = true;
        this.#begun++;
        resolve();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        if (begun) this.#ended++;
        reject(new Error('a slow download ended before it began'));
      });
    });
  }

  #take(): void {
    for (const socket of this.#sockets) {
      const piece = Math.min(this.bytesPerSecond / TICKS, socket.readableLength);
      if (piece > 0) this.#taken += (socket.read(piece) as Buffer | null)?.length ?? 0;
      else socket.read(0);
    }
  }
}
