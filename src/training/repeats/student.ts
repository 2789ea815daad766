/** The distribution of Student's t. */

/** Lanczos' approximation: W. H. Press et al., "Numerical Recipes", 2nd ed. 1992, section 6.1. For x > 0. */
function logGamma(x: number): number {
  const coefficients = [
    76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
    -0.5395239384953e-5,
  ]
  const sum = coefficients.reduce((total, value, index) => total + value / (x + 1 + index), 1.000000000190015)
  return (x + 0.5) * Math.log(x + 5.5) - (x + 5.5) + Math.log((2.5066282746310007 * sum) / x)
}

const maximumTerms = 500
const precision = 1e-15
const smallest = 1e-300

/** The continued fraction of the incomplete beta function, by Lentz's method: "Numerical Recipes", section 6.4. */
function betaFraction(a: number, b: number, x: number): number {
  const away = (value: number) => (Math.abs(value) < smallest ? smallest : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= maximumTerms; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < precision) break
  }
  return fraction
}

/** The regularized incomplete beta function I_x(a, b). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
  const front = Math.exp(logFront)
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b
}

/** The probability that |T| is at least |t|. @param degrees of freedom, positive, not necessarily a whole number */
export function twoSidedP(t: number, degrees: number): number {
  return incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t))
}

const maximumBisections = 200

/** The t that |T| does not exceed with probability `level`. */
export function criticalT(level: number, degrees: number): number {
  let high = 1
  while (twoSidedP(high, degrees) > 1 - level) high *= 2
  let low = 0
  for (let step = 0; step < maximumBisections && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2
    if (twoSidedP(middle, degrees) > 1 - level) low = middle
    else high = middle
  }
  return (low + high) / 2
}
