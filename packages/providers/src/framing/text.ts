const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** UTF-8 to text; invalid bytes become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return bytes.byteLength === 0 ? '' : decoder.decode(bytes);
}

/** Base64 of UTF-8 to text; undefined when it is not base64. */
export function decodeBase64Text(base64: string): string | undefined {
  try {
    const binary = atob(base64);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole ASCII range is meant
    if (/^[\u0000-\u007f]*$/.test(binary)) return binary;
    return decoder.decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
