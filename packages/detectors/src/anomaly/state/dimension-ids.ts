/** Names to small whole numbers and back, for one dimension. */
export class DimensionIds {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#names.push(name);
    this.#ids.set(name, id);
    return id;
  }

  nameOf(id: number): string {
    return this.#names[id] as string;
  }

  save(): readonly string[] {
    return [...this.#names];
  }

  load(names: readonly string[]): void {
    this.#ids.clear();
    this.#names.length = 0;
    for (const name of names) this.idOf(name);
  }
}
