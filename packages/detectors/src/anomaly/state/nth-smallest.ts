/** The value that would stand at `nth` if the list were sorted; reorders the list. */
export function nthSmallest(list: Float64Array, nth: number): number {
  let from = 0;
  let to = list.length - 1;
  while (from < to) {
    const pivot = list[(from + to) >> 1] as number;
    let left = from;
    let right = to;
    while (left <= right) {
      while ((list[left] as number) < pivot) left += 1;
      while ((list[right] as number) > pivot) right -= 1;
      if (left > right) break;
      const swapped = list[left] as number;
      list[left] = list[right] as number;
      list[right] = swapped;
      left += 1;
      right -= 1;
    }
    if (nth <= right) to = right;
    else if (nth >= left) from = left;
    else break;
  }
  return list[nth] as number;
}
