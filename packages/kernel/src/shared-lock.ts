/** Many share it, or one has it alone. Whoever asks for it alone goes before those who ask to share it later. */
export class SharedLock {
  #sharing = 0;
  #alone = false;
  readonly #waitingAlone: (() => void)[] = [];
  readonly #waitingShared: (() => void)[] = [];

  async shared<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#alone || this.#waitingAlone.length > 0) {
      await new Promise<void>((resolve) => this.#waitingShared.push(resolve));
    } else {
      this.#sharing += 1;
    }
    try {
      return await work();
    } finally {
      this.#sharing -= 1;
      this.#pass();
    }
  }

  async exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#alone || this.#sharing > 0) await new Promise<void>((resolve) => this.#waitingAlone.push(resolve));
    else this.#alone = true;
    try {
      return await work();
    } finally {
      this.#alone = false;
      this.#pass();
    }
  }

  /** Hands the lock to whoever is next, already counted as its holder. */
  #pass(): void {
    if (this.#alone || this.#sharing > 0) return;
    const next = this.#waitingAlone.shift();
    if (next !== undefined) {
      this.#alone = true;
      next();
      return;
    }
    for (const resolve of this.#waitingShared.splice(0)) {
      this.#sharing += 1;
      resolve();
    }
  }
}
