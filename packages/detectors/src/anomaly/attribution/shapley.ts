/**
 * Shapley values of `players` that turn from "before" to "after": each gets the mean of what its turn adds over all
 * orders, so the values add up to value(all) − value(none) and no order is preferred. `value` gets a bit mask.
 */
export function shapley(players: number, value: (turned: number) => number): number[] {
  const coalitions = 1 << players;
  const values = Array.from({ length: coalitions }, (_, turned) => value(turned));
  const weights = coalitionWeights(players);
  return Array.from({ length: players }, (_, player) => {
    const bit = 1 << player;
    let sum = 0;
    for (let turned = 0; turned < coalitions; turned += 1) {
      if ((turned & bit) !== 0) continue;
      const gain = (values[turned | bit] as number) - (values[turned] as number);
      sum += (weights[bitCount(turned)] as number) * gain;
    }
    return sum;
  });
}

/** |S|! (n − |S| − 1)! / n! for each size of a coalition. */
function coalitionWeights(players: number): number[] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return Array.from({ length: players }, (_, size) => {
    return (factorial(size) * factorial(players - size - 1)) / factorial(players);
  });
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest &= rest - 1) count += 1;
  return count;
}
