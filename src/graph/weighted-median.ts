// Of many medians one: the value below which half of the weight lies. It is always one of the
// values, so that it never falls into the void between two modes, as a mean or an interpolation
// would.

/** Up to this length insertion beats the built-in sort; a column of a day holds twelve rounds. */
const SHORT = 24;

/** Sorts both lists in place; 0 when they are empty. */
export function weightedMedian(values: number[], weights: number[]): number {
  if (values.length > SHORT) sortLong(values, weights);
  else sortShort(values, weights);
  let half = 0;
  for (const weight of weights) half += weight / 2;
  for (let index = 0; index < values.length; index++) {
    half -= weights[index] ?? 0;
    if (half <= 0) return values[index] ?? 0;
  }
  return values.at(-1) ?? 0;
}

function sortShort(values: number[], weights: number[]): void {
  for (let index = 1; index < values.length; index++) {
    const value = values[index] ?? 0;
    const weight = weights[index] ?? 0;
    let place = index;
    for (; place > 0 && (values[place - 1] ?? 0) > value; place--) {
      values[place] = values[place - 1] ?? 0;
      weights[place] = weights[place - 1] ?? 0;
    }
    values[place] = value;
    weights[place] = weight;
  }
}

function sortLong(values: number[], weights: number[]): void {
  const pairs = values.map((value, index) => ({ value, weight: weights[index] ?? 0 }));
  pairs.sort((a, b) => a.value - b.value);
  for (const [index, { value, weight }] of pairs.entries()) {
    values[index] = value;
    weights[index] = weight;
  }
}
