const coefficients = {
  numerator: [
    3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
    221.213596169931, 220.206867912376,
  ],
  denominator: [
    8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
    637.333633378831, 793.826512519948, 440.413735824752,
  ],
}

const polynomial = (terms: readonly number[], x: number) => terms.reduce((sum, term) => sum * x + term, 0)

/**
 * The distribution function of the standard normal distribution, with an error below 1e-15: Hart's algorithm 5666 as in G. West, "Better
 * approximations to cumulative normal functions", Wilmott magazine, 2005.
 */
export function normalDistribution(x: number): number {
  const size = Math.abs(x)
  if (size > 37) return x > 0 ? 1 : 0
  const tail =
    Math.exp(-(size * size) / 2) *
    (size < 5 * Math.SQRT2
      ? polynomial(coefficients.numerator, size) / polynomial(coefficients.denominator, size)
      : 1 / (continuedFraction(size) * Math.sqrt(2 * Math.PI)))
  return x > 0 ? 1 - tail : tail
}

const continuedFraction = (x: number) => x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))
