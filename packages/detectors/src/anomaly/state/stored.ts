/** A part of the state that a snapshot holds. What `save` returns can be cloned and serialised, and is not shared. */
export interface Stored {
  save(): unknown;
  load(saved: unknown): void;
}

export type StoredParts = Readonly<Record<string, Stored>>;

export const saveParts = (parts: StoredParts): Record<string, unknown> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.save()]));

export function loadParts(parts: StoredParts, saved: unknown): void {
  for (const [name, part] of Object.entries(parts)) part.load((saved as Record<string, unknown>)[name]);
}

/** A part that is a plain value. */
export const storedValue = <T>(read: () => T, write: (value: T) => void): Stored => ({
  save: () => structuredClone(read()),
  load: (saved) => write(structuredClone(saved as T)),
});

/** Parts as one part. */
export const storedParts = (parts: StoredParts): Stored => ({
  save: () => saveParts(parts),
  load: (saved) => loadParts(parts, saved),
});
