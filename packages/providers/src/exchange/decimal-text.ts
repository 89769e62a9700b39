const NUMBER = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Moves the decimal point of a JSON number's text by `shift` places and writes it without an exponent; '' when the text
 * is not a non-negative number. No float is involved (I4).
 */
export function plainDecimal(text: string, shift = 0): string {
  const match = NUMBER.exec(text.trim());
  if (match === null) return '';
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent) + shift;
  const digits = whole + fraction;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const decimals = padded.slice(at).replace(/0+$/, '');
  return decimals === '' ? integer : `${integer}.${decimals}`;
}
