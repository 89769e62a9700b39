import { divideHalfEven, PICO_DIGITS, parseDecimal, picoFromText, picoToText } from '@weir/kernel';
import type { ExplainedLine } from './explained-row.ts';

/** One line of a cost with its arithmetic written out, and whether that comes to the amount that was booked. */
export interface LineArithmetic {
  readonly text: string;
  readonly holds: boolean;
}

/** Computes a line anew from what the row says: quantity × rate ÷ per, divided once, half to even at the 12th decimal. */
export function explainLine(line: ExplainedLine): LineArithmetic {
  const { quantity, unit, rate_usd: rate, per, amount_usd: amount } = line;
  const amounts = quantityText(quantity);
  if (amount === null) return { text: `${amounts} ${plural(unit, quantity)} × no rate = unknown`, holds: true };
  if (unit === 'percent') return { text: `${amounts} % off = ${picoToText(picoFromText(amount))}`, holds: true };
  const counted = parseDecimal(amounts);
  const priced = parseDecimal(rate);
  const pico = divideHalfEven(
    counted.numerator * priced.numerator * 10n ** BigInt(PICO_DIGITS),
    counted.denominator * priced.denominator * BigInt(per),
  );
  const booked = picoFromText(amount);
  const division = per === '1' ? '' : ` ÷ ${per}`;
  const text = `${amounts} ${plural(unit, quantity)} × ${rate}${division} = ${picoToText(pico)}`;
  return { text: pico === booked ? text : `${text}, but ${picoToText(booked)} was booked`, holds: pico === booked };
}

/** Counts in full, never as 1e21. */
const quantityText = (quantity: number): string =>
  Number.isSafeInteger(quantity) ? String(BigInt(quantity)) : String(quantity);

const plural = (unit: string, quantity: number): string => {
  if (quantity === 1) return unit;
  return unit.endsWith('ch') ? `${unit}es` : `${unit}s`;
};
